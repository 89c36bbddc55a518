"""Web, worker, beat, broker and database die by kill -9 while transactions arrive: nothing is lost, doubled, half done or different.

Requirements: R338, R339, R371.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from crm.tests.house import ROOT

VICTIMS = {"web", "worker", "beat", "broker", "database"}
POINTS = {
    "after commit before enqueue",
    "mid statement",
    "after verdict before notice",
    "after verdict before messages",
    "middle of a file",
    "while sealing (database)",
    "while sealing (web)",
}


def _chaos(*words: str, patience: int) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.chaos", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patience, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_end_is_the_same_after_six_kills() -> None:
    """The whole product as `make run` starts it, twice, with 1,000 transactions: the short way to look after a change."""
    code, result = _chaos("--transactions", "1000", "--kills", "6", "--broker-down", "0", "--no-disk", patience=1_800)
    _nothing_is_wrong(code, result, kills=6)


@pytest.mark.slow
def test_the_end_is_the_same_after_twenty_kills_and_a_broker_that_forgot_and_fell_silent() -> None:
    """5,000 transactions and every point; `.ci/run` runs it by itself, `make chaos` does the same at larger size and with a full disk."""
    code, result = _chaos("--transactions", "5000", "--kills", "20", "--broker-down", "5", "--no-disk", patience=1_800)
    _nothing_is_wrong(code, result, kills=20)
    assert set(result["kills"]) == VICTIMS
    assert {name for name, times in result["points"].items() if times} == POINTS, result["points_missed"]
    assert result["broker_silent"]["not_answered_well"] == 0, result


def _nothing_is_wrong(code: int, result: dict[str, Any], *, kills: int) -> None:
    assert sum(result["kills"].values()) == kills
    for name in ("freezes", "alerts", "register", "told of alerts", "files", "told to the core", "mails"):
        assert result["counted"][name] > 0, f"a world without {name} would prove little"
    assert (result["lost"], result["doubled"], result["half_written"]) == (0, 0, {}), result
    assert result["different"] == {}, result
    assert result["unclear_answers"] == [], result
    assert result["log"] == "clean", result
    assert code == 0


@pytest.mark.slow
def test_the_census_finds_every_fault_that_is_built_in() -> None:
    """A unique key dropped, messages instead of owed rows, the chain's trigger off, no sweep, and eight more: k of k."""
    code, result = _chaos("--seeded", patience=3_600)
    assert result["of"] >= 12
    assert result["caught"] == result["of"], result["by"]
    assert code == 0
