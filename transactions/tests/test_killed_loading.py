"""A worker killed with -9 in the middle of a file leaves all or nothing, or goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crm.jobs.models import Job
from crm.jobs.queue import captured
from crm.staff.models import User
from products.models import Account
from transactions.choices import ImportMode, ImportState
from transactions.models import Source, Transaction
from transactions.services import imports
from transactions.tests.test_files import Desk, line, text

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(operations: User, core: Source, salary_account: Account) -> Desk:
    """Return the operator's desk; the account of the files exists."""
    return Desk(operations, core)


SCRIPT = """
import sys, time, django
django.setup()
from transactions import importers
from crm.staff.models import User
from crm.access.middleware import staff_actor
user = User.objects.select_related("branch").get(number="84001")
record = importers.record
def slowly(**given):
    time.sleep(float(sys.argv[2]))  # long enough for the killer to see where it is
    return record(**given)
importers.record = slowly
importers.load_file(actor=staff_actor(user, origin="task"), job_id=int(sys.argv[1]))
"""


@contextmanager
def worker(job_id: int, pause: float = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A process that loads the job's file."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "crm.settings"}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(job_id), str(pause)], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("mode", [ImportMode.SKIP_BAD_ROWS, ImportMode.ALL_OR_NOTHING])
def test_a_killed_load_goes_on_and_doubles_nothing(desk: Desk, mode: ImportMode) -> None:
    """Kill -9 in the middle: whole files leave nothing, pieces what is done; the next worker ends with each row once."""
    rows = [line(n) if n % 100 else line(n, debit="x" if mode == ImportMode.SKIP_BAD_ROWS else "7") for n in range(1, 4001)]
    row = desk.check(text(*rows))
    with captured() as calls:
        imports.release(actor=desk.actor, row=row, mode=mode)
    job_id = calls[0][1]["job_id"]
    whole = mode == ImportMode.ALL_OR_NOTHING
    with worker(job_id, pause=0.7) as process:
        until(lambda: _progress(job_id) >= 1000 or process.poll() is not None)
        assert process.poll() is None, Job.objects.values("state", "progress", "error", "note").get(pk=job_id)
        process.send_signal(signal.SIGKILL)
    before = Transaction.objects.count()
    assert before == 0 if whole else 0 < before < 3960
    with worker(job_id) as process:
        assert process.wait(timeout=120) == 0
    row.refresh_from_db()
    good = 4000 if whole else 3960
    assert (row.state, row.rows_done, row.rows_new, row.rows_same, row.rows_bad) == (ImportState.DONE, 4000, good, 0, 4000 - good)
    assert Transaction.objects.count() == good
    assert row.row_errors.count() == 4000 - good


def _progress(job_id: int) -> int:
    return Job.objects.values_list("progress", flat=True).get(pk=job_id)
