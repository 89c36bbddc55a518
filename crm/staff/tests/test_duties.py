"""Duties that cannot meet in one person: refused in words by services, by the database whatever comes; levels; roles of the bank's own.

Requirements: R256, R257, R260, R262, R279.
"""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.access.errors import StepUpNeeded
from crm.access.reach import Level
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.models import DutyConflict, Role, RoleAssignment, RolePermission, User
from crm.staff.services.access import ask_for_roles
from crm.staff.services.duties import RolesConflict, declared, duties_of
from crm.staff.services.role_changes import AboveCeiling, PermissionUnknown, create_role, propose_role
from crm.staff.services.role_table import level_of, stock_permissions
from crm.tests.at_once import together
from crm.tests.personas import Bank, as_actor, browser

pytestmark = pytest.mark.django_db


def role_of(code: str) -> Role:
    return Role.objects.get(code=code)


def decided(asked: ChangeRequest, officer: User) -> ChangeRequest:
    return decide(actor=as_actor(officer), request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash)


def test_no_stock_role_is_in_conflict_with_itself() -> None:
    """What is delivered can be held; and the table of the trigger says what is declared."""
    for code in {code for code, _permission in stock_permissions() if not code.startswith("service-")}:
        duties = duties_of([code])
        assert [conflict for conflict in declared() if conflict.among(duties)] == [], code
    assert DutyConflict.objects.count() == len({(one.first, one.second) for one in declared()})


