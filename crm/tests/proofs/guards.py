"""The list of the product's guards and what became of each without it: `guards.tsv`, written by `make mutants`, reasons by hand."""

import json
from dataclasses import dataclass
from pathlib import Path

from crm.tests.proofs import mutating

LIST = Path(__file__).with_name("guards.tsv")
NOTICED, SURVIVES, NOT_RUN = "noticed", "survives", "not run"


@dataclass(frozen=True)
class Guard:
    """One guard in one place; ``why`` is the test that noticed, or the reason why nothing can."""

    site: str
    state: str
    why: str


@dataclass(frozen=True)
class Results:
    """What runs have found so far: the test that noticed, and the tests that did not."""

    killed: dict[str, str]
    tried: dict[str, list[str]]


def present() -> set[str]:
    """Every guard that the product's files hold now."""
    return set(mutating.all_sites())


def results(path: Path) -> Results:
    """What is written down of the runs, or nothing."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    return Results(kept.get("killed", {}), kept.get("tried", {}))


def listed(path: Path = LIST) -> list[Guard]:
    """The list as it is kept."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Guard(*[*line.split("\t"), "", ""][:3]) for line in lines if line]


def write(found: Results, path: Path = LIST) -> int:
    """Write the list anew: reasons stay, guards that are gone go; return 1 while a guard is not run or has no reason, else 0."""
    kept = {guard.site: guard for guard in listed(path)}
    rows = []
    for site in sorted(present()):
        was = kept.get(site)
        if site in found.killed:
            rows.append(Guard(site, NOTICED, found.killed[site]))
        elif was and was.state == NOTICED:
            rows.append(was)
        elif site in found.tried or (was and was.state == SURVIVES):
            rows.append(Guard(site, SURVIVES, was.why if was and was.state == SURVIVES else ""))
        else:
            rows.append(Guard(site, NOT_RUN, ""))
    path.write_text("".join(f"{row.site}\t{row.state}\t{row.why}\n" for row in rows))
    silent = [row for row in rows if row.state != NOTICED and not row.why]
    counts = {state: sum(row.state == state for row in rows) for state in (NOTICED, SURVIVES, NOT_RUN)}
    print(f"{len(rows)} guards: {counts}; {len(silent)} without a word")
    for row in silent:
        print(f"  {row.site}: {row.state}, {len(found.tried.get(row.site, ()))} tests tried")
    return 1 if silent else 0
