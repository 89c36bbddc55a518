"""Roles are data: loaded once, never overwritten, effective at the next request, one answer everywhere.

Requirements: R253, R255, R256, R262, R279.
"""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.access.actor import IMPORTER, SYSTEM
from crm.access.errors import NotVisible, Refused
from crm.access.reach import Reach
from crm.access.services import may, require
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.choices import ROLE_LABELS
from crm.staff.models import Role, RoleAssignment, RolePermission, User
from crm.staff.services import people_on_duty
from crm.staff.services.access import ask_for_roles
from crm.staff.services.duties import RolesConflict
from crm.staff.services.role_table import load_role_table, stock_permissions
from crm.tests.personas import Bank, as_actor, browser

pytestmark = pytest.mark.django_db


def test_every_declared_permission_is_in_the_table() -> None:
    table = {(code, name): reach for code, name, reach in RolePermission.objects.values_list("role__code", "permission", "reach")}
    assert table == {key: reach for key, (reach, _level) in stock_permissions().items()}
    assert set(Role.objects.values_list("code", flat=True)) == set(ROLE_LABELS)


def test_loading_again_keeps_what_the_bank_changed() -> None:
    row = RolePermission.objects.filter(role__code="branch-manager", permission="staff.view_user")
    row.update(reach="none")
    RolePermission.objects.filter(role__code="branch-manager", permission="staff.view_branch").delete()
    assert load_role_table() == 1
    assert row.get().reach == "none"
    assert load_role_table() == 0


def test_a_change_by_two_officers_holds_at_the_next_request(
    branch_manager: User, security_officer: User, second_security_officer: User
) -> None:
    client, officer = browser(branch_manager), browser(security_officer)
    form = {"staff.view_user": "none", "ceiling": "advanced", "reason": "outlets are seen by head office only"}
    page = officer.post("/roles/branch-manager/", form)
    asked = ChangeRequest.objects.get()
    assert (page.status_code, page["Location"]) == (302, f"/approvals/{asked.reference}/")
    assert client.get("/staff/").status_code == 200
    decision: dict[str, Any] = {"request": asked, "approve": True, "reason": "agreed", "shown_hash": asked.shown_hash}
    with pytest.raises(Refused):
        decide(actor=as_actor(security_officer), **decision)
    assert client.get("/staff/").status_code == 200
    decide(actor=as_actor(second_security_officer), **decision)
    assert client.get("/staff/").status_code == 403
    line = Event.objects.get(action="staff.role_permission_changed")
    assert line.data["changes"] == {"staff.view_user": ["branch", "none"]}
    assert (line.actor_number, line.target_ref) == ("85002", "branch-manager")


def test_a_change_that_changes_nothing_is_not_asked(security_officer: User) -> None:
    form = {"staff.view_user": "branch", "ceiling": "advanced", "reason": "as it is"}
    page = browser(security_officer).post("/roles/branch-manager/", form)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not ChangeRequest.objects.exists()


def test_one_answer_from_all_doors(bank: Bank) -> None:
    """``reach``, ``has_perm``, ``visible_to``, ``require`` and the page agree for everybody about everybody."""
    for asker in bank.people.values():
        actor, client = as_actor(asker), browser(asker)
        visible = set(User.objects.visible_to(actor, "staff.view_user"))
        assert asker.has_perm("staff.view_user") == bool(asker.reach("staff.view_user"))
        for other in (bank.people["80001"], bank.people["80002"], bank.people["82001"]):
            seen = other in visible
            assert asker.has_perm("staff.view_user", other) == may(actor, "staff.view_user", other) == seen
            status = client.get(f"/staff/{other.reference}/").status_code
            assert status == (200 if seen else 404 if asker.reach("staff.view_user") else 403)
            if not seen:
                with pytest.raises((Refused, NotVisible)):
                    require(actor, "staff.view_user", other)


def test_a_branch_manager_sees_the_tree_below(branch_manager: User) -> None:
    """R263."""
    seen = set(User.objects.visible_to(branch_manager).values_list("number", flat=True))
    assert seen == {"80001", "80003", "81001", "84101"}


def test_the_widest_reach_counts_and_expired_assignments_do_not(sun_yue: User, bank: Bank) -> None:
    from django.utils import timezone

    wider = Role.objects.create(code="desk-head")
    RolePermission.objects.create(role=wider, permission="staff.view_user", reach="branch")
    extra = RoleAssignment.objects.create(user=sun_yue, role=wider)
    sun_yue.refresh_from_db()
    assert sun_yue.reach("staff.view_user") == Reach.BRANCH
    extra.valid_until = timezone.now()
    extra.save()
    sun_yue.refresh_from_db()
    assert sun_yue.reach("staff.view_user") == Reach.NONE


def test_separate_powers_stay_separate(security_officer: User, sun_yue: User) -> None:
    """R246, split into three officers."""
    with pytest.raises(RolesConflict):
        ask_for_roles(actor=as_actor(security_officer), person=sun_yue, roles=["auditor", "system-officer"], reason="both")
    assert sun_yue.roles.get().code == "relationship-manager"


def test_nobody_is_a_superuser(sun_yue: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=sun_yue.pk).update(is_superuser=True)


def test_services_hold_only_what_their_role_gives() -> None:
    assert not SYSTEM.reach("staff.view_user")
    RolePermission.objects.create(role=Role.objects.get(code="service-importer"), permission="staff.view_user", reach="all")
    assert IMPORTER.reach("staff.view_user") == Reach.ALL
    assert not SYSTEM.reach("staff.view_user")


def test_people_on_duty_are_those_whose_reach_covers_the_branch(bank: Bank) -> None:
    beijing = bank.branches["110001"]
    assert {p.number for p in people_on_duty("staff.view_user", beijing)} == {"81001", "85001", "85002", "86001", "88001"}
    User.objects.filter(number="81001").update(on_duty=False)
    User.objects.filter(number="85001").update(is_active=False)
    assert {p.number for p in people_on_duty("staff.view_user", beijing)} == {"85002", "86001", "88001"}
    assert {p.number for p in people_on_duty("staff.view_user")} == {"81002", "85002", "86001", "88001"}


def test_reaches_are_ordered() -> None:
    assert sorted(Reach, key=lambda reach: reach.rank) == ["none", "self", "source", "own", "branch", "all"]
    assert not Reach.NONE
    assert Reach.OWN < "branch" <= Reach.ALL
