"""A freeze that is placed while money is under way: nothing of ours lets it go any more; what the core did all the same is known at once.

Requirements: R111, R120, R339.
"""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.access.actor import IMPORTER, SYSTEM
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.at_once import together
from crm.tests.personas import as_actor
from products.choices import FreezeKind
from products.models import Account, Freeze
from products.services import place_freeze
from risk.services import screening
from transactions import services
from transactions.choices import PENDING, Direction, Screening, Status
from transactions.models import Source, Transaction
from transactions.services import CannotGo, Step, StepNotPossible
from transactions.tests.personas import NOON, heard, movement, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def court(officer: User, account: Account, *, whole: bool = False) -> Freeze:
    """A court stops an account, or the whole customer."""
    return place_freeze(
        actor=as_actor(officer),
        customer=account.customer,
        account=None if whole else account,
        kind=FreezeKind.AUTHORITY,
        authority="court",
        document="(2026)京01执1号",
        reason="court order",
    )


def put(row: Transaction, status: str) -> Transaction:
    """The transaction as it stands at some point of its life."""
    Transaction.objects.filter(pk=row.pk).update(status=status)
    return Transaction.objects.get(pk=row.pk)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("status", PENDING)
def test_debits_under_way_are_refused_when_the_freeze_is_placed(
    salary_account: Account, zhou_min: User, status: Status, whole: bool
) -> None:
    """Each with its own line and step; credits, and what was done or ended before, stay as they are."""
    debit = put(recorded(salary_account, 1), status)
    others = [recorded(salary_account, 2, direction=Direction.CREDIT), put(recorded(salary_account, 3), Status.COMPLETED)]
    placed = court(zhou_min, salary_account, whole=whole)
    debit.refresh_from_db()
    assert (debit.status, debit.refusal, debit.refused_by) == (Status.REFUSED, "freeze", placed)
    assert debit.status_events.latest("id").status == Status.REFUSED
    line = Event.objects.get(action="transaction.refused")
    assert (line.target_ref, line.result, line.data) == (debit.reference, "refused", {"freeze": placed.reference, "before": status.value})
    assert [Transaction.objects.get(pk=row.pk).status for row in others] == [row.status for row in others]


def test_another_account_of_the_customer_goes_on(salary_account: Account, spare_account: Account, zhou_min: User) -> None:
    """The freeze names one account."""
    free = recorded(spare_account, 1)
    court(zhou_min, salary_account)
    assert services.follow_verdicts(actor=SYSTEM, ids=[free.pk], status=Status.APPROVED) == [free.pk]


def test_later_ones_hear_that_a_stopped_debit_no_longer_counts(salary_account: Account, zhou_min: User) -> None:
    """Like every change of what counts."""
    row = recorded(salary_account)
    Transaction.objects.filter(pk=row.pk).update(screening=Screening.JUDGED)
    with heard() as said:
        court(zhou_min, salary_account)
    assert [message["ids"] for message in said["changed"]] == [[row.pk]]


def test_an_amount_freeze_stops_what_it_leaves_no_room_for(salary_account: Account, zhou_min: User) -> None:
    """1,000 held, two debits of 300 under way, 500 frozen: the first event goes on, the second does not."""
    Account.objects.filter(pk=salary_account.pk).update(reported_balance=1_000, reported_at=timezone.now() - timedelta(days=400))
    early, late = (recorded(salary_account, n, amount=Decimal(300), occurred_at=timezone.now() - timedelta(minutes=9 - n)) for n in (1, 2))
    place_freeze(
        actor=as_actor(zhou_min), customer=salary_account.customer, account=salary_account, kind=FreezeKind.AMOUNT,
        amount=Decimal(500), reason="half of it",
    )  # fmt: skip
    assert [Transaction.objects.get(pk=row.pk).status for row in (early, late)] == [Status.RECEIVED, Status.REFUSED]
    assert services.follow_verdicts(actor=SYSTEM, ids=[early.pk], status=Status.APPROVED) == [early.pk]


def stands_silently(account: Account, **more: Any) -> Freeze:
    """A freeze that no announcement went before, as one placed by an older release."""
    given = {"kind": FreezeKind.AUTHORITY, "authority": "court", "document": "1", "reason": "court order", **more}
    return Freeze.objects.create(customer=account.customer, account=account, **given)


