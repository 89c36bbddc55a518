"""Whether a movement may happen at all, or still: closed accounts refuse both ways, freezes refuse debits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from products import services as products
from products.models import Account, Freeze
from transactions.choices import PENDING, Direction, Refusal
from transactions.models import Transaction
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
    return list(_Gate(accounts).answers(rows, dates))


def forbidden(rows: Iterable[Transaction]) -> dict[int, Freeze]:
    """Return, of stored transactions, the debits that a freeze forbids now, each with that freeze.

    Older events take what an amount freeze leaves free before later ones. Call it while customers and accounts are held.
    """
    debits = sorted((row for row in rows if row.direction == Direction.DEBIT), key=lambda row: (row.event_order, row.pk))
    gate = _Freezes({row.account_id for row in debits})
    gate.give_back(debits)
    found = {}
    for row in debits:
        freeze = gate.against(row.account_id, row.amount, row.currency)
        if freeze is not None:
            found[row.pk] = freeze
        else:
            gate.take(row.account_id, row.amount)
    return found


class _Freezes:
    """The freezes that stand on some accounts, and what they leave free."""

    def __init__(self, accounts: Iterable[int]) -> None:
        self.blocking = products.blocking_freezes(accounts)
        limited = {pk for found in self.blocking.values() for pk in found.needs}
        held = balances(limited) if limited else {}
        self.free: dict[int, Decimal | None] = {pk: held[pk].free if pk in held else None for pk in limited}

    def against(self, account_id: int, amount: Decimal, currency: str) -> Freeze | None:
        """Return the freeze that forbids a debit of that amount."""
        found = self.blocking.get(account_id)
        return found.against_debit(self.free, amount, currency) if found else None

    def take(self, account_id: int, amount: Decimal) -> None:
        """Let a debit have its part of what is free."""
        free = self.free.get(account_id)
        if free is not None:
            self.free[account_id] = free - amount

    def give_back(self, debits: Sequence[Transaction]) -> None:
        """Add what these debits hold themselves while they are under way: they are asked about as if they were new."""
        mine = [row for row in debits if self.free.get(row.account_id) is not None and row.status in PENDING]
        currencies = dict(Account.objects.filter(pk__in={row.account_id for row in mine}).values_list("pk", "currency"))
        for row in mine:
            if row.currency == currencies[row.account_id]:
                self.take(row.account_id, -row.amount)


class _Gate:
    """What may happen among the rows of one batch."""

    def __init__(self, accounts: dict[int, tuple[str, date | None]]) -> None:
        self.accounts = accounts
        self.freezes = _Freezes(accounts)

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
        found = self.freezes.blocking.get(item.party.account_id)
        if found is None or item.row.direction != Direction.DEBIT:
            return MAY
        # What a source reports as done before a freeze was placed was no attempt on a frozen account.
        if item.source.already_completed and all(item.occurred_at < freeze.placed_at for freeze in found.freezes):
            return MAY
        freeze = self.freezes.against(item.party.account_id, item.row.amount, item.row.currency)
        return Decision(Refusal.FREEZE, freeze.pk) if freeze else MAY

    def _move(self, item: Resolved) -> None:
        # A credit frees money only once the core has booked it.
        if item.row.direction == Direction.DEBIT:
            self.freezes.take(item.party.account_id, item.row.amount)
