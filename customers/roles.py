"""What each role may do with customers, how far, and who may see which sealed field in clear."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.fields.policy import FieldPolicy

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "relationship-manager": {
        "customers.ask_standin": ("own", "business"),
        "customers.view_customergrant": ("own", "basic"),
        "customers.view_customer": "own",
        "customers.search_customer": "own",
        "customers.add_customer": "own",
        "customers.change_customer": "own",
        "customers.reveal_mobile": "own",
        "customers.reveal_identity": "own",
        "customers.open_sign_in": "own",
    },
    "branch-manager": {
        "customers.ask_standin": ("branch", "business"),
        "customers.approve_standin": ("branch", "advanced"),
        "customers.view_customergrant": ("branch", "basic"),
        "customers.ask_erasure": ("branch", "business"),
        "customers.label_customer": ("branch", "business"),
        "customers.clear_pep": ("all", "advanced"),
        "customers.clear_sensitive": ("all", "advanced"),
        "customers.view_customer": "branch",
        "customers.search_customer": "branch",
        "customers.approve_customer": "branch",
        "customers.export_customer": "branch",
    },
    "risk-officer": {
        "customers.ask_lift_hold": ("all", "business"),
        "customers.place_hold": ("all", "business"),
        "customers.view_hold": "all",
        "customers.label_customer": ("all", "business"),
        "customers.clear_highly_sensitive": ("all", "advanced"),
        "customers.clear_pep": ("all", "advanced"),
        "customers.clear_sensitive": ("all", "advanced"),
        "customers.view_customer": "all",
        "customers.search_customer": "all",
        "customers.reveal_mobile": "all",
        "customers.reveal_identity": "all",
    },
    "risk-supervisor": {
        "customers.approve_standin": ("all", "advanced"),
        "customers.approve_erasure": ("all", "advanced"),
        "customers.approve_lift_hold": ("all", "advanced"),
        "customers.view_hold": "all",
        "customers.approve_label": ("all", "advanced"),
        "customers.clear_highly_sensitive": ("all", "advanced"),
        "customers.clear_pep": ("all", "advanced"),
        "customers.clear_sensitive": ("all", "advanced"),
        "customers.clear_staff": ("all", "advanced"),
        "customers.view_customer": "all",
        "customers.search_customer": "all",
        "customers.reveal_mobile": "all",
        "customers.reveal_identity": "all",
        "customers.export_customer": "all",
    },
    "operations": {
        "customers.view_customer": "branch",
        "customers.search_customer": "branch",
        "customers.check_customer": "branch",
    },
    "service-agent": {"customers.view_customer": "all", "customers.search_customer": "all"},
    "auditor": {
        "customers.view_customergrant": ("all", "basic"),
        "customers.view_hold": "all",
        "customers.clear_highly_sensitive": ("all", "advanced"),
        "customers.clear_pep": ("all", "advanced"),
        "customers.clear_sensitive": ("all", "advanced"),
        "customers.clear_staff": ("all", "advanced"),
        "customers.view_customer": "all",
    },
    "customer": {"customers.view_customer": "self"},
    "service-system": {"customers.view_customer": "all", "customers.change_customer": "all"},
    "service-importer": {"customers.view_customer": "all", "customers.add_customer": "all"},
    "service-feed": {"customers.view_customer": "all"},
}

POLICIES = (
    FieldPolicy(
        label="customers.customer.id_number",
        name=_("ID number"),
        purpose=_("Identification of the customer (AML Law 2024, art. 28)"),
        permission="customers.reveal_identity",
        step_up=True,
    ),
    FieldPolicy(
        label="customers.customer.mobile",
        name=_("mobile number"),
        purpose=_("Contact with the customer"),
        permission="customers.reveal_mobile",
        reason="unless_own",
    ),
    FieldPolicy(
        label="customers.customer.email",
        name=_("e-mail"),
        purpose=_("Contact with the customer"),
        permission="customers.reveal_mobile",
        reason="unless_own",
    ),
    FieldPolicy(
        label="customers.customer.address",
        name=_("street address"),
        purpose=_("Contact with the customer"),
        permission="customers.reveal_mobile",
        reason="unless_own",
    ),
)

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "customers.add_customer": _("Record customers"),
    "customers.approve_erasure": _("Decide on erasing customers"),
    "customers.approve_lift_hold": _("Decide on lifting legal holds"),
    "customers.ask_erasure": _("Ask that customers be erased"),
    "customers.ask_lift_hold": _("Ask to lift legal holds"),
    "customers.place_hold": _("Place legal holds"),
    "customers.view_hold": _("View legal holds"),
    "customers.approve_label": _("Decide on labels of customers"),
    "customers.approve_standin": _("Decide on stand-ins"),
    "customers.ask_standin": _("Propose stand-ins, end them"),
    "customers.approve_customer": _("Decide on changes of customers"),
    "customers.change_customer": _("Change customers"),
    "customers.check_customer": _("Look into numbers typed twice"),
    "customers.clear_highly_sensitive": _("Cleared for highly sensitive customers"),
    "customers.clear_pep": _("Cleared for politically exposed customers"),
    "customers.clear_sensitive": _("Cleared for sensitive customers"),
    "customers.clear_staff": _("Cleared for customers who are staff"),
    "customers.export_customer": _("Export customers"),
    "customers.label_customer": _("Propose labels of customers"),
    "customers.open_sign_in": _("Open the own pages of customers"),
    "customers.reveal_identity": _("View identities in full"),
    "customers.reveal_mobile": _("View mobile numbers in full"),
    "customers.search_customer": _("Search customers"),
    "customers.view_customergrant": _("View who stands in"),
    "customers.view_customer": _("View customers"),
}

# Duties that cannot meet in one person.
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    ("customers.add_customer", "customers.approve_customer", _("Who makes a change does not decide on it.")),
    ("customers.change_customer", "customers.approve_customer", _("Who makes a change does not decide on it.")),
    ("customers.label_customer", "customers.approve_label", _("Who makes a change does not decide on it.")),
)