def test_a_verdict_does_not_approve_against_a_freeze(salary_account: Account) -> None:
    """It is refused and kept as if it arrived now, and is not among those approved."""
    row, credit = recorded(salary_account, 1), recorded(salary_account, 2, direction=Direction.CREDIT)
    placed = stands_silently(salary_account)
    assert services.follow_verdicts(actor=SYSTEM, ids=[row.pk, credit.pk], status=Status.APPROVED) == [credit.pk]
    row.refresh_from_db()
    assert (row.status, row.refused_by) == (Status.REFUSED, placed)


def test_debits_of_one_batch_share_what_an_amount_freeze_leaves(salary_account: Account, shanghai_account: Account) -> None:
    """1,000 held, 500 frozen: of two debits of 300 the earlier is approved, beside that of a customer of whom nothing stands."""
    Account.objects.filter(pk=salary_account.pk).update(reported_balance=1_000, reported_at=timezone.now() - timedelta(days=400))
    early, late = (recorded(salary_account, n, amount=Decimal(300), occurred_at=timezone.now() - timedelta(minutes=9 - n)) for n in (1, 2))
    other = recorded(shanghai_account, 3)
    stands_silently(salary_account, kind=FreezeKind.AMOUNT, amount=Decimal(500), currency="CNY")
    ids = [late.pk, other.pk, early.pk]
    assert services.follow_verdicts(actor=SYSTEM, ids=ids, status=Status.APPROVED) == sorted([early.pk, other.pk])
    assert Transaction.objects.get(pk=late.pk).status == Status.REFUSED


def test_a_held_debit_is_not_released_against_a_freeze(salary_account: Account, zhou_min: User, branch_manager: User) -> None:
    """Who may know is told which freeze; to anybody else it is not possible at present. Declining stays possible."""
    row = put(recorded(salary_account), Status.HELD)
    placed = stands_silently(salary_account)
    with pytest.raises(CannotGo, match=placed.reference):
        services.release_held(actor=as_actor(zhou_min), row=row, reason="customer called")
    with pytest.raises(CannotGo, match="at present") as told:
        services.release_held(actor=as_actor(branch_manager), row=row, reason="customer called")
    assert placed.reference not in str(told.value)
    assert services.decline_held(actor=as_actor(zhou_min), row=row, reason="frozen").status == Status.DECLINED


@pytest.mark.parametrize("announced", [True, False])
def test_what_the_core_completed_all_the_same_is_a_fact_and_an_alarm(salary_account: Account, zhou_min: User, announced: bool) -> None:
    """The people who place freezes have it on their page and in the mail; the movement counts and owes a judgement."""
    row = recorded(salary_account)
    placed = court(zhou_min, salary_account) if announced else stands_silently(salary_account)
    step = Step(status=Status.COMPLETED, at=timezone.now(), source=row.source, external_id="S-1")
    for _again in range(2):
        assert services.change_status(actor=SYSTEM, reference=row.reference, step=step).status == Status.COMPLETED
    line = Event.objects.get(action="transaction.completed_frozen")
    assert (line.target_ref, line.result, line.data) == (row.reference, "failed", {"freeze": placed.reference})
    assert zhou_min in [notice.user for notice in Notice.objects.filter(kind="transactions.completed_frozen")]
    assert Transaction.objects.get(pk=row.pk).screening == Screening.OWED


def test_what_was_completed_before_the_freeze_alarms_nobody(salary_account: Account) -> None:
    """The core's message came late, the money moved in time."""
    row = recorded(salary_account)
    placed = stands_silently(salary_account)
    step = Step(status=Status.COMPLETED, at=placed.placed_at - timedelta(seconds=1), source=row.source, external_id="S-1")
    services.change_status(actor=SYSTEM, reference=row.reference, step=step)
    assert not Notice.objects.filter(kind="transactions.completed_frozen").exists()


