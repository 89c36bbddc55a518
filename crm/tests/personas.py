"""The people of every test: one bank with a tree of branches and somebody in each role, always the same.

Fixtures are the people themselves (``sun_yue``, ``zhou_min`` …); any of them brings the whole bank, so that every
test world holds somebody who could see what she must not. ``as_actor(user)`` makes the Actor, ``browser(user)`` a signed-in
test client, ``sign_in(client, user)`` goes through the pages, ``next_code(user)`` is what a code app shows,
``partner`` a partner system and ``PARTNER_SECRET`` its secret.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pytest
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.test import Client
from django.utils import timezone

from crm.access.actor import SYSTEM, Actor
from crm.access.middleware import STEPPED_UP_AT, staff_actor
from crm.access.references import new_reference
from crm.factors.models import Factor
from crm.factors.secrets import code_at
from crm.factors.services.codes import step_now
from crm.factors.services.enrolment import plant_factor, secret_of
from crm.fields.pinyin import pinyin
from crm.log import services as log
from crm.staff.models import Branch, ClientSecret, Role, RoleAssignment, ServiceClient, User
from crm.staff.secrets import spoken_hash
from crm.staff.services import partner_tokens
from crm.staff.services.clients import doors
from crm.staff.services.people import plant_branch

PASSWORD = "Blue-Kettle-47"
PARTNER_SECRET = "TESTS-ANDNO-THING-ELSES-HALLQ-PENTH"

BRANCHES = (
    ("000", "总行", "head", ""),
    ("110", "北京分行", "branch", "000"),
    ("110001", "北京东城支行", "subbranch", "110"),
    ("110002", "北京西城支行", "subbranch", "110"),
    ("310", "上海分行", "branch", "000"),
    ("310001", "上海浦东支行", "subbranch", "310"),
)

# number, name, role, branch, title
PEOPLE = (
    ("80001", "孙悦", "relationship-manager", "110001", "客户经理"),
    ("80002", "李强", "relationship-manager", "310001", "客户经理"),
    ("80003", "吴婷", "relationship-manager", "110001", "客户经理"),
    ("81001", "郑国栋", "branch-manager", "110", "分行行长"),
    ("81002", "何静", "branch-manager", "310", "分行行长"),
    ("82001", "周敏", "risk-officer", "000", "风险经理"),
    ("82002", "赵卫东", "risk-supervisor", "000", "风险主管"),
    ("82003", "陆晨", "risk-officer", "000", "风险经理"),
    ("83001", "钱芳", "product-operator", "000", "产品经办"),
    ("83002", "冯磊", "product-checker", "000", "产品复核"),
    ("84001", "王洋", "operations", "000", "运营经办"),
    ("84101", "许娜", "service-agent", "110", "客服坐席"),
    ("85001", "韩松", "security-officer", "000", "安全管理员"),
    ("85002", "杨帆", "security-officer", "000", "安全管理员"),
    ("86001", "沈洁", "auditor", "000", "审计员"),
    ("87001", "唐杰", "system-officer", "000", "系统管理员"),
    ("88001", "罗兰", "audit-officer", "000", "审计管理员"),
)


@dataclass
class Bank:
    """Branches by code, people by number."""

    branches: dict[str, Branch] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)

    def somebody(self, role: str) -> User:
        """Return the first person in a role."""
        return next(self.people[number] for number, _name, held, _branch, _title in PEOPLE if held == role)


@cache
def _password() -> str:
    return make_password(PASSWORD)


@transaction.atomic
def build_bank() -> Bank:
    """Return the bank of the tests, freshly written."""
    bank, roles = Bank(), {role.code: role for role in Role.objects.all()}
    for code, name, level, parent in BRANCHES:
        bank.branches[code] = plant_branch(code=code, name=name, level=level, parent=bank.branches.get(parent))
    # Two statements for all of them: some two thousand tests begin here.
    people = User.objects.bulk_create(
        User(
            number=number,
            reference=new_reference("U"),
            name=name,
            name_pinyin=pinyin(name),
            password=_password(),
            password_changed_at=timezone.now(),
            title=title,
            branch=bank.branches[branch],
            email=f"{number}@bank.test",
        )
        for number, name, _role, branch, title in PEOPLE
    )
    bank.people = {person.number: person for person in people}
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=bank.people[number], role=roles[role]) for number, _name, role, _branch, _title in PEOPLE
    )
    log.record(actor=SYSTEM, action="staff.person_created", data={"people": len(PEOPLE)})
    return bank


def as_actor(user: User, *, stepped_up: bool = True) -> Actor:
    """Return the Actor of a person who has just signed in, as a page would; rights are read anew."""
    user = User.objects.select_related("branch").get(pk=user.pk)
    return staff_actor(user, session="test", address="127.0.0.1", stepped_up_at=timezone.now() if stepped_up else None)


def browser(user: User, *, stepped_up: bool = True) -> Client:
    """Return a test client in which the person has just signed in."""
    client = Client()
    client.force_login(user)
    if stepped_up:
        session = client.session
        session[STEPPED_UP_AT] = timezone.now().isoformat()
        session.save()
    return client


def factor_of(user: User) -> Factor:
    """Return the person's code app, set up now when there is none yet."""
    found = Factor.objects.confirmed().filter(user=user, kind="app").first()
    return found or confirmed_factor(user, hashlib.sha256(user.number.encode()).digest()[:20])


