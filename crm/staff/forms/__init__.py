"""Forms about people, roles, branches and partner systems."""

from crm.staff.forms.clients import ClientForm, EndForm, OffForm, SecretForm, TermsForm
from crm.staff.forms.people import (
    ActiveForm,
    BranchForm,
    PersonForm,
    RedeemForm,
    ReleaseForm,
    RolePermissionForm,
    RolesForm,
    SignInForm,
    TokenForm,
)

__all__ = [
    "ActiveForm",
    "BranchForm",
    "ClientForm",
    "EndForm",
    "OffForm",
    "PersonForm",
    "RedeemForm",
    "ReleaseForm",
    "RolePermissionForm",
    "RolesForm",
    "SecretForm",
    "SignInForm",
    "TermsForm",
    "TokenForm",
]
