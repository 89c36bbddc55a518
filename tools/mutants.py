"""Take every guard of the product away, one at a time, and see whether a test notices (`make mutants`).

Goes on where the last run stopped: what is known stands in `.local/mutants.json`. Paths may be given to try some tests only; without any,
the matrix comes first, then the quick tests of every app. It takes hours. What survives is read against `docs/security.md`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / ".local" / "mutants.json"
MATRIX = "crm/tests/proofs/test_mutants.py"
APPS = ("customers", "products", "transactions", "risk", "reports", "audit")
TESTS = (*(f"crm/{room}" for room in ("access", "staff", "approvals", "fields", "jobs", "lists", "exports")), *APPS)


def main() -> int:
    """Run pytest with a switch at every guard; print what survives."""
    RESULTS.parent.mkdir(exist_ok=True)
    environment = os.environ | {"CRM_MUTANTS": str(RESULTS)}
    common = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "crm.tests.proofs.mutating", "-m", "not slow and not browser", "--tb=no"]
    for paths in [sys.argv[1:]] if sys.argv[1:] else [[MATRIX], *([path] for path in TESTS)]:
        subprocess.run([*common, "--show-capture=no", *paths], cwd=ROOT, env=environment, check=False)
    found = json.loads(RESULTS.read_text())
    alive = sorted(set(found["tried"]) - set(found["killed"]))
    counts = f"{len(found['killed'])} missed by a test, {len(alive)} not missed, {len(found['unreached'])} not reached"
    print(f"{found['sites']} guards: {counts}")
    for site in alive:
        print(f"  {site} ({found['tried'][site]} tests)")
    for site in found["unreached"]:
        print(f"  {site} (not reached)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
