"""A judge that the database refuses in the middle: what was recorded stands, owes its judgement, and the connection goes on.

Requirements: R339.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from crm.access.actor import Actor
from crm.database.prepared import run
from crm.jobs.queue import captured
from crm.staff.models import ServiceClient
from products.models import Account
from risk.models import Assessment, Hit
from risk.services import register, screening
from transactions.choices import Screening, Status
from transactions.models import Source, Transaction
from transactions.services import decide_now
from transactions.tests.personas import movement

pytestmark = pytest.mark.django_db(transaction=True)


def driver(_sql: str = "SELECT 1 / 0") -> None:
    run("SELECT 1 / %(none)s::int", {"none": 0})


def django() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def conflict() -> None:
    """The statement that others would have closed with a deadlock."""
    run("DO $$BEGIN RAISE EXCEPTION 'others were first' USING ERRCODE = '40P01'; END$$", {}, prepare=False)


@pytest.mark.parametrize("fault", [driver, django, conflict])
def test_what_was_recorded_stands_and_is_owed(
    fault: Callable[[], None], partner: ServiceClient, mobile: Source, salary_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is stored already and statuses follow next, when the statement fails: all of it goes, the row stays."""
    actor = Actor(number=partner.code, name=partner.name, kind="partner", role="partner", origin="api", user=partner)
    refreshed = register.refresh

    def breaking(**given: Any) -> int:
        fault()
        return refreshed(**given)

    with monkeypatch.context() as patch, captured() as messages:
        patch.setattr(register, "refresh", breaking)
        decided = decide_now(actor=actor, row=movement(salary_account, 1))
    assert (decided.verdict.label, decided.verdict.reasons) == ("review", ("engine_error",))
    stored = Transaction.objects.get(pk=decided.transaction.pk)
    assert (stored.screening, stored.status) == (Screening.OWED, Status.RECEIVED)
    assert (Assessment.objects.count(), Hit.objects.count()) == (0, 0)
    assert ("risk.judge", {"ids": [stored.pk]}) in messages
    # The same session records and decides on, and the worker finds what is owed.
    assert decide_now(actor=actor, row=movement(salary_account, 2)).verdict.reasons != ("engine_error",)
    assert screening.judge(ids=screening.owed_ids()).judged == 1
    assert not connection.in_atomic_block
    assert connection.is_usable()
