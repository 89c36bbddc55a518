"""A real worker with its beat for tests that tell a whole story; it speaks to this run's database and broker."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as of_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Worker and beat in one process, as `make run` starts them in two; what it anchors is forgotten with the lines of its test."""
    with tempfile.TemporaryDirectory() as folder:
        settings.ANCHORS_FILE = Path(folder) / "anchors.jsonl"
        monkeypatch.setenv("CRM_ANCHORS_FILE", str(settings.ANCHORS_FILE))
        command = [sys.executable, "-m", "celery", "-A", "crm.celery", "worker", "-B", "-c", "1", "-l", "WARNING", "-s", f"{folder}/beat"]
        with (Path(folder) / "worker.log").open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=out, stderr=subprocess.STDOUT)
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                print((Path(folder) / "worker.log").read_text(errors="replace")[-6000:])


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is so; fails by saying what did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def mails() -> list[str]:
    """Return the mails of this run, as they left."""
    folder = Path(of_run.EMAIL_FILE_PATH)
    return [path.read_text(errors="replace") for path in sorted(folder.glob("*.log"))] if folder.exists() else []
