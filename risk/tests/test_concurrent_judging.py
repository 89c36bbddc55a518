"""Two workers, a channel and a file at once: each transaction is judged once, and nobody judges on half-known ground.

Requirements: R339.
"""

import re
import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from crm.access.actor import IMPORTER
from crm.database.prepared import run
from crm.log.models import Event
from crm.tests.at_once import Sessions, together
from products.models import Account
from risk.models import Assessment
from risk.services import screening
from transactions.models import Source, Transaction
from transactions.services import record
from transactions.services.locks import hold
from transactions.tests.personas import NOON, movement, recorded

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_on_the_same_rows_judge_each_once(core: Source, salary_account: Account) -> None:
    rows = [recorded(salary_account, n, source="core", occurred_at=NOON + timedelta(minutes=n)) for n in range(30)]
    ids = [row.pk for row in rows]
    outcomes = together(lambda: screening.judge(ids=ids), lambda: screening.judge(ids=ids[::-1]), lambda: screening.judge(ids=ids))
    assert all(isinstance(outcome, screening.Outcome) for outcome in outcomes), outcomes
    assert sum(outcome.judged for outcome in outcomes if isinstance(outcome, screening.Outcome)) == 30
    assert Assessment.objects.count() == 30
    assert Event.objects.filter(action="transaction.judged").count() == 1


def test_a_customer_whom_somebody_holds_keeps_nobody_else_waiting(core: Source, salary_account: Account, company_account: Account) -> None:
    """The others of the same batch are judged meanwhile, and that customer's rows as soon as they are let go."""
    held, free = recorded(salary_account, 1, source="core"), recorded(company_account, 2, source="core")
    judging = Sessions()
    with transaction.atomic():
        hold([held.customer_id], [])
        judging.begin(lambda: screening.judge(ids=[held.pk, free.pk]))
        deadline = time.monotonic() + 20
        while not Assessment.objects.filter(transaction=free).exists():
            assert time.monotonic() < deadline, judging.results
            time.sleep(0.02)
        assert not Assessment.objects.filter(transaction=held).exists()
        assert judging.results == [None]
    (outcome,) = judging.join(20)
    assert isinstance(outcome, screening.Outcome), outcome
    assert outcome.judged == 2
    assert Assessment.objects.filter(transaction=held).count() == 1


def test_two_workers_that_fail_on_a_customer_they_share_come_to_the_row_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """What had to wait for the customer and failed is halved and waits again; passing it by would begin anew for ever."""
    sittings, alone = 0, []

    def held_by_the_other(_actor: object, ids: Sequence[int], _now: object) -> screening.Outcome:
        return screening.Outcome(taken=list(ids))

    def fails(_actor: object, ids: Sequence[int], _now: object) -> screening.Outcome:
        nonlocal sittings
        sittings += 1
        if sittings > 50:
            pytest.fail("the halves never became smaller")
        raise RuntimeError(len(ids))

    def set_aside(_actor: object, pk: int, _failure: Exception, _now: object) -> screening.Outcome:
        alone.append(pk)
        return screening.Outcome()

    for name, act in (("_sit_beside", held_by_the_other), ("_sit", fails), ("_alone", set_aside)):
        monkeypatch.setattr(screening, name, act)
    screening.judge(ids=[1, 2, 3, 4, 5])
    assert alone == [1, 2, 3, 4, 5]


def test_two_withdrawals_at_once_do_not_both_pass_below_the_limit(mobile: Source, salary_account: Account) -> None:
    """The third within an hour is held, however the three race."""

    def decide(number: int) -> str:
        with transaction.atomic():
            row = movement(salary_account, number, kind="withdrawal", amount=Decimal(60), occurred_at=NOON + timedelta(seconds=number))
            (answer,) = record(actor=IMPORTER, rows=[row])
            return screening.judge_now([answer.pk or 0])[answer.pk or 0].label

    first = decide(1)
    labels = together(lambda: decide(2), lambda: decide(3))
    assert first == "allow"
    # Whoever is judged second knows of the other; if the later event came first, the earlier one owes it a new look.
    while ids := screening.owed_ids():
        screening.judge(ids=ids)
    third = Transaction.objects.get(external_id="M-3")
    assert Assessment.objects.filter(transaction=third).latest("revision").label == "hold", labels


def test_a_late_row_racing_the_judging_of_a_later_one_is_never_overlooked(core: Source, salary_account: Account) -> None:
    for turn in range(6):
        day = NOON - timedelta(days=3 * turn)
        later = recorded(salary_account, f"L{turn}", source="core", occurred_at=day + timedelta(minutes=9))

        def arrive(turn: int = turn, day: object = day) -> None:
            row = recorded(salary_account, f"E{turn}", source="core", occurred_at=day)
            screening.judge(ids=[row.pk])

        together(arrive, lambda later=later: screening.judge(ids=[later.pk]))  # type: ignore[misc]
        while ids := screening.owed_ids():
            screening.judge(ids=ids)
        newest = Assessment.objects.filter(transaction=later).latest("revision")
        place = next(
            n
            for n, fact in enumerate(newest.rule_set.facts)
            if fact["kind"] == "window" and fact["window"] == {"days": 1} and fact["formula"] == "count"
        )
        assert newest.facts[place] == 2


@pytest.mark.parametrize("statement", ["_ONE_OWED", "_OWED", "_HOLD_FREE"])
def test_what_a_sitting_costs_does_not_grow_with_the_backlog(core: Source, salary_account: Account, statement: str) -> None:
    """Rows are found by their keys. The index of all that owes looks cheaper to the server as long as it believes that little does."""
    rows = [recorded(salary_account, n, source="core", occurred_at=NOON + timedelta(minutes=n)) for n in range(30)]
    Transaction.objects.exclude(pk=rows[0].pk).update(screening="judged")
    values = {"id": rows[0].pk} if statement == "_ONE_OWED" else {"ids": [row.pk for row in rows[:3]]}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE transactions_transaction")
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(line for (line,) in run(f"EXPLAIN {getattr(screening, statement)}", values, prepare=False))
    used = set(re.findall(r"Index Scan using (\w+) on transactions_transaction|Index Scan on (\w+)", plan))
    assert {name for pair in used for name in pair if name.startswith("transaction")} == {"transactions_transaction_pkey"}, plan
