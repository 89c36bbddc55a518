"""Runs tests with one guard away: a pytest plugin (`-p crm.tests.proofs.mutant_plugin`), loaded before the product's modules.

``CRM_MUTANTS_STEP=record`` notes which guards each test reaches, ``try`` runs the tests that were chosen, each once for every guard it was
chosen for. `tools/mutants.py` does the choosing. Everything lies in the folder ``CRM_MUTANTS``.
"""

import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from crm.tests.proofs import mutating
from crm.tests.proofs.mutating import SWITCHES

FOLDER = Path(os.environ.get("CRM_MUTANTS", "."))
STEP = os.environ.get("CRM_MUTANTS_STEP", "")
RESULTS = FOLDER / "results.json"


class Book:
    """What became of each site, kept in a file so that a run goes on where the last one stopped."""

    def __init__(self, path: Path = RESULTS) -> None:
        self.path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.killed: dict[str, str] = kept.get("killed", {})
        self.tried: dict[str, list[str]] = kept.get("tried", {})

    def note(self, site: str, test: str, *, missed: bool) -> None:
        """One test with one guard away."""
        self.tried.setdefault(site, []).append(test)
        if missed:
            self.killed[site] = test

    def is_open(self, site: str, test: str) -> bool:
        """Whether the test may still tell something about the guard."""
        return site not in self.killed and test not in self.tried.get(site, ())

    def save(self) -> None:
        """Write it down."""
        said = {"killed": self.killed, "tried": self.tried}
        self.path.write_text(json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True))


failed: set[str] = set()
begun: dict[str, float] = {}
if STEP:
    mutating.listen()
    PLAN: dict[str, list[str]] = json.loads((FOLDER / "plan.json").read_text()) if STEP == "try" else {}
    BOOK = Book()


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Of the tests that were chosen, no others."""
    if STEP == "try":
        items[:] = [item for item in items if item.nodeid in PLAN]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Generator[None, Any, Any]:
    """Note which tests fail."""
    report: Any = yield
    if STEP and not report.passed:
        failed.add(item.nodeid)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: Any, nextitem: Any) -> bool | None:
    """Run a test again and again; where only to record, note when it began and leave it to pytest."""
    if STEP == "try":
        _try(item)
        item.session._setupstate.teardown_exact(nextitem)
        return True
    SWITCHES.reached.clear()
    begun[item.nodeid] = time.monotonic()
    return None


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write down what a test has reached."""
    if STEP == "record" and nodeid in begun and nodeid not in failed:
        said = {"test": nodeid, "seconds": round(time.monotonic() - begun[nodeid], 2), "reached": sorted(SWITCHES.reached)}
        with (FOLDER / f"record-{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps(said) + "\n")


def _try(item: Any) -> None:
    """As it is, then with one guard away; a failure counts only where the test still passes with all of them there."""
    sites = [site for site in PLAN[item.nodeid] if BOOK.is_open(site, item.nodeid)]
    if not sites or not _passes(item):
        return
    found = list(mutating.hunt(sites, lambda: not _passes(item)))
    if any(missed for _site, missed in found) and not _passes(item):
        return
    for site, missed in found:
        BOOK.note(site, item.nodeid, missed=missed)
    BOOK.save()


def _passes(item: Any) -> bool:
    from _pytest.runner import runtestprotocol

    item._initrequest()
    # Its parent is named as the next one: all of the test's own is taken down, and nothing that others share.
    return all(report.passed for report in runtestprotocol(item, nextitem=item.parent, log=False))
