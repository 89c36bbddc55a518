"""What the storm sends and whom it kills: fixed before it begins, the same each time, every point and victim among it."""

from collections import Counter

import pytest

from benchmarks.chaos import plan, points, storm
from benchmarks.chaos.sabotage.faults import FAULTS
from benchmarks.chaos.traffic import Gate

ACCOUNTS = [f"A-{number}" for number in range(100)]
PROBES = [f"P-{number}" for number in range(20)]


def test_the_same_transactions_each_time_under_ids_of_their_own() -> None:
    first, second = (plan.make(ACCOUNTS, PROBES, 5_000) for _turn in range(2))
    assert first == second
    assert len(first.ids()) == first.size >= 5_000


def test_what_changes_knowledge_comes_once_for_a_customer() -> None:
    """Else it would depend on who is quicker how often a transaction is judged again."""
    made = plan.make(ACCOUNTS, PROBES, 5_000)
    account_of = {row["external_id"]: row["account"] for rows in (*made.rows.values(), *made.files) for row in rows}
    changes = Counter([row["account"] for row in made.later_rows] + [account_of[event.of] for event in made.events])
    assert changes
    assert max(changes.values()) == 1
    assert {event.status for event in made.events} == {"completed", "reversed"}


def test_a_file_has_a_middle() -> None:
    assert all(len(rows) > 1_100 for rows in plan.make(ACCOUNTS, PROBES, 5_000).files)


@pytest.mark.parametrize("kills", [20, 200])
def test_every_point_is_aimed_at_and_everybody_dies(kills: int) -> None:
    aims = storm.aims_for(kills, files=max(1, kills // 20))
    assert len(aims) == kills
    assert {point for _victim, point in aims if point} == set(points.POINTS)
    assert {victim for victim, _point in aims} == set(storm.VICTIMS)
    assert aims[0] == ("worker", "middle of a file")


def test_a_kill_in_the_middle_of_a_file_always_finds_one_that_has_not_begun() -> None:
    """Files that went along with the other senders would be over before the kill that waits for one."""
    files, aims = 10, storm.aims_for(200, files=10)
    middles = [number for number, (_victim, point) in enumerate(aims) if point == storm.MID_FILE]
    gate, begun = Gate(kept=len(middles)), 0
    for number in range(len(aims)):
        gate.allowed = (number + 1.5) / len(aims)
        while begun < files and gate.may_begin(begun, begun / files):
            begun += 1
        if number in middles:
            assert begun == gate.files
            gate.files += 1
            assert gate.may_begin(begun, begun / files)
    assert gate.files == len(middles)
    assert begun == files


def test_each_fault_that_needs_a_death_names_a_point() -> None:
    assert len(FAULTS) >= 8
    assert {fault.point for fault in FAULTS.values()} - {""} <= set(points.POINTS)
