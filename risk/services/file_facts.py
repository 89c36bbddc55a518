"""Facts on a foreign file of events: the product's own engine over a ledger that lasts for one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from risk.engine import file_ledger
from risk.engine.file_ledger import FileEvent
from risk.facts.asked import Asked

__all__ = ["BadEvents", "Computed", "FileEvent", "compute_facts"]


class BadEvents(Exception):
    """The events together cannot be computed on; the message says which and why."""


@dataclass(frozen=True)
class Computed:
    """What was computed: events and keys of the file."""

    rows: int
    keys: int


def compute_facts(
    *, actor: Actor, events: Iterable[FileEvent], asked: Sequence[Asked], write: Callable[[bytes | memoryview], Any], delay: str = ""
) -> Computed:
    """Hand ``write`` one CSV line per event, in the order of the events: its id and the asked facts; without a heading.

    No business table is read or changed, nothing stays but one line in the log: what was computed, on how many events.
    """
    require(actor, "risk.judge_transaction")
    with transaction.atomic():
        try:
            rows, keys = file_ledger.fill(events)
            file_ledger.compute(asked)
        except file_ledger.SameId as problem:
            number, first, second = problem.args
            raise BadEvents(f"Line {second}: the id “{number[:60]}” stands in line {first} already; ids must be unique.") from None
        except file_ledger.Crowded as problem:
            line, side = problem.args
            raise BadEvents(f"Line {line}: more than 2,048 events of one {side} in the same microsecond; times must be finer.") from None
        file_ledger.written(asked, write)
        file_ledger.clear(asked)
        data = {"rows": rows, "keys": keys, "facts": [one.text for one in asked], "label_delay": delay}
        log.record(actor=actor, action="facts.computed", data=data)
    return Computed(rows, keys)
