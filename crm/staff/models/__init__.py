"""Our people: branches, users, roles, partners, and what signing in needs."""

from crm.staff.models.branches import Branch
from crm.staff.models.clients import ClientSecret, ServiceClient
from crm.staff.models.duties import DutyConflict
from crm.staff.models.people import User
from crm.staff.models.roles import Role, RoleAssignment, RolePermission
from crm.staff.models.sign_in import (
    FormerPassword,
    KnownDevice,
    OneTimeToken,
    SignInCounter,
    SignInHold,
    SignInSighting,
    StaffSession,
)

__all__ = [
    "Branch",
    "ClientSecret",
    "DutyConflict",
    "FormerPassword",
    "KnownDevice",
    "OneTimeToken",
    "Role",
    "RoleAssignment",
    "RolePermission",
    "ServiceClient",
    "SignInCounter",
    "SignInHold",
    "SignInSighting",
    "StaffSession",
    "User",
]
