"""The compliance check: facts that an auditor asks for regularly, each collected by the floor that knows it.

In ``AppConfig.ready()``::

    from audit.definitions import compliance
    compliance.register(compliance.Fact("risk.alerts", _("Alerts overdue"), overdue_alerts, order=20))

``overdue_alerts(actor)`` returns a `Finding`; ``None`` as its count means that the product does not know, and the page says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from crm.access.actor import Actor

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How many, whether that is good, what it means, and the page behind it."""

    count: int | None
    fine: bool = False
    note: Words = ""
    url: str = ""


@dataclass(frozen=True)
class Fact:
    """A question of the compliance check and who answers it."""

    key: str
    label: Words
    look: Callable[[Actor], Finding]
    order: int = 100


_facts: dict[str, Fact] = {}


def register(*facts: Fact) -> None:
    """Offer facts; the same key again replaces the former one."""
    for fact in facts:
        _facts[fact.key] = fact


def registered() -> list[Fact]:
    """All facts in their order."""
    return sorted(_facts.values(), key=lambda fact: (fact.order, fact.key))
