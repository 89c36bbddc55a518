"""One row whose consequence fails is set aside and told of; everything else is judged (R339)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from products.models import Account, Freeze
from risk.models import Alert, Assessment, LargeValueRow
from risk.services import aside, consequences, register, screening
from risk.tests.work import cash_in
from transactions.choices import Screening, Status
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
Plant = Callable[..., None]
HUGE = Decimal(9) * 10**19


@pytest.fixture
def rows(mobile: Source, salary_account: Account) -> list[Transaction]:
    return [recorded(salary_account, n, occurred_at=NOON + timedelta(minutes=n)) for n in range(1, 10)]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Let a consequence fail whenever one row is among those judged."""

    def spoil(name: str, pk: int, failure: Exception) -> None:
        module = {"follow": consequences, "refresh": register, "follow_verdicts": screening}[name]
        real = getattr(module, name)

        def failing(**given: Any) -> Any:
            met = given["ids"] if "ids" in given else [row.pk for row in given["judged"]]
            if pk in met:
                raise failure
            return real(**given)

        monkeypatch.setattr(module, name, failing)

    return spoil


def owed() -> list[int]:
    return list(Transaction.objects.filter(screening=Screening.OWED).values_list("pk", flat=True))


def test_the_others_are_judged_and_the_one_is_set_aside(
    rows: list[Transaction], plant: Plant, zhou_min: User, system_officer: User, sun_yue: User
) -> None:
    bad = rows[3]
    plant("follow", bad.pk, ValueError("a fault of the program"))
    outcome = screening.judge(ids=screening.owed_ids())
    assert (outcome.judged, outcome.set_aside, owed()) == (9, 1, [])
    labels = dict(Assessment.objects.values_list("transaction_id", "label"))
    assert [pk for pk, label in labels.items() if label == "review"] == [bad.pk]
    verdict = Assessment.objects.get(transaction=bad)
    assert verdict.exits["consequences"] == "engine_error"
    assert Transaction.objects.get(pk=bad.pk).status == Status.APPROVED
    line = Event.objects.get(action="transaction.set_aside")
    assert (line.target_ref, line.result, line.data) == (bad.reference, "failed", {"error": "ValueError", "lost": ["alerts"]})
    told = Notice.objects.filter(kind="risk.judgement_failed")
    ways = {notice.user: notice.url_name for notice in told}
    assert (ways[zhou_min], ways[system_officer]) == ("transactions:transaction", "")
    assert sun_yue not in ways


def test_people_are_told_once_a_day_and_kind_of_failure(rows: list[Transaction], plant: Plant, zhou_min: User) -> None:
    plant("follow", rows[0].pk, ValueError("one"))
    plant("refresh", rows[5].pk, ValueError("another"))
    screening.judge(ids=screening.owed_ids())
    assert Event.objects.filter(action="transaction.set_aside").count() == 2
    assert Notice.objects.filter(user=zhou_min, kind="risk.judgement_failed").count() == 1


def test_the_register_overflows_and_the_rest_follows(core: Source, salary_account: Account, zhou_min: User) -> None:
    """Two amounts that each fit and whose sum does not: alerts and other rows go on."""
    ordinary = cash_in(salary_account, first=1, count=4)
    huge = []
    for number in (20, 21):
        at = NOON + timedelta(days=1, hours=number - 20)
        row = recorded(salary_account, number, source="core", direction="C", instrument="cash", occurred_at=at)
        Transaction.objects.filter(pk=row.pk).update(amount_cny=HUGE)
        huge.append(row.reference)
    after = recorded(salary_account, 30, source="core", amount=Decimal(50_000), direction="D", instrument="cash", occurred_at=NOON)
    for _sweep in range(3):
        screening.judge(ids=screening.owed_ids())
    assert owed() == []
    lines = Event.objects.filter(action="transaction.set_aside").order_by("id")
    assert [line.target_ref for line in lines] == huge
    assert all("register" in line.data["lost"] for line in lines)
    assert LargeValueRow.objects.filter(bank_date=after.bank_date, direction="D", total=50_000).exists()
    assert Alert.objects.filter(rule__code="structuring", customer=ordinary[0].customer).exists()


