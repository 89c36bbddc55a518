"""Whether a movement may happen at all: closed accounts refuse both ways, freezes refuse debits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from products import services as products
from products.choices import FreezeKind
from transactions.choices import Direction, Refusal
from transactions.services.balances import balances
from transactions.services.resolving import Dated, Resolved, is_closed


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a row is refused and kept; both empty when it may happen."""

    refusal: str = ""
    freeze_id: int | None = None


MAY = Decision()


def decide(rows: Sequence[Resolved], dates: Sequence[Dated], accounts: dict[int, tuple[str, date | None]]) -> list[Decision]:
    """Return for each row whether it is refused. Call it while customers and accounts are held."""
    return list(_Gate(rows, accounts).answers(rows, dates))


class _Gate:
    """The freezes that stand on the accounts of one batch, and what their debits leave free."""

    def __init__(self, rows: Sequence[Resolved], accounts: dict[int, tuple[str, date | None]]) -> None:
        self.accounts = accounts
        self.blocking = products.blocking_freezes(accounts)
        limited = [pk for pk, found in self.blocking.items() if all(f.kind == FreezeKind.AMOUNT for f in found.freezes)]
        held = balances(limited) if limited else {}
        self.free: dict[int, Decimal | None] = {pk: held[pk].free if pk in held else None for pk in limited}

    def answers(self, rows: Sequence[Resolved], dates: Sequence[Dated]) -> Iterator[Decision]:
        """Yield a decision for each row, in order; an accepted movement changes what the next one finds."""
        for item, day in zip(rows, dates, strict=True):
            decision = self._one(item, day)
            if decision is MAY:
                self._move(item)
            yield decision

    def _one(self, item: Resolved, day: Dated) -> Decision:
        status, closed_at = self.accounts[item.party.account_id]
        if is_closed(replace(item.party, status=status, closed_at=closed_at), day.bank_date):
            return Decision(Refusal.CLOSED)
        found = self.blocking.get(item.party.account_id)
        if found is None or item.row.direction != Direction.DEBIT:
            return MAY
        # What a source reports as done before a freeze was placed was no attempt on a frozen account.
        if item.source.already_completed and all(item.occurred_at < freeze.placed_at for freeze in found.freezes):
            return MAY
        freeze = found.against_debit(self.free.get(item.party.account_id), item.row.amount)
        return Decision(Refusal.FREEZE, freeze.pk) if freeze else MAY

    def _move(self, item: Resolved) -> None:
        free = self.free.get(item.party.account_id)
        # A credit frees money only once the core has booked it.
        if free is not None and item.row.direction == Direction.DEBIT:
            self.free[item.party.account_id] = free - item.row.amount
