"""A worker keeps its session of the database from task to task, and finds out when it was cut.

Requirements: R339.
"""

import time
from typing import Any

import pytest
from django.db import connection

from crm.jobs.queue import enqueue
from crm.log.models import Event
from crm.tests.worker import until, worker
from products.models import Account
from risk.models import Assessment
from transactions.models import Source
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["worker"]
SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def sessions() -> list[int]:
    """Return the sessions that others have in this database."""
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS)
        return [pid for (pid,) in cursor.fetchall()]


def judged(account: Account, number: int) -> None:
    """Have the worker judge one more transaction, and wait for it."""
    row = recorded(account, number, source="core")
    enqueue("risk.judge", ids=[row.pk])
    until(lambda: Assessment.objects.filter(transaction=row).exists(), 60, "the transaction is judged")


def test_a_worker_keeps_its_session_until_it_is_cut(core: Source, salary_account: Account, worker: Any) -> None:
    judged(salary_account, 1)
    kept = sessions()
    for number in (2, 3):
        time.sleep(1)
        assert sessions() == kept
        judged(salary_account, number)
    assert len(kept) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", kept)
    judged(salary_account, 4)
    assert sessions() != kept
    assert not Event.objects.filter(action="task.failed").exists()
