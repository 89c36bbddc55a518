"""Forms about people, roles, branches and partner systems."""

from crm.staff.forms.clients import ClientForm, EndForm, OffForm, SecretForm, TermsForm
from crm.staff.forms.people import (
    ActiveForm,
    BranchForm,
    LeaveForm,
    NewRoleForm,
    PasswordForm,
    PersonForm,
    RedeemForm,
    ReleaseForm,
    RoleForm,
    RolesForm,
    SignInForm,
    TokenForm,
)

__all__ = [
    "ActiveForm",
    "BranchForm",
    "ClientForm",
    "EndForm",
    "LeaveForm",
    "NewRoleForm",
    "OffForm",
    "PasswordForm",
    "PersonForm",
    "RedeemForm",
    "ReleaseForm",
    "RoleForm",
    "RolesForm",
    "SecretForm",
    "SignInForm",
    "TermsForm",
    "TokenForm",
]
