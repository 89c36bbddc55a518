"""What the freezes that stand forbid: the one question of everything that lets money go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone

from crm.calendar.services import today
from crm.database.prepared import run_for
from crm.money.services import to_cny_usd
from products.choices import STANDING, Authority, FreezeKind
from products.models import Account, Freeze

NOTHING = Decimal(0)
Money = tuple[Decimal, str]


@dataclass(frozen=True)
class Holding:
    """An account of the customer, as far as its money counts against an amount that is frozen."""

    currency: str
    limits: tuple[Freeze, ...] = ()


@dataclass(frozen=True)
class Blocking:
    """The freezes that stand on one account, strictest first, its customer's included.

    ``holdings`` are the accounts whose money counts: this one and, where an amount is frozen on the whole customer, the
    others of the customer, but for those on which an authority's freeze forbids everything: that money is another's.
    """

    freezes: tuple[Freeze, ...]
    account_id: int
    holdings: Mapping[int, Holding] = field(default_factory=dict)

    @property
    def needs(self) -> frozenset[int]:
        """Return the accounts whose free balance decides; none where every debit is forbidden whatever the balance."""
        return frozenset(self.holdings) if all(freeze.kind == FreezeKind.AMOUNT for freeze in self.freezes) else frozenset()

    def against_debit(self, free: Mapping[int, Decimal | None], amount: Decimal, currency: str = "") -> Freeze | None:
        """Return the freeze that forbids a debit of *amount* (in this account's currency unless given), or None.

        ``free`` holds the free balances of ``needs``, each in its account's currency. Amounts in several currencies are
        compared as today's CNY equivalents. Where a balance was never reported, or a rate is missing, an amount freeze
        forbids every debit: nobody can say that enough stays behind.
        """
        for freeze in self.freezes:
            if freeze.kind != FreezeKind.AMOUNT:
                return freeze
        mine = self.holdings[self.account_id]
        here = [freeze for freeze in self.freezes if freeze.account_id is not None]
        whole = [freeze for freeze in self.freezes if freeze.account_id is None]
        if here and not self._enough_here(free, (amount, currency or mine.currency)):
            return here[0]
        if whole and not self._enough_in_all(free, (amount, currency or mine.currency), whole):
            return whole[0]
        return None

    def _enough_here(self, free: Mapping[int, Decimal | None], debit: Money) -> bool:
        mine = self.holdings[self.account_id]
        left = _Scale([mine], debit).beyond(mine, free.get(self.account_id), debit)
        return left is not None and left >= 0

    def _enough_in_all(self, free: Mapping[int, Decimal | None], debit: Money, limits: list[Freeze]) -> bool:
        scale = _Scale([*self.holdings.values()], debit, limits)
        frozen = scale.frozen(limits)
        mine = scale.beyond(self.holdings[self.account_id], free.get(self.account_id), debit)
        if frozen is None or mine is None:
            return False
        others = [scale.beyond(holding, free.get(pk)) for pk, holding in self.holdings.items() if pk != self.account_id]
        return mine + sum((max(left, NOTHING) for left in others if left is not None), NOTHING) >= frozen


class _Scale:
    """Weighs amounts of several currencies: as they are where all are of one, else as CNY equivalents; None is unrated."""

    def __init__(self, holdings: list[Holding], debit: Money, limits: Iterable[Freeze] = ()) -> None:
        currencies = {debit[1]} | {holding.currency for holding in holdings} | {freeze.currency for freeze in limits}
        currencies |= {freeze.currency for holding in holdings for freeze in holding.limits}
        self.one_currency, self.day = len(currencies) == 1, today()

    def weigh(self, amount: Decimal, currency: str) -> Decimal | None:
        """Return an amount as this scale compares it."""
        if self.one_currency:
            return amount
        rated = to_cny_usd(amount, currency, self.day)
        return rated.cny if rated is not None else None

    def frozen(self, limits: Iterable[Freeze]) -> Decimal | None:
        """Return what these freezes demand together."""
        weighed = [self.weigh(freeze.amount or NOTHING, freeze.currency) for freeze in limits]
        return None if None in weighed else sum((one for one in weighed if one is not None), NOTHING)

    def beyond(self, holding: Holding, balance: Decimal | None, debit: Money | None = None) -> Decimal | None:
        """Return what an account holds after a debit beyond the amounts frozen on it alone; None where nobody can say."""
        held = self.weigh(balance, holding.currency) if balance is not None else None
        frozen = self.frozen(holding.limits)
        spent = self.weigh(*debit) if debit is not None else NOTHING
        return None if held is None or frozen is None or spent is None else held - spent - frozen


_AFFECTED = """
SELECT a.id FROM products_account a WHERE a.id = ANY(%(ids)s::bigint[]) AND EXISTS (
  SELECT FROM products_freeze f WHERE f.customer_id = a.customer_id AND f.state = ANY(%(standing)s::text[]))"""


def blocking_freezes(account_ids: Iterable[int]) -> dict[int, Blocking]:
    """Return, for each account on which anything stands, the freezes that do.

    Call it while the accounts and customers are locked: then no payment can pass a freeze that commits first.
    """
    strictness = {kind: rank for rank, kind in enumerate(FreezeKind.values)}
    ids = list(account_ids)
    # Of almost all customers nothing stands: they cost this one look and no object.
    affected = run_for(_AFFECTED, ids, {"standing": [state.value for state in STANDING]}) if ids else []
    if not affected:
        return {}
    accounts = {row.pk: row for row in Account.objects.filter(pk__in=[pk for (pk,) in affected]).only("pk", "customer_id", "currency")}
    owners = {row.customer_id for row in accounts.values()}
    rows = list(Freeze.objects.binding(timezone.now()).filter(customer_id__in=owners).order_by("placed_at", "pk"))
    siblings = _siblings(rows)
    found: dict[int, Blocking] = {}
    for pk, account in accounts.items():
        mine = [row for row in rows if row.account_id == pk or (row.account_id is None and row.customer_id == account.customer_id)]
        if mine:
            holdings = siblings.get(account.customer_id, {}) | {pk: _holding(account, rows)}
            found[pk] = Blocking(tuple(sorted(mine, key=lambda row: strictness[row.kind])), pk, holdings)
    return found


def _siblings(rows: list[Freeze]) -> dict[int, dict[int, Holding]]:
    """The accounts whose money counts, by customer, where an amount is frozen on a whole customer."""
    owners = {row.customer_id for row in rows if row.account_id is None and row.kind == FreezeKind.AMOUNT}
    if not owners:
        return {}
    taken = {row.account_id for row in rows if row.authority != Authority.OWN and row.kind != FreezeKind.AMOUNT}
    found: dict[int, dict[int, Holding]] = {}
    for account in Account.objects.filter(customer_id__in=owners).only("pk", "customer_id", "currency").order_by("pk"):
        if account.pk not in taken:
            found.setdefault(account.customer_id, {})[account.pk] = _holding(account, rows)
    return found


def _holding(account: Account, rows: list[Freeze]) -> Holding:
    return Holding(account.currency, tuple(row for row in rows if row.account_id == account.pk and row.kind == FreezeKind.AMOUNT))
