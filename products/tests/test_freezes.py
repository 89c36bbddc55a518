"""Freezes: many may stand, ours are lifted by two people, the core is told and answers.

Requirements: R130.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.approvals import services as approvals
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer
from products import services
from products.choices import Authority, FreezeKind, FreezeState
from products.models import Account, CoreInstruction, Freeze
from products.services import core

pytestmark = pytest.mark.django_db


class AgreeableCore:
    """Accepts everything."""

    def send(self, instruction: core.Instruction) -> core.Acknowledgement:
        """Accept."""
        return core.Acknowledgement(accepted=True, core_reference=f"CORE-{instruction.key}")


class SilentCore:
    """Does not answer."""

    def send(self, instruction: core.Instruction) -> core.Acknowledgement:
        """Stay silent."""
        raise core.CoreUnavailable("no answer")


@pytest.fixture
def ours(salary_account: Account, zhou_min: User) -> Freeze:
    """A payment stop of our own."""
    return services.place_freeze(
        actor=as_actor(zhou_min), customer=salary_account.customer, account=salary_account, kind=FreezeKind.PAYMENT_STOP, reason="快进快出"
    )


@pytest.fixture
def courts(salary_account: Account, zhou_min: User) -> Freeze:
    """A court's freeze beside it."""
    return services.place_freeze(
        actor=as_actor(zhou_min),
        customer=salary_account.customer,
        account=salary_account,
        kind=FreezeKind.AUTHORITY,
        authority=Authority.COURT,
        document="(2026)京01执123号",
        reason="协助执行通知书",
    )


def test_two_freezes_stand_and_lifting_ours_leaves_the_courts(
    ours: Freeze, courts: Freeze, salary_account: Account, zhou_min: User, supervisor: User
) -> None:
    """R111, R132: money moves only when none stands."""
    request = services.ask_to_lift(actor=as_actor(zhou_min), freeze=ours, reason="客户已说明")
    shown = approvals.hash_of(request)
    with pytest.raises(Refused):
        approvals.decide(actor=as_actor(zhou_min), request=request, approve=True, reason="same person", shown_hash=shown)
    assert Freeze.objects.get(pk=ours.pk).state == FreezeState.PENDING
    approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="同意", shown_hash=shown)
    assert Freeze.objects.get(pk=ours.pk).state == FreezeState.LIFTED
    standing = services.blocking_freezes([salary_account.pk])[salary_account.pk]
    assert [freeze.pk for freeze in standing.freezes] == [courts.pk]
    line = Event.objects.filter(action="freeze.lifted").get()
    assert (line.actor_number, line.data["asked_by"]) == ("82002", "82001")


def test_a_freeze_that_arrives_meanwhile_is_looked_at_and_stops_no_lifting(
    ours: Freeze, salary_account: Account, zhou_min: User, supervisor: User
) -> None:
    """Money would not move again after all: the approver is told to look again, then sees what still stands, and may approve that."""
    asked = services.ask_to_lift(actor=as_actor(zhou_min), freeze=ours, reason="查清了")
    seen = approvals.hash_of(asked)
    court = services.place_freeze(
        actor=as_actor(zhou_min),
        customer=salary_account.customer,
        account=salary_account,
        kind=FreezeKind.AUTHORITY,
        authority=Authority.COURT,
        document="(2026)京01执88号",
        reason="协助冻结",
    )
    decision: dict[str, Any] = {"actor": as_actor(supervisor), "request": asked, "approve": True, "reason": "同意"}
    with pytest.raises(approvals.ShownDiffers):
        approvals.decide(shown_hash=seen, **decision)
    decided = approvals.decide(shown_hash=approvals.hash_of(asked), **decision)
    assert decided.state == "applied"
    assert any(court.reference in line["after"] for line in decided.shown_lines)
    ours.refresh_from_db()
    standing = services.blocking_freezes([salary_account.pk])[salary_account.pk]
    assert (ours.state, [freeze.pk for freeze in standing.freezes]) == (FreezeState.LIFTED, [court.pk])


def test_who_froze_may_not_approve_the_lifting(salary_account: Account, supervisor: User, zhou_min: User) -> None:
    """The supervisor's own freeze is lifted by another supervisor."""
    freeze = services.place_freeze(
        actor=as_actor(supervisor), customer=salary_account.customer, account=salary_account, kind=FreezeKind.PAYMENT_STOP, reason="test it"
    )
    request = services.ask_to_lift(actor=as_actor(zhou_min), freeze=freeze, reason="客户已说明")
    with pytest.raises(Refused):
        approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="own", shown_hash=approvals.hash_of(request))
    assert Freeze.objects.get(pk=freeze.pk).ended_at is None


def test_a_freeze_of_an_authority_needs_its_document(courts: Freeze, zhou_min: User) -> None:
    """We do not end what a court began, without the court."""
    with pytest.raises(services.FreezeNotAllowed):
        services.ask_to_lift(actor=as_actor(zhou_min), freeze=courts, reason="please")


