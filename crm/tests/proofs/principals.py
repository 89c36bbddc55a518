"""Everybody who can knock: each stock role of the staff, a customer, a partner and a stranger."""

from dataclasses import dataclass, field

from django.test import Client

from crm.access.actor import SYSTEM
from crm.log import services as log
from crm.staff.choices import STAFF_ROLES
from crm.staff.models import Role, RoleAssignment, User
from crm.staff.services.role_table import stock_permissions
from crm.tests.personas import Bank, browser

STRANGER, PARTNER, CUSTOMER = "anonymous", "partner", "customer"
PRINCIPALS = (*STAFF_ROLES, CUSTOMER, PARTNER, STRANGER)
# Roles whose first person sits at head office, where a branch's reach is the whole bank: here they sit in Beijing.
IN_A_BRANCH = {"operations": "84011"}


@dataclass
class Principal:
    """Somebody with a browser (or a token), what the role table gives, and where she stands."""

    name: str
    client: Client
    person: User | None = None
    reaches: dict[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """The relations of whose customers nothing may be told; set by who looks for canaries."""

    @property
    def is_known(self) -> bool:
        """Whether anybody has signed in."""
        return self.name != STRANGER

    def reach(self, permission: str) -> str:
        """How far the role table carries."""
        return self.reaches.get(permission, "none")


def reaches_of(role: str) -> dict[str, str]:
    """Return permission → reach of a stock role, as the apps' `roles.py` say."""
    return {permission: reach for (holder, permission), (reach, _level) in stock_permissions().items() if holder == role}


def plant_person(bank: Bank, number: str, role: str, branch: str) -> User:
    """Record one more person of the bank (or a customer's sign-in) with one role."""
    person = User.objects.create_user(number, "测试", branch=bank.branches[branch] if branch else None)
    RoleAssignment.objects.create(user=person, role=Role.objects.get(code=role))
    log.record(actor=SYSTEM, action="staff.person_created", data={"people": 1})
    return person


def person_of(bank: Bank, role: str) -> User:
    """Return who stands for a role here."""
    number = IN_A_BRANCH.get(role)
    if number is None:
        return bank.somebody(role)
    return User.objects.filter(number=number).first() or plant_person(bank, number, role, "110001")


def principal(bank: Bank, name: str, partner_headers: dict[str, str], customer: User) -> Principal:
    """Return the principal of that name, signed in."""
    if name == STRANGER:
        return Principal(name, Client(raise_request_exception=False))
    if name == PARTNER:
        client = Client(raise_request_exception=False, headers=partner_headers)
        return Principal(name, client, reaches=reaches_of(PARTNER), sources=("mobile",))
    person = customer if name == CUSTOMER else person_of(bank, name)
    client = browser(person)
    client.raise_request_exception = False
    return Principal(name, client, person, reaches_of(name))
