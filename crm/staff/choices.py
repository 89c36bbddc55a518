"""Words of this app: roles, branch levels, themes, and what it writes in the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class BranchLevel(models.TextChoices):
    """The tree of a bank: 总行, 分行, 支行, 网点."""

    HEAD = "head", _("Head office")
    BRANCH = "branch", pgettext_lazy("branch level", "Branch")
    SUBBRANCH = "subbranch", _("Sub-branch")
    OUTLET = "outlet", _("Outlet")


class Theme(models.TextChoices):
    """The colours of the pages; ``system`` follows the device."""

    SYSTEM = "system", _("Like the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class TokenPurpose(models.TextChoices):
    """What a one-time token opens."""

    FIRST_PASSWORD = "first_password", _("Set the first password")
    NEW_PASSWORD = "new_password", _("Set a new password")


ROLE_LABELS = {
    "relationship-manager": _("Relationship manager"),
    "branch-manager": _("Branch manager"),
    "risk-officer": _("Risk officer"),
    "risk-supervisor": _("Risk supervisor"),
    "product-operator": _("Product operator"),
    "product-checker": _("Product checker"),
    "operations": pgettext_lazy("role", "Operations"),
    "service-agent": _("Customer-service agent"),
    "auditor": _("Auditor"),
    "system-officer": _("System officer"),
    "security-officer": _("Security officer"),
    "audit-officer": _("Audit officer"),
    "customer": _("Customer"),
    "partner": _("Partner system"),
    "service-system": _("System service"),
    "service-importer": _("File import service"),
    "service-feed": _("Data feed service"),
}

# Roles that belong to machines and customers; people of the bank can be given the others.
OTHER_ROLES = ("customer", "partner", "service-system", "service-importer", "service-feed")
STAFF_ROLES = tuple(code for code in ROLE_LABELS if code not in OTHER_ROLES)

# Separate powers (三权分立): no person holds one of these together with any other role.
EXCLUSIVE_ROLES = ("system-officer", "security-officer", "audit-officer")

ACTIONS = {
    "staff.signed_in": ActionKind(_("Signed in"), "security"),
    "staff.sign_in_failed": ActionKind(_("Sign-in failed"), "security"),
    "staff.sign_in_locked": ActionKind(_("Sign-in locked after failures"), "security"),
    "staff.sign_in_released": ActionKind(_("Held sign-in released"), "security"),
    "staff.spraying_suspected": ActionKind(_("Many names tried: spraying suspected"), "security"),
    "staff.signed_out": ActionKind(_("Signed out"), "security"),
    "staff.token_issued": ActionKind(_("One-time token issued"), "security"),
    "staff.token_refused": ActionKind(_("One-time token refused"), "security"),
    "staff.password_refused": ActionKind(_("Present password wrong"), "security"),
    "staff.session_ended": ActionKind(_("Own sessions ended from elsewhere"), "security"),
    "staff.person_left": ActionKind(_("Person left: access, roles and sessions ended"), "security"),
    "staff.person_suspended": ActionKind(_("Person suspended after 90 days without sign-in"), "security"),
    "staff.password_set": ActionKind(_("Password set"), "security"),
    "staff.customer_sign_in_opened": ActionKind(_("Sign-in of a customer opened"), "security"),
    "staff.person_created": ActionKind(_("Person created"), "security"),
    "staff.person_activated": ActionKind(_("Person switched on"), "security"),
    "staff.person_deactivated": ActionKind(_("Person switched off"), "security"),
    "staff.roles_changed": ActionKind(_("Roles changed"), "security"),
    "staff.role_table_loaded": ActionKind(_("Stock roles loaded"), "security"),
    "staff.role_permission_changed": ActionKind(_("Permission of a role changed"), "security"),
    "staff.role_created": ActionKind(_("Role created"), "security"),
    "staff.preference_changed": ActionKind(_("Language or theme chosen"), "operations"),
    "staff.branch_created": ActionKind(_("Branch created"), "operations"),
    "staff.partner_created": ActionKind(_("Partner system created"), "security"),
    "staff.partner_refused": ActionKind(_("Partner token refused"), "security"),
    "staff.partner_signed_in": ActionKind(_("Access token given to a partner system"), "security"),
    "staff.partner_changed": ActionKind(_("Terms of a partner system changed"), "security"),
    "staff.partner_secret_issued": ActionKind(_("Secret of a partner system issued"), "security"),
    "staff.partner_secret_ended": ActionKind(_("Secret of a partner system ended"), "security"),
    "staff.partner_switched_off": ActionKind(_("Partner system switched off"), "security"),
    "staff.first_officers_issued": ActionKind(_("Tokens for the first officers issued"), "security"),
}
