"""The life of a transaction: the core's messages once each, people's decisions by a second person, and who owes a judgement then.

Requirements: R093.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.utils import timezone

from crm.access.actor import FEED, IMPORTER, SYSTEM, Actor
from crm.access.errors import NotVisible, Refused
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor
from customers.models import CustomerFigures
from products.models import Account
from transactions import services
from transactions.choices import CORE_SAYS, NEXT_STATUS, Direction, OwedCause, Screening, Status
from transactions.models import Source, StatusEvent, Transaction
from transactions.services import MessageDiffers, NotYours, Outcome, OwnTransaction, ReasonNeeded, Step, StepNotPossible
from transactions.tests.personas import NOON, heard, movement, recorded
from transactions.validators import BadValue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def told(row: Transaction, status: Status, number: str = "1", at: datetime = NOON) -> Transaction:
    """The core says what became of it."""
    step = Step(status=status, at=at, source=row.source, external_id=f"S-{number}")
    return services.change_status(actor=SYSTEM, reference=row.reference, step=step)


def followed(row: Transaction, status: Status, at: datetime = NOON) -> Transaction:
    """A verdict says whether it may go."""
    services.follow_verdicts(actor=SYSTEM, ids=[row.pk], status=status, at=at)
    return Transaction.objects.get(pk=row.pk)


def judged(row: Transaction) -> Transaction:
    """Act as if the rules had judged it."""
    Transaction.objects.filter(pk=row.pk).update(screening=Screening.JUDGED)
    return Transaction.objects.get(pk=row.pk)


def test_received_approved_completed(salary_account: Account) -> None:
    """R092, R094: the time line holds each step in order, with its own time and its message."""
    row = recorded(salary_account)
    followed(row, Status.APPROVED, NOON + timedelta(seconds=5))
    told(row, Status.COMPLETED, "2", NOON + timedelta(seconds=9))
    row.refresh_from_db()
    assert (row.status, row.status_at, row.version) == (Status.COMPLETED, NOON + timedelta(seconds=9), 2)
    assert list(row.status_events.order_by("id").values_list("status", "external_id")) == [
        ("received", ""),
        ("approved", ""),
        ("completed", "S-2"),
    ]


@pytest.mark.parametrize(("before", "after"), list(product(Status, CORE_SAYS)))
def test_only_listed_steps_are_possible(salary_account: Account, before: Status, after: Status) -> None:
    """Every pair of statuses, against the table."""
    row = recorded(salary_account)
    reversed_at = NOON if before == Status.REVERSED else None
    Transaction.objects.filter(pk=row.pk).update(status=before, reversed_at=reversed_at)
    if after in NEXT_STATUS.get(before, frozenset()):
        assert told(row, after).status == after
    else:
        with pytest.raises(StepNotPossible):
            told(row, after)
        assert Transaction.objects.get(pk=row.pk).status == before


@pytest.mark.parametrize("actor", [SYSTEM, IMPORTER, FEED], ids=lambda actor: actor.number)
@pytest.mark.parametrize("status", [status for status in Status if status not in CORE_SAYS])
@pytest.mark.parametrize("before", Status)
def test_whether_money_may_go_is_nobodys_message(salary_account: Account, before: Status, status: Status, actor: Actor) -> None:
    """R120: released, declined, held and approved come from decisions of ours alone, whoever speaks for the core."""
    row = recorded(salary_account)
    Transaction.objects.filter(pk=row.pk).update(status=before, reversed_at=NOON if before == Status.REVERSED else None)
    with pytest.raises(NotYours):
        services.change_status(actor=actor, reference=row.reference, step=Step(status=status, at=NOON, source=row.source, external_id="S"))
    assert Transaction.objects.get(pk=row.pk).status == before


def test_the_same_message_again_changes_nothing(salary_account: Account) -> None:
    """With other content it is a conflict."""
    row = recorded(salary_account)
    told(row, Status.COMPLETED)
    told(row, Status.REVERSED, "2")
    assert told(row, Status.COMPLETED).status == Status.REVERSED
    with pytest.raises(MessageDiffers):
        told(row, Status.FAILED)
    with pytest.raises(MessageDiffers):
        told(row, Status.COMPLETED, at=NOON + timedelta(seconds=1))
    assert StatusEvent.objects.filter(transaction=row).count() == 3


def test_a_message_from_the_future_is_refused(salary_account: Account) -> None:
    """Five minutes, like transactions."""
    with pytest.raises(BadValue):
        told(recorded(salary_account), Status.COMPLETED, at=timezone.now() + timedelta(minutes=6))


def test_completion_moves_the_figures_and_reversal_moves_them_back(salary_account: Account) -> None:
    """R301."""
    before = CustomerFigures.objects.get(customer=salary_account.customer).assets_cny
    row = recorded(salary_account, amount=Decimal("250.25"))
    told(row, Status.COMPLETED)
    assert CustomerFigures.objects.get(customer=salary_account.customer).assets_cny == before - Decimal("250.25")
    told(row, Status.REVERSED, "2")
    assert CustomerFigures.objects.get(customer=salary_account.customer).assets_cny == before


def test_a_reversal_owes_a_judgement_and_is_told_inside_the_transaction(salary_account: Account, core: Source, supervisor: User) -> None:
    """The row that owes is the queue: nothing is lost with a message."""
    row = judged(recorded(salary_account, source="core"))
    with heard() as said:
        services.reverse(actor=as_actor(supervisor), row=row, reason="booked on the wrong account")
    row.refresh_from_db()
    assert (row.status, row.screening, row.owed_cause) == (Status.REVERSED, Screening.OWED, OwedCause.REVERSED)
    assert row.reversed_at == row.status_at
    assert [(message["ids"], message["cause"]) for message in said["changed"]] == [([row.pk], OwedCause.REVERSED)]
    assert Event.objects.filter(action="transaction.reversed", reason="booked on the wrong account").exists()


@pytest.mark.parametrize(
    ("direction", "status", "owes"),
    [
        (Direction.DEBIT, Status.COMPLETED, False),
        (Direction.DEBIT, Status.REVOKED, True),
        (Direction.DEBIT, Status.FAILED, True),
        (Direction.CREDIT, Status.COMPLETED, True),
        (Direction.CREDIT, Status.FAILED, False),
    ],
)
def test_a_step_that_changes_what_counts_owes_a_judgement(
    salary_account: Account, direction: Direction, status: Status, owes: bool
) -> None:
    """Debits count from receipt, credits once held or completed; declined and failed never."""
    row = judged(recorded(salary_account, direction=direction))
    told(row, status)
    row.refresh_from_db()
    assert (row.screening == Screening.OWED) is owes
    if owes:
        assert row.owed_cause == OwedCause.CORRECTED


def test_what_was_never_judged_keeps_its_cause(salary_account: Account) -> None:
    """It will be judged as it then stands."""
    row = recorded(salary_account)
    told(row, Status.FAILED)
    row.refresh_from_db()
    assert (row.screening, row.owed_cause) == (Screening.OWED, OwedCause.NEW)


@pytest.mark.parametrize(
    ("screening", "cause"),
    [
        (Screening.EXEMPT, OwedCause.NEW),
        (Screening.JUDGED, OwedCause.NEW),
        (Screening.OWED, OwedCause.LATE),
        (Screening.OWED, OwedCause.NEW),
    ],
)
def test_later_ones_hear_of_every_change_of_what_counts(
    salary_account: Account, core: Source, screening: Screening, cause: OwedCause
) -> None:
    """History that is reversed stays unjudged itself, but counted in windows of later ones."""
    row = recorded(salary_account, source="core")
    Transaction.objects.filter(pk=row.pk).update(screening=screening, owed_cause=cause)
    with heard() as said:
        told(row, Status.REVERSED)
    assert [message["ids"] for message in said["changed"]] == [[row.pk]]
    row.refresh_from_db()
    assert (row.screening == Screening.EXEMPT) is (screening == Screening.EXEMPT)


def hold_row(row: Transaction) -> Transaction:
    """Hold it as a verdict would."""
    return followed(row, Status.HELD)


def test_a_held_transaction_is_released_by_somebody_else(salary_account: Account, zhou_min: User) -> None:
    """R141; scenario 33: a second person."""
    own = recorded(salary_account, 1)
    Transaction.objects.filter(pk=own.pk).update(entered_by=zhou_min)
    other = recorded(salary_account, 2, operator=zhou_min.number)  # what its source writes there locks nobody out
    with_log = [hold_row(own), hold_row(other)]
    with pytest.raises(OwnTransaction):
        services.release_held(actor=as_actor(zhou_min), row=with_log[0], reason="customer called")
    with pytest.raises(ReasonNeeded):
        services.release_held(actor=as_actor(zhou_min), row=with_log[1], reason="  ")
    row = services.release_held(actor=as_actor(zhou_min), row=with_log[1], reason="customer called")
    assert row.status == Status.RELEASED
    own.refresh_from_db()
    assert own.status == Status.HELD


def test_release_is_no_right_of_everybody(salary_account: Account, shanghai_account: Account, sun_yue: User, branch_manager: User) -> None:
    """A relationship manager has no such function, a branch manager only in her branch."""
    mine, far = hold_row(recorded(salary_account, 1)), hold_row(recorded(shanghai_account, 2))
    with pytest.raises(Refused):
        services.release_held(actor=as_actor(sun_yue), row=mine, reason="please")
    with pytest.raises(NotVisible):
        services.decline_held(actor=as_actor(branch_manager), row=far, reason="not mine")
    assert services.decline_held(actor=as_actor(branch_manager), row=mine, reason="not known").status == Status.DECLINED


def test_revoking_is_possible_before_completion_only(salary_account: Account, operations: User) -> None:
    """撤销 before, 冲正 after."""
    row = recorded(salary_account, operator=operations.number)
    assert services.revoke(actor=as_actor(operations), row=row, reason="typed twice").status == Status.REVOKED
    done = recorded(salary_account, 2, status=Status.COMPLETED)
    with pytest.raises(StepNotPossible):
        services.revoke(actor=as_actor(operations), row=done, reason="typed twice")


def test_verdicts_are_followed_set_based_where_they_still_can(salary_account: Account, core: Source) -> None:
    """A row its source has completed stays completed."""
    waiting, done = recorded(salary_account, 1), recorded(salary_account, 2, source="core")
    assert services.follow_verdicts(actor=SYSTEM, ids=[waiting.pk, done.pk], status=Status.HELD) == [waiting.pk]
    done.refresh_from_db()
    assert done.status == Status.COMPLETED
    with pytest.raises(Refused):
        services.follow_verdicts(actor=IMPORTER, ids=[waiting.pk], status=Status.APPROVED)


def test_a_reversed_movement_leaves_the_balance(salary_account: Account, core: Source, days_ago: Callable[[float], datetime]) -> None:
    """Booked and undone since the report: nothing. Undone since, booked before: it comes back."""
    Account.objects.filter(pk=salary_account.pk).update(reported_balance=1_000, reported_at=days_ago(5))
    before = recorded(salary_account, 1, source="core", occurred_at=days_ago(6))
    since = recorded(salary_account, 2, source="core", occurred_at=days_ago(4))
    assert services.balances([salary_account.pk])[salary_account.pk].current == 900
    told(since, Status.REVERSED, "1", days_ago(3))
    assert services.balances([salary_account.pk])[salary_account.pk].current == 900 + 100 - 0 - 0
    told(before, Status.REVERSED, "2", days_ago(2))
    assert services.balances([salary_account.pk])[salary_account.pk].current == 1_100
    assert services.record_one(actor=IMPORTER, row=movement(salary_account, 9)).outcome == Outcome.NEW
