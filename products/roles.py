"""What each role may do with accounts and freezes, how far, and who may see an account number in clear."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.fields.policy import FieldPolicy

ROLES: dict[str, dict[str, str]] = {
    "relationship-manager": {
        "products.view_account": "own",
        "products.add_account": "own",
        "products.change_account": "own",
        "products.reveal_account": "own",
    },
    "branch-manager": {
        "products.view_account": "branch",
        "products.approve_account": "branch",
        "products.view_freeze": "branch",
    },
    "risk-officer": {
        "products.view_account": "all",
        "products.view_freeze": "all",
        "products.view_freeze_reason": "all",
        "products.reveal_account": "all",
        "products.place_freeze": "all",
        "products.confirm_freeze": "all",
        "products.ask_lift_freeze": "all",
    },
    "risk-supervisor": {
        "products.view_account": "all",
        "products.view_freeze": "all",
        "products.view_freeze_reason": "all",
        "products.reveal_account": "all",
        "products.place_freeze": "all",
        "products.confirm_freeze": "all",
        "products.ask_lift_freeze": "all",
        "products.lift_freeze": "all",
    },
    "operations": {"products.view_account": "branch", "products.check_account": "branch"},
    "service-agent": {"products.view_account": "all"},
    "auditor": {"products.view_account": "all", "products.view_freeze": "all", "products.view_freeze_reason": "all"},
    "customer": {"products.view_account": "self"},
    "service-system": {
        "products.view_account": "all",
        "products.view_freeze": "all",
        "products.place_freeze": "all",
        "products.report_balance": "all",
        "products.report_status": "all",
    },
    "service-importer": {
        "products.view_account": "all",
        "products.add_account": "all",
        "products.report_balance": "all",
    },
    "service-feed": {"products.view_account": "all"},
}

POLICIES = (
    FieldPolicy(
        label="products.account.number",
        name=_("account number"),
        purpose=_("Keeping the customer's account"),
        permission="products.reveal_account",
        step_up=True,
    ),
)

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "products.add_account": _("Record accounts"),
    "products.approve_account": _("Decide on changes of accounts"),
    "products.ask_lift_freeze": _("Ask to lift freezes"),
    "products.change_account": _("Ask for changes of accounts"),
    "products.check_account": _("Look into account numbers typed twice"),
    "products.confirm_freeze": _("Confirm automatic freezes"),
    "products.lift_freeze": _("Decide on lifting freezes"),
    "products.place_freeze": _("Place freezes"),
    "products.report_balance": _("Report balances"),
    "products.report_status": _("Report account statuses"),
    "products.reveal_account": _("View account numbers in full"),
    "products.view_account": _("View accounts"),
    "products.view_freeze": _("View freezes"),
    "products.view_freeze_reason": _("View why our own freezes were placed"),
}

# Duties that cannot meet in one person.
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    ("products.add_account", "products.approve_account", _("Who makes a change does not decide on it.")),
    ("products.change_account", "products.approve_account", _("Who makes a change does not decide on it.")),
)