def test_a_hold_stays_a_hold_although_its_consequences_fail(mobile: Source, salary_account: Account, plant: Plant) -> None:
    """Never let money go because something broke."""
    row = recorded(salary_account, 1, amount=Decimal(60_000), kind="withdrawal", instrument="cash")
    plant("refresh", row.pk, ValueError("a fault of the program"))
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.get(transaction=row)
    assert (verdict.label, verdict.exits["consequences"]) == ("hold", "engine_error")
    assert Transaction.objects.get(pk=row.pk).status == Status.HELD
    assert verdict.hits.exists()


def test_a_failure_that_may_pass_is_tried_again_behind_the_others(rows: list[Transaction], plant: Plant) -> None:
    bad = rows[0]
    plant("follow", bad.pk, psycopg.errors.DeadlockDetected("for once"))
    assert screening.judge(ids=screening.owed_ids()).judged == 8
    assert owed() == [bad.pk]
    assert screening.owed_ids() == []  # it rests a while
    Transaction.objects.filter(pk=bad.pk).update(owed_retry_at=timezone.now())
    fresh = recorded(bad.account, 50, occurred_at=NOON + timedelta(hours=1))
    assert screening.owed_ids() == [fresh.pk, bad.pk]
    assert Event.objects.get(action="transaction.not_judged").data["attempts"] == 1


def test_a_failure_that_does_not_pass_ends_aside(rows: list[Transaction], plant: Plant) -> None:
    bad = rows[0]
    plant("follow", bad.pk, psycopg.errors.DeadlockDetected("always"))
    for _attempt in range(screening.ATTEMPTS):
        screening.judge(ids=[bad.pk])
    row = Transaction.objects.get(pk=bad.pk)
    assert (row.screening, row.owed_attempts, row.owed_retry_at) == (Screening.JUDGED, 0, None)
    assert Assessment.objects.get(transaction=bad).exits["consequences"] == "engine_error"


def test_what_cannot_even_be_set_aside_waits_and_is_told(rows: list[Transaction], plant: Plant, zhou_min: User) -> None:
    bad = rows[0]
    plant("follow_verdicts", bad.pk, ValueError("the status does not move"))
    for _sweep in range(3):
        screening.judge(ids=screening.owed_ids())
    assert owed() == [bad.pk]
    assert not Assessment.objects.filter(transaction=bad).exists()
    assert Event.objects.filter(action="transaction.not_judged").count() == 1
    notice = Notice.objects.get(user=zhou_min, kind="risk.judgement_failed")
    assert notice.params == {"reference": bad.reference, "error": "ValueError"}


def test_it_waits_longer_each_time_but_never_more_than_an_hour(rows: list[Transaction], system_officer: User) -> None:
    now, waits = timezone.now(), []
    for _attempt in range(16):
        aside.put_off(actor=SYSTEM, pk=rows[0].pk, failure=ValueError(), now=now)
        waits.append((Transaction.objects.get(pk=rows[0].pk).owed_retry_at or now) - now)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=20), timedelta(hours=1))


def test_an_automatic_freeze_is_placed_although_the_register_fails(core: Source, salary_account: Account, plant: Plant) -> None:
    """Each consequence stands by itself when one of them fails."""
    into = recorded(salary_account, 1, source="core", amount=Decimal(60_000), direction="C", occurred_at=NOON)
    out = recorded(salary_account, 2, source="core", amount=Decimal(59_000), occurred_at=NOON + timedelta(hours=2))
    plant("refresh", out.pk, ValueError("a fault of the program"))
    screening.judge(ids=[into.pk, out.pk])
    assert Freeze.objects.filter(customer=salary_account.customer, origin_reference=out.reference).exists()
