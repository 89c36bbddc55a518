"""Web, worker and broker die by kill -9 while 1,000 transactions arrive: nothing is lost, doubled or judged differently.

Requirements: R338, R339, R371.
"""

import json
import subprocess
import sys

from crm.tests.house import ROOT


def test_nothing_is_lost_or_doubled_over_six_kills() -> None:
    """The whole product runs as `make run` starts it; `make chaos` does the same at larger size, the database among the victims."""
    command = [sys.executable, "-m", "benchmarks.chaos", "--transactions", "1000", "--kills", "6"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] == {"worker": 2, "broker": 2, "web": 2}
    assert result["alerts"] > 0, "a world without alerts would prove little"
    for name in ("lost", "doubled", "not_judged", "judged_twice"):
        assert result[name] == 0, result
    assert result["different"] == {}, result
    assert result["log"] == "clean", result
    assert done.returncode == 0