def test_authorities_queue(salary_account: Account, courts: Freeze, zhou_min: User, supervisor: User) -> None:
    """轮候: the second authority waits behind the first and moves up when the first ends."""
    second = services.place_freeze(
        actor=as_actor(zhou_min),
        customer=salary_account.customer,
        account=salary_account,
        kind=FreezeKind.AUTHORITY,
        authority=Authority.POLICE,
        document="京公(2026)88号",
        reason="协助冻结",
    )
    assert (courts.sequence, second.sequence) == (1, 2)
    request = services.ask_to_lift(actor=as_actor(zhou_min), freeze=courts, reason="解除通知", document="(2026)京01执123号之二")
    approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="同意", shown_hash=approvals.hash_of(request))
    second.refresh_from_db()
    assert (second.sequence, second.ended_at) == (1, None)


def test_the_same_freeze_twice_is_refused_to_people_and_harmless_for_the_system(
    ours: Freeze, salary_account: Account, zhou_min: User
) -> None:
    """Automatic control is idempotent."""
    with pytest.raises(services.FreezeStands):
        services.place_freeze(
            actor=as_actor(zhou_min), customer=salary_account.customer, account=salary_account, kind=FreezeKind.PAYMENT_STOP, reason="again"
        )
    again = services.place_freeze(
        actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind=FreezeKind.PAYMENT_STOP, reason="rule"
    )
    assert again.pk == ours.pk
    assert Freeze.objects.count() == 1


def test_an_automatic_freeze_lapses_after_a_day_unless_confirmed(salary_account: Account, spare_account: Account, zhou_min: User) -> None:
    """A machine stops money for 24 hours; longer is a person's decision."""
    start = timezone.now()
    placed = {
        account: services.place_freeze(
            actor=SYSTEM, customer=account.customer, account=account, kind=FreezeKind.PAYMENT_STOP, reason="rule", at=start
        )
        for account in (salary_account, spare_account)
    }
    services.confirm_freeze(actor=as_actor(zhou_min), freeze=placed[salary_account], reason="核实中")
    assert services.lapse_freezes(actor=SYSTEM, at=start + timedelta(hours=24) - timedelta(microseconds=1)) == 0
    assert services.lapse_freezes(actor=SYSTEM, at=start + timedelta(hours=24)) == 1
    assert Freeze.objects.get(pk=placed[spare_account].pk).state == FreezeState.LAPSED
    assert Freeze.objects.get(pk=placed[salary_account].pk).ended_at is None


def test_the_core_is_told_once_it_answers(ours: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    """待回执 until the core answers; a silent core changes nothing but the number of attempts."""
    now = timezone.now()
    monkeypatch.setattr(core, "connector", SilentCore)
    assert core.send_core_instructions(actor=SYSTEM, at=now) == 0
    owed = CoreInstruction.objects.get()
    assert (owed.attempts, Freeze.objects.get(pk=ours.pk).state) == (1, FreezeState.PENDING)
    monkeypatch.setattr(core, "connector", AgreeableCore)
    assert core.send_core_instructions(actor=SYSTEM, at=now) == 0  # not due yet
    assert core.send_core_instructions(actor=SYSTEM, at=now + timedelta(seconds=10)) == 1
    assert Freeze.objects.get(pk=ours.pk).state == FreezeState.IN_FORCE
    assert core.send_core_instructions(actor=SYSTEM, at=now + timedelta(hours=1)) == 0


def test_what_each_kind_blocks(salary_account: Account, zhou_min: User) -> None:
    """An amount freeze lets pass what leaves enough behind; the others let no debit pass."""
    services.place_freeze(
        actor=as_actor(zhou_min),
        customer=salary_account.customer,
        account=salary_account,
        kind=FreezeKind.AMOUNT,
        amount=Decimal(30000),
        authority=Authority.COURT,
        document="D1",
        reason="协助执行",
    )
    blocking = services.blocking_freezes([salary_account.pk])[salary_account.pk]
    assert blocking.needs == {salary_account.pk}
    free: dict[int, Decimal | None] = {salary_account.pk: Decimal(100000)}
    assert blocking.against_debit(free, Decimal(70000)) is None
    assert blocking.against_debit(free, Decimal("70000.01")) is not None
    assert blocking.against_debit({}, Decimal(1)) is not None


def test_a_customer_freeze_stands_on_every_account(
    zhang_wei: Customer, salary_account: Account, spare_account: Account, zhou_min: User
) -> None:
    """A freeze of the whole customer needs no list of accounts."""
    services.place_freeze(actor=as_actor(zhou_min), customer=zhang_wei, kind=FreezeKind.DEBIT_BLOCK, reason="whole customer")
    assert set(services.blocking_freezes([salary_account.pk, spare_account.pk])) == {salary_account.pk, spare_account.pk}


def test_a_relationship_manager_neither_freezes_nor_sees_freezes(ours: Freeze, sun_yue: User) -> None:
    """No tipping-off: freezes are not part of her world."""
    assert not Freeze.objects.visible_to(sun_yue).exists()
    with pytest.raises(Refused):
        services.place_freeze(actor=as_actor(sun_yue), customer=ours.customer, kind=FreezeKind.PAYMENT_STOP, reason="no right")


def test_nobody_decides_what_is_gone(ours: Freeze, zhou_min: User, supervisor: User) -> None:
    """A request on a freeze that ended is not applied."""
    request = services.ask_to_lift(actor=as_actor(zhou_min), freeze=ours, reason="客户已说明")
    Freeze.objects.filter(pk=ours.pk).update(state=FreezeState.LAPSED, ended_at=timezone.now(), version=2)
    shown = approvals.hash_of(request)
    decided = approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="late", shown_hash=shown)
    assert decided.state == "stale"
    assert not Event.objects.filter(action="freeze.lifted").exists()


