"""What monitoring does when transactions are recorded or changed."""

from datetime import datetime
from typing import Any

from crm.access.actor import SYSTEM
from crm.jobs.queue import enqueue
from products.models import Account
from risk.services import owing, rules, screening
from transactions.choices import OwedCause

JUDGE = "risk.judge"


def on_recorded(*, ids: list[int], **_signal: Any) -> None:
    """After commit: have them judged soon. The rows owe it; losing this message loses minutes."""
    enqueue(JUDGE, ids=ids)


def on_changed(*, ids: list[int], cause: OwedCause, **_signal: Any) -> None:
    """Inside the change's transaction: mark who owes a judgement because of it, and have them judged after the commit."""
    owing.changed(ids=ids, cause=cause)
    enqueue("risk.judge_owed", once_key="changed")


def on_reported(*, account: Account, reported_at: datetime, **_signal: Any) -> None:
    """Inside the report's transaction: mark who would have reckoned with that balance, and have them judged after the commit."""
    owing.reported(account=account, reported_at=reported_at)
    enqueue("risk.judge_owed", once_key="changed")


def sweep_owed() -> None:
    """Whatever still owes a judgement is handed to the workers again."""
    if screening.owed_ids(limit=1):
        enqueue("risk.judge_owed", once_key="sweep")


def on_migrated(**_signal: Any) -> None:
    """After each migration: load the rules the product ships, where the bank has not made them its own."""
    rules.load_catalogue(actor=SYSTEM)