def confirmed_factor(user: User, secret: bytes) -> Factor:
    """Plant a code app with this secret, ready to be used."""
    with transaction.atomic():
        factor = plant_factor(person=user, secret=secret, name="Code app")
        factor.confirmed_at = timezone.now()
        factor.save(update_fields=["confirmed_at"])
        log.record(actor=SYSTEM, action="factors.added", target=user)
    return factor


def next_code(user: User) -> str:
    """Return a code that opens: of the first time step that is acceptable now and was not used yet (three within a minute and a half)."""
    factor = factor_of(user)
    return code_at(secret_of(factor), max(factor.last_counter + 1, step_now(factor) - 1))


def sign_in(client: Client, user: User) -> None:
    """Sign in by the pages: number and password, then a code."""
    factor_of(user)
    assert client.post("/sign-in/", {"number": user.number, "password": PASSWORD})["Location"] == "/sign-in/code/"
    assert client.post("/sign-in/code/", {"code": next_code(user)}).status_code == 302


@pytest.fixture
def bank(db: None) -> Bank:
    """Branches and people."""
    return build_bank()


def _person(number: str, said: str) -> Callable[[Bank], User]:
    def person(bank: Bank) -> User:
        return bank.people[number]

    person.__doc__ = said
    return pytest.fixture(person)


sun_yue = _person("80001", "Relationship manager in Beijing Dongcheng.")
other_manager = _person("80002", "Relationship manager of another branch (Shanghai Pudong).")
colleague = _person("80003", "Relationship manager of the same branch as Sun Yue.")
branch_manager = _person("81001", "Manager of the Beijing branch and all below.")
other_branch_manager = _person("81002", "Manager of the Shanghai branch and all below.")
zhou_min = _person("82001", "Risk officer at head office.")
supervisor = _person("82002", "Risk supervisor at head office.")
second_officer = _person("82003", "Another risk officer at head office.")
product_operator = _person("83001", "Product operator.")
product_checker = _person("83002", "Product checker.")
operations = _person("84001", "Operations (file entry).")
service_agent = _person("84101", "Customer-service agent in Beijing.")
security_officer = _person("85001", "First security officer.")
second_security_officer = _person("85002", "Second security officer.")
auditor = _person("86001", "Auditor.")
system_officer = _person("87001", "System officer.")
audit_officer = _person("88001", "Audit officer.")


def plant_partner() -> ServiceClient:
    """Record the partner system of the tests, with one secret."""
    with transaction.atomic():
        client = ServiceClient.objects.create(code="mobile-bank", name="手机银行", sources=["mobile"], endpoints=doors())
        ClientSecret.objects.create(client=client, secret_hash=spoken_hash(PARTNER_SECRET))
        log.record(actor=SYSTEM, action="staff.partner_created", target=client)
    return client


def token_of(client: ServiceClient, *, lasts: int = 24 * 3600) -> str:
    """Return an access token of a partner, by its latest secret."""
    secret = client.secrets.filter(ended_at__isnull=True).latest("pk")
    return partner_tokens.issue(client, secret.pk, client.endpoints, lasts=lasts)


@pytest.fixture
def partner(bank: Bank) -> ServiceClient:
    """Return a partner system that may speak for the source ``mobile``; its secret is ``PARTNER_SECRET``."""
    return plant_partner()


@pytest.fixture
def partner_headers(partner: ServiceClient) -> dict[str, str]:
    """Return the headers that make a test client that partner."""
    return {"Authorization": f"Bearer {token_of(partner)}"}