def test_money_refused_on_arrival_and_moved_all_the_same_owes_a_judgement(salary_account: Account, zhou_min: User) -> None:
    """It was exempt because it had not moved."""
    court(zhou_min, salary_account)
    row = recorded(salary_account)
    assert (row.status, row.screening) == (Status.REFUSED, Screening.EXEMPT)
    services.change_status(actor=SYSTEM, reference=row.reference, step=Step(status=Status.COMPLETED, at=timezone.now()))
    assert Transaction.objects.get(pk=row.pk).screening == Screening.OWED
    assert Event.objects.filter(action="transaction.completed_frozen").count() == 1


def test_a_source_that_reports_done_debits_of_a_frozen_account_alarms(salary_account: Account, core: Source, zhou_min: User) -> None:
    """Kept as refused like every attempt; but its source says that the money has moved."""
    placed = court(zhou_min, salary_account)
    late = [movement(salary_account, n, source="core", occurred_at=placed.placed_at + timedelta(milliseconds=n)) for n in (1, 2)]
    services.record(actor=IMPORTER, rows=late)
    assert Event.objects.filter(action="transaction.completed_frozen").count() == 1
    assert Notice.objects.filter(kind="transactions.completed_frozen", user=zhou_min).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_freeze_against_release_has_one_outcome(salary_account: Account, zhou_min: User, supervisor: User, turn: int) -> None:
    """Whoever comes second finds what the first did: in the end the freeze stands and the debit is refused, never released."""
    row = put(recorded(salary_account), Status.HELD)
    freezing = lambda: court(supervisor, salary_account, whole=turn % 2 == 1)  # noqa: E731 - an act among acts
    placed, released = together(freezing, lambda: services.release_held(actor=as_actor(zhou_min), row=row, reason="customer called"))
    assert isinstance(placed, Freeze), placed
    assert isinstance(released, Transaction | StepNotPossible | CannotGo), released
    assert Transaction.objects.get(pk=row.pk).status == Status.REFUSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_freeze_against_approval_has_one_outcome(salary_account: Account, supervisor: User, turn: int) -> None:
    """The judgement's approval and the freeze hold the same customer and account: in the end nothing is approved."""
    rows = [recorded(salary_account, n) for n in range(5)]
    freezing = lambda: court(supervisor, salary_account, whole=turn % 2 == 1)  # noqa: E731 - an act among acts
    placed, judged = together(freezing, lambda: screening.judge(ids=[row.pk for row in rows]))
    assert isinstance(placed, Freeze), placed
    assert isinstance(judged, screening.Outcome), judged
    assert {Transaction.objects.get(pk=row.pk).status for row in rows} == {Status.REFUSED}


def test_what_is_judged_after_the_freeze_is_not_approved(salary_account: Account) -> None:
    """Recorded a second before, judged a second after; those that follow hear of it, and the queue comes to rest."""
    row = recorded(salary_account, occurred_at=timezone.now())
    stands_silently(salary_account)
    screening.judge(ids=[row.pk])
    assert Transaction.objects.get(pk=row.pk).status == Status.REFUSED
    for _sitting in range(3):
        screening.judge(ids=screening.owed_ids())
    assert screening.owed_ids() == []


def test_a_debit_whose_own_judgement_freezes_the_account_is_answered_declined(
    salary_account: Account, partner_headers: dict[str, str]
) -> None:
    """What comes in goes out again: the rule places a freeze, and the payment that showed it does not pass it."""
    credit = recorded(salary_account, 1, direction=Direction.CREDIT, amount=Decimal(60_000), status=Status.COMPLETED)
    screening.judge(ids=[credit.pk])
    debit = {
        "source": "mobile", "external_id": "M-2", "account": salary_account.reference, "direction": "D", "amount": "58000",
        "currency": "CNY", "occurred_at": (NOON + timedelta(minutes=30)).isoformat(), "kind": "transfer", "instrument": "transfer",
        "channel": "mobile",
    }  # fmt: skip
    answer = Client(headers=partner_headers).post("/api/v1/decisions/", json.dumps(debit), content_type="application/json").json()
    assert Freeze.objects.filter(account=salary_account, kind=FreezeKind.DEBIT_BLOCK).exists()
    assert (answer["transaction"]["status"], answer["verdict"]) == ("refused", {"label": "decline", "reason": "refused"})