PAIRS = [
    ("relationship-manager", "branch-manager"),
    ("relationship-manager", "risk-officer"),
    ("risk-officer", "risk-supervisor"),
    ("auditor", "risk-supervisor"),
    ("auditor", "operations"),
    ("security-officer", "system-officer"),
    ("security-officer", "auditor"),
    ("audit-officer", "branch-manager"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_roles_that_cannot_meet(bank: Bank, one: str, other: str) -> None:
    """The service names the two duties; rows written past it are stopped by the trigger."""
    person, officer = bank.somebody("product-operator"), bank.somebody("security-officer")
    with pytest.raises(RolesConflict, match="cannot meet in one person"):
        ask_for_roles(actor=as_actor(officer), person=person, roles=[one, other], reason="both")
    person.assignments.all().delete()
    RoleAssignment.objects.create(user=person, role=role_of(one))
    with pytest.raises(IntegrityError, match="duties_conflict"), transaction.atomic():
        RoleAssignment.objects.create(user=person, role=role_of(other))
    assert [row.role.code for row in person.assignments.all()] == [one]


def test_a_role_that_people_hold_is_not_made_one(bank: Bank) -> None:
    """Through the edit of a role: refused for the role itself, and for a holder's other role, naming her."""
    officer = as_actor(bank.somebody("security-officer"))
    with pytest.raises(RolesConflict):
        propose_role(actor=officer, role=role_of("branch-manager"), reaches={"customers.change_customer": "branch"}, reason="quicker")
    extra = create_role(actor=officer, code="desk", name="Desk", reason="new desk")
    RoleAssignment.objects.create(user=bank.people["81001"], role=extra)
    with pytest.raises(RolesConflict, match="81001"):
        propose_role(actor=officer, role=extra, reaches={"customers.change_customer": "own"}, ceiling="business", reason="quicker")
    Role.objects.filter(pk=extra.pk).update(ceiling="advanced")
    with pytest.raises(IntegrityError, match="duties_conflict"), transaction.atomic():
        RolePermission.objects.create(role=extra, permission="customers.change_customer", reach="own")
    assert not ChangeRequest.objects.exists()


def test_a_conflict_that_arose_while_the_request_waited(bank: Bank) -> None:
    """What was harmless when it was asked is looked at again at the click."""
    officer, second = bank.people["85001"], bank.people["85002"]
    extra = create_role(actor=as_actor(officer), code="desk", name="Desk", reason="new desk")
    asked = propose_role(
        actor=as_actor(officer), role=extra, reaches={"customers.change_customer": "own"}, ceiling="business", reason="desk"
    )
    RoleAssignment.objects.create(user=bank.people["81001"], role=extra)
    with pytest.raises(RolesConflict, match="81001"):
        decided(asked, second)
    assert not RolePermission.objects.filter(role=extra).exists()


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once(bank: Bank) -> None:
    """Two sessions give one person the two halves of a conflict at the same moment: exactly one stands."""
    person = bank.somebody("product-operator")

    def give(code: str) -> str:
        with transaction.atomic():
            row = RoleAssignment.objects.create(user_id=person.pk, role=role_of(code))
            return row.role.code

    results = together(lambda: give("relationship-manager"), lambda: give("branch-manager"))
    failures = [result for result in results if isinstance(result, IntegrityError)]
    assert len(failures) == 1, results
    assert "duties_conflict" in str(failures[0])
    assert person.assignments.filter(role__code__in=["relationship-manager", "branch-manager"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_roles_of_one_holder_edited_at_once(bank: Bank) -> None:
    """One session adds a duty to the one role, another its opposite to the other: exactly one stands."""
    person = bank.somebody("product-operator")
    roles = [Role.objects.create(code=code) for code in ("left-desk", "right-desk")]
    for role in roles:
        RoleAssignment.objects.create(user=person, role=role)

    def add(role: Role, permission: str) -> str:
        with transaction.atomic():
            return str(RolePermission.objects.create(role=role, permission=permission, reach="own"))

    results = together(lambda: add(roles[0], "products.change_account"), lambda: add(roles[1], "products.approve_account"))
    assert len([result for result in results if isinstance(result, IntegrityError)]) == 1, results


# -- levels


def test_a_level_belongs_to_the_permission() -> None:
    """R260: the same in every role; what is delivered is within each role's ceiling."""
    assert [level_of(name) for name in ("customers.view_customer", "customers.change_customer", "customers.approve_customer")] == [
        Level.BASIC,
        Level.BUSINESS,
        Level.ADVANCED,
    ]
    for row in RolePermission.objects.select_related("role"):
        assert row.level == level_of(row.permission)
        assert Level(row.level).rank <= Level(row.role.ceiling).rank


def test_a_permission_above_the_ceiling(bank: Bank) -> None:
    """Refused in words, naming it; with the ceiling raised in the same request it may be asked; the database refuses rows past it."""
    officer, second = bank.people["85001"], bank.people["85002"]
    desk = create_role(actor=as_actor(officer), code="desk", name="Desk", reason="new desk")
    ask: dict[str, Any] = {"actor": as_actor(officer), "role": desk, "reaches": {"customers.export_customer": "own"}, "reason": "list"}
    with pytest.raises(AboveCeiling, match="Export customers"):
        propose_role(**ask)
    with pytest.raises(IntegrityError, match="role_ceiling"), transaction.atomic():
        RolePermission.objects.create(role=desk, permission="customers.export_customer", reach="own", level="advanced")
    asked = propose_role(**ask, ceiling="advanced")
    decided(asked, second)
    assert RolePermission.objects.get(role=desk).level == "advanced"
    line = Event.objects.get(action="staff.role_permission_changed")
    assert line.data["changes"] == {"customers.export_customer": ["none", "own"]}
    assert line.data["ceiling"] == ["basic", "advanced"]


# -- the page


def test_several_changes_in_one_request(bank: Bank) -> None:
    """R256: asked on the page, decided by another, before and after in the log, effective at the next request; the menu follows."""
    officer, second, holder = bank.people["85001"], bank.people["85002"], browser(bank.people["84101"])
    assert holder.get("/transactions/").status_code == 200
    assert holder.get("/calendar/").status_code == 403
    form = {"transactions.view_transaction": "none", "calendar.view_businessday": "all", "ceiling": "business", "reason": "days, not money"}
    page = browser(officer).post("/roles/service-agent/", form)
    asked = ChangeRequest.objects.get()
    assert page["Location"] == f"/approvals/{asked.reference}/"
    decided(asked, second)
    assert holder.get("/transactions/").status_code == 403
    assert holder.get("/calendar/").status_code == 200
    listed = browser(officer).get("/roles/").content.decode()
    assert listed.count("Differs from stock") == 1
    shown = browser(officer).get("/roles/service-agent/").content.decode()
    assert shown.count("Differs from stock") == 2
    assert "<li>Business calendar</li>" in shown
    assert "<li>Transactions</li>" not in shown


def test_a_conflict_on_the_page_is_told_in_words(bank: Bank) -> None:
    form = {"customers.change_customer": "branch", "ceiling": "advanced", "reason": "quicker"}
    page = browser(bank.people["85001"]).post("/roles/branch-manager/", form)
    assert page.status_code == 200
    assert "cannot meet in one person" in page.content.decode()


def test_a_new_role_may_do_nothing(bank: Bank) -> None:
    """Made by one, logged; it appears among the roles that people can hold."""
    client = browser(bank.people["85001"])
    assert client.post("/roles/new/", {"code": "cashier", "name": "Cashier", "reason": "counter"})["Location"] == "/roles/cashier/"
    assert Event.objects.get(action="staff.role_created").target_ref == "cashier"
    assert not RolePermission.objects.filter(role__code="cashier").exists()
    assert "Cashier" in client.get(f"/staff/{bank.people['80001'].reference}/").content.decode()
    for bad in ("cashier", "new", "Big", "a b"):
        assert client.post("/roles/new/", {"code": bad, "name": "x", "reason": "x"}).status_code == 200
    assert Role.objects.filter(name="x").count() == 0


def test_who_reads_roles_changes_none(bank: Bank) -> None:
    for number in ("86001", "88001"):
        client = browser(bank.people[number])
        assert "<select" not in client.get("/roles/service-agent/").content.decode().partition("<main")[2]
        assert client.post("/roles/service-agent/", {"staff.view_branch": "all", "ceiling": "business", "reason": "x"}).status_code == 403
    assert not ChangeRequest.objects.exists()


def test_rights_ask_for_the_second_factor_and_known_permissions(bank: Bank) -> None:
    officer = bank.people["85001"]
    with pytest.raises(StepUpNeeded):
        propose_role(actor=as_actor(officer, stepped_up=False), role=role_of("auditor"), reaches={"staff.view_user": "none"}, reason="x")
    with pytest.raises(PermissionUnknown):
        propose_role(actor=as_actor(officer), role=role_of("auditor"), reaches={"staff.fly": "all"}, reason="x")
