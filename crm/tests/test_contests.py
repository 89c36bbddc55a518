"""Sixteen at once on the same rows: one outcome each, in every order; and each contest notices when its lock is taken away.

`python -m benchmarks.concurrency` fights a thousand rounds. Requirements: R111, R339, R371.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from benchmarks.arena import Arena, Outcomes
from benchmarks.bouts import Contest, World, build
from benchmarks.concurrency import deadlocks
from benchmarks.contests import CONTESTS
from crm.access.scopes import ScopedQuerySet
from crm.tests.personas import Bank
from customers import services as customers
from products.models import Account
from products.services import freezes
from transactions.services import recording, statuses, storing

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, ROUNDS, MANY = 16, 2, 60
NAMES = sorted(CONTESTS)


@pytest.fixture
def world(bank: Bank) -> World:
    return build(bank, THREADS, accounts=12)


@pytest.fixture
def arena() -> Iterator[Arena]:
    arena = Arena(THREADS)
    yield arena
    arena.close()


def fought(name: str, world: World, arena: Arena, rounds: int, first: int = 0) -> tuple[Contest, Outcomes]:
    contest = CONTESTS[name](world)
    return contest, contest.run(arena, rounds, first)


@pytest.mark.parametrize("name", NAMES)
def test_one_outcome_each(name: str, world: World, arena: Arena) -> None:
    contest, outcomes = fought(name, world, arena, ROUNDS)
    assert (contest.wrong, outcomes.broken, deadlocks()) == ([], [], 0), outcomes.answers


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_outcome_each_in_many_rounds(name: str, world: World, arena: Arena) -> None:
    contest, outcomes = fought(name, world, arena, MANY)
    assert (contest.wrong, outcomes.broken, deadlocks()) == ([], [], 0), outcomes.answers


def _reads_only(_customers: object, accounts: Any) -> dict[int, Any]:
    """What `hold` returns, without holding anything."""
    return {row.pk: (row.status, row.closed_at) for row in Account.objects.filter(pk__in=list(accounts))}


def nobody_holds_the_parties(patch: pytest.MonkeyPatch) -> None:
    from risk.services import screening

    for module in (recording, statuses, screening):
        patch.setattr(module, "hold", _reads_only)
    files_hold_nothing(patch)


def files_hold_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recording, "hold_beside_judging", _reads_only)


def nobody_holds_the_parties_nor_their_figures(patch: pytest.MonkeyPatch) -> None:
    nobody_holds_the_parties(patch)
    # The sum of a customer's money is one row; whoever changes it holds everybody else off until the commit, too.
    patch.setattr(customers, "update_figures", lambda _moved: None)


def nobody_locks_rows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ScopedQuerySet, "locked", lambda self: self.order_by("pk"))


def freezes_do_not_hold_their_subject(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(freezes, "_hold", lambda _customer, _account: None)


def each_insert_insists(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storing, "_INSERT", storing._INSERT.replace("ON CONFLICT (source_id, external_id) DO NOTHING", ""))


def nobody_reserves_what_she_takes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(QuerySet, "select_for_update", lambda self, **_options: self)


FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], ...]] = {
    "freeze against payment": (nobody_holds_the_parties, files_hold_nothing, freezes_do_not_hold_their_subject),
    "withdrawals against one limit": (nobody_holds_the_parties, files_hold_nothing),
    "withdrawals against one rule": (nobody_holds_the_parties_nor_their_figures,),
    "two approvers": (nobody_locks_rows,),
    "lift against court order": (nobody_locks_rows, freezes_do_not_hold_their_subject),
    "duplicate ids": (each_insert_insists,),
    "claim next": (nobody_reserves_what_she_takes,),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults])
def test_a_contest_notices_that_its_lock_is_gone(
    name: str, fault: Callable[[pytest.MonkeyPatch], None], world: World, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a contest cannot fail on, it does not prove."""
    fault(monkeypatch)
    seen = 0
    for turn in range(6):
        try:
            contest, outcomes = fought(name, world, arena, 5, first=5 * turn)
        except Exception:  # noqa: BLE001 - a world so broken that the next round cannot begin
            seen += 1
            break
        seen += len(contest.wrong) + len(outcomes.broken)
        if seen:
            break
    connection.close()
    assert seen, f"{fault.__name__} passed unnoticed"
