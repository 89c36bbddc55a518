"""The verbs of the ledger."""

from transactions.services.balances import Balance, balances
from transactions.services.decisions import Decided, Verdict, decide_now, register_judge
from transactions.services.entries import NewTransaction, Outcome, Recorded, event_order, order_floor
from transactions.services.locks import hold
from transactions.services.recording import record, record_one
from transactions.services.sources import add_source
from transactions.services.statuses import (
    CannotGo,
    MessageDiffers,
    NotYours,
    OwnTransaction,
    ReasonNeeded,
    Step,
    StepNotPossible,
    change_status,
    decline_held,
    follow_verdicts,
    refuse_frozen,
    release_held,
    reverse,
    revoke,
)

__all__ = [
    "Balance",
    "CannotGo",
    "Decided",
    "MessageDiffers",
    "NewTransaction",
    "NotYours",
    "Outcome",
    "OwnTransaction",
    "ReasonNeeded",
    "Recorded",
    "Step",
    "StepNotPossible",
    "Verdict",
    "add_source",
    "balances",
    "change_status",
    "decide_now",
    "decline_held",
    "event_order",
    "follow_verdicts",
    "hold",
    "order_floor",
    "record",
    "record_one",
    "refuse_frozen",
    "register_judge",
    "release_held",
    "reverse",
    "revoke",
]
