"""Take every guard of the product away, one at a time, and see whether a test notices (`make mutants`).

First one run that notes which test reaches which guard; then each guard is taken away for the few tests that are likeliest to notice, of
the same room and about refusals first. Goes on where the last run stopped (`.local/mutants/`); what was found is written to
`crm/tests/proofs/guards.tsv`, beside the reasons of those that nothing notices. ``--record`` records anew, ``--tests N`` tries N tests a
guard, ``--matrix`` has the permission matrix look for those that are left, ``--pages`` reads every page of everybody, ``--list`` only
brings the list up to date.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".local" / "mutants"
ROOMS = ("access", "staff", "factors", "approvals", "fields", "jobs", "lists", "exports", "notify", "calendar", "money", "log", "ui")
HOUSE = (
    "test_permission_matrix",
    "test_permission_rows",
    "test_field_policy",
    "test_home_pages",
    "proofs/test_verbs_ask_first",
    "proofs/test_canaries",
)
PATHS = (
    *(f"crm/{room}" for room in ROOMS),
    *("customers", "products", "transactions", "portal", "risk", "reports", "audit"),
    *(f"crm/tests/{name}.py" for name in HOUSE),
)
DENIAL = re.compile(
    r"refus|deni|only|may_|nobody|stranger|scope|outside|cannot|nothing|hidden|not_|reach|grant|label|step|fresh|without|own"
)


def run(step: str, *more: str) -> None:
    """One run of the tests with switches."""
    environment = os.environ | {"CRM_MUTANTS": str(FOLDER), "CRM_MUTANTS_STEP": step}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "crm.tests.proofs.mutant_plugin", "-m", "not slow and not browser", "--tb=no"]
    subprocess.run([*command, "--show-capture=no", *more], cwd=ROOT, env=environment, check=False)


def room_of(name: str) -> str:
    """The room of a guard or a test."""
    parts = re.split(r"[./:]", name)
    return "/".join(parts[:2]) if parts[0] == "crm" else parts[0]


def choose(open_sites: set[str], most: int) -> dict[str, list[str]]:
    """Return the tests to run and the guards to take away in each: for every guard the likeliest tests that reach it."""
    reaching: dict[str, list[tuple[bool, bool, float, str]]] = defaultdict(list)
    for path in FOLDER.glob("record-*.jsonl"):
        for line in path.read_text().splitlines():
            said = json.loads(line)
            denies = bool(DENIAL.search(said["test"].rpartition("::")[2]))
            for site in open_sites & set(said["reached"]):
                reaching[site].append((room_of(said["test"]) != room_of(site), not denies, said["seconds"], said["test"]))
    plan: dict[str, list[str]] = defaultdict(list)
    for site, tests in sorted(reaching.items()):
        for *_rank, test in sorted(tests)[:most]:
            plan[test].append(site)
    return plan


def main() -> int:
    """Record, choose, try, write down."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--record", action="store_true")
    ask.add_argument("--tests", type=int, default=6)
    ask.add_argument("--workers", default="2")
    ask.add_argument("--matrix", action="store_true")
    ask.add_argument("--pages", action="store_true")
    ask.add_argument("--list", action="store_true")
    said = ask.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(ROOT))
    from crm.tests.proofs import guards

    if said.matrix or said.pages:
        step = "matrix" if said.matrix else "pages"
        run(step, "-n0", "-s", "crm/tests/proofs/test_mutants.py", "-k", f"{step} and each_guard")
    elif not said.list:
        try_tests(said)
    return guards.write(guards.results(FOLDER / "results.json"))


def try_tests(said: argparse.Namespace) -> None:
    """Record where nothing is recorded, choose, try."""
    from crm.tests.proofs import guards

    if said.record or not list(FOLDER.glob("record-*.jsonl")):
        for old in FOLDER.glob("record-*.jsonl"):
            old.unlink()
        run("record", "-n", said.workers, "--dist", "loadscope", *PATHS)
    sites = guards.present()
    book = guards.results(FOLDER / "results.json")
    plan = choose(sites - set(book.killed), said.tests)
    (FOLDER / "plan.json").write_text(json.dumps(plan, indent=1))
    chosen = FOLDER / "tests.txt"
    chosen.write_text("\n".join(sorted({test.partition("::")[0] for test in plan})))
    print(f"{len(sites)} guards, {len(sites - set(book.killed))} to try in {len(plan)} tests")
    run("try", "-n0", f"@{chosen}")


if __name__ == "__main__":
    sys.exit(main())
