"""A command that finds no database says what to do, in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

from crm.operations.first_steps import ROOT


def test_it_says_how_to_start_one(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text("id,at,card\n1,2026-11-20 12:00:00,a\n")
    words = ["--out", str(tmp_path / "facts.csv"), "--id", "id", "--time", "at", "--key", "card", "--facts", "count(1d)"]
    environment = os.environ | {"CRM_DATABASE_URL": f"postgresql://app@/crm?host={tmp_path}"}
    command = [sys.executable, "manage.py", "compute_facts", str(events), *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make run" in done.stderr
    assert "CRM_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv"], "half of a file was left"
