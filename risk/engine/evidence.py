"""What an alert rests on, as a page shows it: the conditions of its rule beside what was found, and the transactions behind them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from risk.engine.branches import Branch, Line, branches_of
from risk.models import Alert
from transactions.choices import Direction
from transactions.models import Transaction

SHOWN = 50
OPEN_UP_TO = 6


@dataclass(frozen=True)
class Evidence:
    """The evidence of the newest hit that is still supported, and the transactions of all hits, newest first; sums in CNY."""

    branches: tuple[Branch, ...] = ()
    """The one that fired first."""
    settings: tuple[Line, ...] = ()
    """Thresholds of the rule that no branch compares with: they say what was counted."""
    transactions: tuple[Transaction, ...] = ()
    hits: frozenset[int] = frozenset()
    """Which of the transactions are hits themselves; the others lie in their windows."""
    more: int = 0
    money_in: Decimal = Decimal(0)
    """Sum of all credits among them, also of those not shown."""
    money_out: Decimal = Decimal(0)
    """Sum of all debits among them, also of those not shown."""

    @property
    def fired(self) -> tuple[Branch, ...]:
        """Return the branch that made the hit."""
        return tuple(one for one in self.branches if one.fired)

    @property
    def others(self) -> tuple[Branch, ...]:
        """Return the other branches, in the order of the rule."""
        return tuple(one for one in self.branches if not one.fired)

    @property
    def others_open(self) -> bool:
        """Return whether the other branches are few enough to stand open."""
        return sum(len(one.lines) for one in self.others) <= OPEN_UP_TO

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return everything on one list: the branches' conditions, then the other thresholds."""
        return (*(line for one in self.branches for line in one.lines), *self.settings)


def evidence_of(alert: Alert) -> Evidence:
    """Return the evidence of an alert; in a case several alerts show theirs side by side."""
    joined = alert.alert_hits.select_related("hit__rule_version__rule", "hit__transaction__customer")
    hits = [row.hit for row in joined.order_by("-hit__supported", "-transaction__event_order")[:200]]
    if not hits:
        return Evidence()
    own = frozenset(hit.transaction_id for hit in hits)
    ids = set(own)
    for hit in hits:
        ids.update(hit.evidence.get("matched", []))
    rows = Transaction.objects.filter(pk__in=ids).select_related("account").order_by("-event_order")
    branches, settings = branches_of(hits[0])
    return Evidence(branches, settings, tuple(rows[:SHOWN]), own, max(len(ids) - SHOWN, 0), **_sums(rows))


def _sums(rows: QuerySet[Any]) -> dict[str, Decimal]:
    sums = rows.aggregate(
        money_in=Sum("amount_cny", filter=Q(direction=Direction.CREDIT)), money_out=Sum("amount_cny", filter=Q(direction=Direction.DEBIT))
    )
    return {name: found or Decimal(0) for name, found in sums.items()}
