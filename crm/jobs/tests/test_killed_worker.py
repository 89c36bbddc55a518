"""A worker killed with -9 in the middle of a job leaves neither a lock nor a lost job.

Requirements: R338.
"""

import subprocess
import sys
import time

import pytest
from django.conf import settings

from crm.access.actor import SYSTEM
from crm.jobs import kinds, queue, services
from crm.jobs.choices import JobState
from crm.jobs.kinds import JobKind
from crm.jobs.models import Job
from crm.staff.models import User
from crm.tests.personas import as_actor

WORKER = """
import sys, time, django
django.setup()
from crm.access.actor import SYSTEM
from crm.jobs import kinds, services
kinds.register(kinds.JobKind(code="count", label="Counting", task="tests.count"))
with services.running(actor=SYSTEM, job_id=int(sys.argv[1])) as run:
    run.advance(40, total=100)
    print("at work", flush=True)
    time.sleep(60)
"""


@pytest.mark.django_db(transaction=True)
def test_the_next_worker_takes_over(sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register(JobKind(code="count", label="Counting", task="tests.count"))
    with queue.captured():
        job = services.create(actor=as_actor(sun_yue), kind="count")
    command = [sys.executable, "-c", WORKER, str(job.pk)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "at work\n"
        job.refresh_from_db()
        assert (job.state, job.progress) == (JobState.RUNNING, 40)
        with services.running(actor=SYSTEM, job_id=job.pk) as second:
            assert second is None
        worker.kill()
    deadline, taken = time.monotonic() + 10, False
    while not taken and time.monotonic() < deadline:
        with services.running(actor=SYSTEM, job_id=job.pk) as run:
            taken = run is not None
    assert taken
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
