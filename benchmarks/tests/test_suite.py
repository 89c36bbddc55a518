"""The suite says what was missed, what was not measured, and on how quiet a machine."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bulk, suite

LOOP = {"cpu_per_s": 1000, "fsync_per_s": 100, "copy_per_s": 1000}


def part(found: float, *, met: bool) -> dict[str, Any]:
    """What a run of a part leaves behind."""
    floors = {"per_s": {"floor": 2_500, "found": found, "met": met}}
    return {"state": "measured", "reference": {"before": LOOP, "after": LOOP, "quiet": True}, "figures": {"floors": floors}}


def ended(monkeypatch: pytest.MonkeyPatch, folder: Path, outcomes: dict[str, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Run the suite over parts that end so; its code and its file."""
    monkeypatch.setattr(suite, "LATEST", folder / "latest.json")
    monkeypatch.setattr(suite, "run", outcomes.__getitem__)
    monkeypatch.setattr(sys, "argv", ["suite", *outcomes])
    code = suite.main()
    return code, json.loads((folder / "latest.json").read_text())


def test_a_missed_floor_ends_with_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One missed floor among those met is enough, and the table names it."""
    code, latest = ended(monkeypatch, tmp_path, {"bulk": part(2_400, met=False), "pages": part(3_000, met=True)})
    assert code == 1
    assert "MISSED" in capsys.readouterr().out
    assert latest["bulk"]["figures"]["floors"]["per_s"]["found"] == 2_400


def test_floors_that_are_met_end_with_0_and_other_parts_keep_what_they_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run of one part neither forgets nor invents the others."""
    ended(monkeypatch, tmp_path, {"pages": part(3_000, met=True)})
    code, latest = ended(monkeypatch, tmp_path, {"bulk": part(2_600, met=True)})
    assert code == 0
    assert latest["pages"]["state"] == "measured"
    assert latest["decisions"] == {"state": "not measured"}


def test_a_part_that_fails_ends_with_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No figures are no success."""
    assert ended(monkeypatch, tmp_path, {"bulk": {"state": "failed"}})[0] == 1


def test_a_part_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run for it, and it is said."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert suite.run("bulk") == {"state": "not measured"}


def test_a_busy_machine_is_said() -> None:
    """A reference loop that has changed by a fifth is no quiet machine; the disk may."""
    assert suite.is_quiet(LOOP, LOOP | {"fsync_per_s": 50})
    assert not suite.is_quiet(LOOP, LOOP | {"cpu_per_s": 800})


def test_bulk_compares_each_figure_with_its_floor() -> None:
    """At the floor is met, below it is not; of a ceiling the other way round."""
    found = dict(bulk.FLOORS) | dict(bulk.CEILINGS)
    assert all(one["met"] for one in bulk.floors(found).values())
    missed = bulk.floors(found | {"per_s": 2_499, "audit_share": 0.16})
    assert [name for name, one in missed.items() if not one["met"]] == ["per_s", "audit_share"]
