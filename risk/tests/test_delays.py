"""Verdicts that come late: a banner with the oldest waiting time for those whom it concerns, told once, gone by itself (R339)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from products.models import Account
from risk.models import JudgingDelay
from risk.services import delays, screening
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
SEE = ("82001", "82002", "82003", "84001", "87001")


@pytest.fixture
def late(mobile: Source, salary_account: Account) -> Transaction:
    """Three transactions wait, the oldest for two minutes."""
    rows = [recorded(salary_account, n, occurred_at=NOON + timedelta(minutes=n)) for n in range(3)]
    Transaction.objects.filter(pk=rows[1].pk).update(owed_since=timezone.now() - timedelta(seconds=130))
    return rows[1]


def told(kind: str = "risk.judging_delayed") -> list[tuple[str, str]]:
    return sorted(Notice.objects.filter(kind=kind).values_list("user__number", "subject"))


def test_those_whom_it_concerns_see_how_long_the_oldest_waits(late: Transaction, bank: Bank) -> None:
    for number, person in bank.people.items():
        page = browser(person).get(reverse("staff:home")).content.decode()
        assert ("Judging is delayed" in page) == (number in SEE), number
    queue = browser(bank.people["82001"]).get(reverse("risk:alert_list")).content.decode()
    assert "2 min 1" in queue
    assert "Waiting in all: 3." in queue


def test_nobody_else_hears_of_it(late: Transaction, bank: Bank) -> None:
    """A relationship manager learns neither from a page nor from a notice that somebody is being looked at."""
    delays.watch()
    assert {number for number, _subject in told()} == set(SEE)
    assert late.reference not in str(list(Notice.objects.values_list("body", "params")))


def test_people_are_told_once_when_it_begins_and_once_when_it_is_over(late: Transaction, bank: Bank) -> None:
    now = timezone.now()
    for seconds in (0, 10, 20):
        assert delays.watch(now=now + timedelta(seconds=seconds)) is not None
    assert told() == [(number, "Judging is delayed") for number in SEE]
    screening.judge(ids=screening.owed_ids())
    for seconds in (30, 40):
        assert delays.watch(now=now + timedelta(seconds=seconds)) is None
    assert told() == sorted([(n, "Judging is delayed") for n in SEE] + [(n, "Judging has caught up") for n in SEE])
    assert list(Event.objects.filter(action__startswith="judging.").order_by("id").values_list("action", flat=True)) == [
        "judging.delayed",
        "judging.caught_up",
    ]
    assert JudgingDelay.objects.get().over_at == now + timedelta(seconds=30)
    assert "Judging is delayed" not in browser(bank.people["82001"]).get(reverse("risk:alert_list")).content.decode()


def test_where_no_worker_lives_the_page_tells(late: Transaction, bank: Bank, zhou_min: User) -> None:
    """Only the web runs: the first officer who looks sees the banner, and the others are told because of it."""
    browser(zhou_min).get(reverse("risk:alert_list"))
    browser(zhou_min).get(reverse("staff:home"))
    assert [number for number, _subject in told()] == list(SEE)


def test_a_second_delay_is_told_again(late: Transaction, bank: Bank) -> None:
    now = timezone.now()
    delays.watch(now=now)
    Transaction.objects.filter(screening="owed").update(owed_since=now)
    delays.watch(now=now + timedelta(seconds=1))
    delays.watch(now=now + timedelta(seconds=100))
    assert JudgingDelay.objects.count() == 2
    assert len(told()) == 3 * len(SEE)


def test_a_short_wait_says_nothing(mobile: Source, salary_account: Account, bank: Bank) -> None:
    recorded(salary_account, 1)
    assert delays.watch() is None
    assert not told()


def test_the_oldest_is_found_in_an_index(late: Transaction) -> None:
    """Every page of the officers asks: the first line of the partial index is read, neither the ledger nor all that waits.

    Of one line every way costs the same, so what could also be chosen is taken away; without the index the sort stays in the plan.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {delays._OLDEST}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "transaction_waiting" in plan, plan
    assert "Sort" not in plan, plan
