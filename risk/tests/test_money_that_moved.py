"""Money that has moved is never held: reviewed instead, and a freeze proposed, however it is known that it moved.

Requirements: R120.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from crm.access.actor import SYSTEM
from products.models import Account
from risk.engine.compiler import PlanName
from risk.engine.planner import Share
from risk.models import Assessment
from risk.services import screening
from transactions.choices import Status
from transactions.models import Source, Transaction
from transactions.services import Step, change_status
from transactions.tests.personas import NOON, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def withdrawal(account: Account, status: Status | None = None) -> Transaction:
    """A withdrawal that is to be held."""
    return recorded(account, kind="withdrawal", amount=Decimal(60_000), status=status)


def told(row: Transaction, *statuses: Status) -> Transaction:
    """The core is quicker than the judge."""
    for place, status in enumerate(statuses):
        step = Step(status=status, at=NOON + timedelta(minutes=place), source=row.source, external_id=f"S-{place}")
        change_status(actor=SYSTEM, reference=row.reference, step=step)
    return row


WAYS: dict[str, Callable[[Account], Transaction]] = {
    "its row says so": lambda account: withdrawal(account, Status.COMPLETED),
    "the core says so": lambda account: told(withdrawal(account), Status.COMPLETED),
    "it came back": lambda account: told(withdrawal(account), Status.COMPLETED, Status.REVERSED),
}


# Frames never take a row that was reversed.
@pytest.mark.parametrize(("way", "plan"), [(way, "rows") for way in WAYS] + [(way, "frames") for way in list(WAYS)[:2]])
def test_a_completed_row_is_reviewed_and_a_freeze_proposed(
    salary_account: Account, monkeypatch: pytest.MonkeyPatch, way: str, plan: PlanName
) -> None:
    """In both plans, though the source is one that asks before money moves."""
    monkeypatch.setattr("risk.services.judging.split", lambda ids: [Share(plan, list(ids))])
    row = WAYS[way](salary_account)
    status = Transaction.objects.get(pk=row.pk).status
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.filter(transaction=row).latest("revision")
    assert (verdict.label, verdict.actions) == ("review", ["alert", "propose_freeze"])
    assert Transaction.objects.get(pk=row.pk).status == status


@pytest.mark.parametrize("plan", ["rows", "frames"])
def test_one_that_has_not_moved_is_held(salary_account: Account, monkeypatch: pytest.MonkeyPatch, plan: PlanName) -> None:
    """The same withdrawal, asked in time."""
    monkeypatch.setattr("risk.services.judging.split", lambda ids: [Share(plan, list(ids))])
    row = withdrawal(salary_account)
    screening.judge(ids=[row.pk])
    assert Assessment.objects.get(transaction=row).label == "hold"
    assert Transaction.objects.get(pk=row.pk).status == Status.HELD


def test_a_source_that_sends_done_rows_is_still_known_by_its_declaration(core: Source, salary_account: Account) -> None:
    """Without a word in the row."""
    row = recorded(salary_account, source="core", kind="withdrawal", amount=Decimal(60_000))
    screening.judge(ids=[row.pk])
    assert Assessment.objects.get(transaction=row).label == "review"