def test_a_freeze_whose_time_is_over_swallows_no_new_one(salary_account: Account, zhou_min: User) -> None:
    """Between the 24th hour and the sweep the old one binds no longer: it is ended, and the new one stands."""
    subject: dict[str, Any] = {"customer": salary_account.customer, "account": salary_account, "kind": FreezeKind.DEBIT_BLOCK}
    yesterday = timezone.now() - timedelta(hours=24, seconds=5)
    first = services.place_freeze(actor=SYSTEM, **subject, reason="rule", at=yesterday)
    second = services.place_freeze(actor=SYSTEM, **subject, reason="rule again")
    assert second.pk != first.pk
    assert Freeze.objects.get(pk=first.pk).state == FreezeState.LAPSED
    assert Event.objects.filter(action="freeze.lapsed", target_ref=first.reference).count() == 1
    assert services.lapse_freezes(actor=SYSTEM) == 0
    assert [freeze.pk for freeze in services.blocking_freezes([salary_account.pk])[salary_account.pk].freezes] == [second.pk]
    Freeze.objects.filter(pk=second.pk).update(lapses_at=timezone.now())
    third = services.place_freeze(actor=as_actor(zhou_min), **subject, reason="by a person")
    assert (third.state, Freeze.objects.get(pk=second.pk).state) == (FreezeState.PENDING, FreezeState.LAPSED)


def test_lapsing_holds_the_customer_and_the_accounts_before_the_freeze(salary_account: Account) -> None:
    """As every other verb does, so that nobody joins the queue of authorities meanwhile."""
    services.place_freeze(
        actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind=FreezeKind.DEBIT_BLOCK, reason="rule"
    )
    with CaptureQueriesContext(connection) as done:
        assert services.lapse_freezes(actor=SYSTEM, at=timezone.now() + timedelta(hours=25)) == 1
    held = [query["sql"].split(" OF ")[-1] for query in done if "FOR NO KEY UPDATE OF" in query["sql"]]
    assert held[:3] == ['"customers_customer"', '"products_account"', '"products_freeze"']


def test_a_machines_reason_is_read_by_those_who_work_risk(
    salary_account: Account, zhou_min: User, branch_manager: User, sun_yue: User, auditor: User
) -> None:
    """R313, tipping-off: a branch manager learns that money is blocked, not by which rule; nor where it came from."""
    freeze = services.place_freeze(
        actor=SYSTEM,
        customer=salary_account.customer,
        account=salary_account,
        kind=FreezeKind.DEBIT_BLOCK,
        reason="Automatic control by the monitoring rule “Fast in, fast out”",
        origin=("risk.hit", "T-2222BBBB"),
    )
    page = reverse("products:freeze", args=[freeze.reference])
    for person in (zhou_min, auditor):
        assert "Fast in, fast out" in browser(person).get(page).content.decode()
    seen = browser(branch_manager).get(page)
    assert seen.status_code == 200
    for secret in ("Fast in", "T-2222BBBB", "monitoring rule"):
        assert secret not in seen.content.decode()
    assert "The risk department answers questions" in seen.content.decode()
    assert browser(sun_yue).get(page).status_code in (403, 404)
    pages = [reverse(name, args=[salary_account.customer.reference]) for name in ("customers:customer",)]
    pages += [reverse("products:account", args=[salary_account.reference]), reverse("products:freeze_list")]
    for person in (branch_manager, sun_yue):
        for other in pages:
            assert "Fast in" not in browser(person).get(other).content.decode()


def test_a_courts_reason_is_no_secret_of_ours(courts: Freeze, branch_manager: User) -> None:
    assert "协助执行通知书" in browser(branch_manager).get(reverse("products:freeze", args=[courts.reference])).content.decode()
