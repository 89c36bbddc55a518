"""Rating what was stored without a rate, when the rate has arrived."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from crm.money import services as money
from customers import services as customers
from transactions.choices import Direction, OwedCause, Screening, Status
from transactions.models import INCOMPLETE, Transaction
from transactions.services.locks import hold
from transactions.services.storing import array_of
from transactions.signals import BATCH, transactions_changed

Found = tuple[Transaction, money.Rated]

_RATE = f"""
UPDATE {Transaction._meta.db_table} t
   SET amount_cny = g.cny, amount_usd = g.usd, rate_date = g.rate_date, version = t.version + 1,
       cny_txid = CASE WHEN t.amount_cny IS NULL AND g.cny IS NOT NULL THEN pg_current_xact_id()::text::bigint ELSE t.cny_txid END,
       usd_txid = CASE WHEN t.amount_usd IS NULL AND g.usd IS NOT NULL THEN pg_current_xact_id()::text::bigint ELSE t.usd_txid END,
       rated_at = CASE WHEN t.amount_cny IS NULL AND g.cny IS NOT NULL THEN %s ELSE t.rated_at END,
       owed_cause = CASE WHEN t.screening = %s THEN %s ELSE t.owed_cause END,
       owed_since = CASE WHEN t.screening = %s THEN %s ELSE t.owed_since END,
       screening = CASE WHEN t.screening = %s THEN %s ELSE t.screening END
  FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::date[]) AS g (id, cny, usd, rate_date)
 WHERE t.id = g.id"""


def rate_waiting(*, actor: Actor) -> int:
    """Fill in the equivalents that were missing and have a rate now; return how many transactions changed.

    They count in windows from then on: those judged already owe a judgement again, and so do the later ones whose windows contain
    them. Each batch is a transaction of its own with its line in the log.
    """
    require(actor, "transactions.rate_transaction")
    done = 0
    for currency, day in _ratable():
        last = 0
        while ids := _next(currency, day, last):
            last = ids[-1]
            done += _rate(actor, ids)
    return done


def _ratable() -> list[tuple[str, date]]:
    """The currencies and days of rows without an equivalent that the rates in force can give."""
    rows = Transaction.objects.filter(INCOMPLETE).order_by().annotate(no_cny=Q(amount_cny=None))
    kinds = rows.values_list("currency", "bank_date", "no_cny").distinct()
    return sorted({(currency, day) for currency, day, no_cny in kinds if _gains(currency, day, no_cny=no_cny)})


def _gains(currency: str, day: date, *, no_cny: bool) -> bool:
    rated = money.to_cny_usd(Decimal(1), currency, day)
    return rated is not None and ((rated.cny is not None) if no_cny else (rated.usd is not None))


def _next(currency: str, day: date, last: int) -> list[int]:
    rows = Transaction.objects.filter(INCOMPLETE, currency=currency, bank_date=day, pk__gt=last)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _rate(actor: Actor, ids: Sequence[int]) -> int:
    parties = Transaction.objects.filter(pk__in=ids).values_list("customer_id", "account_id")
    hold(*zip(*parties, strict=True))
    rows = Transaction.objects.filter(INCOMPLETE, pk__in=ids).locked().defer("counterparty_account")
    found = [(row, rated) for row in rows if (rated := money.to_cny_usd(row.amount, row.currency, row.bank_date)) and _more(row, rated)]
    if not found:
        return 0
    _store(found)
    customers.update_figures(_booked(found))
    leaves = ((row.reference, f"{rated.cny} {rated.usd} {rated.rate_date}".encode()) for row, rated in found)
    data = {
        "rows": len(found),
        "currency": found[0][0].currency,
        "day": found[0][0].bank_date.isoformat(),
        "judged_before": sum(row.screening == Screening.JUDGED for row, _rated in found),
    }
    log.record_batch(actor=actor, action="transaction.rated", leaves=leaves, data=data)
    transactions_changed.send(sender=Transaction, ids=[row.pk for row, _rated in found], cause=OwedCause.RATED)
    return len(found)


def _more(row: Transaction, rated: money.Rated) -> bool:
    """Whether the rates give an equivalent that the row has not."""
    return (row.amount_cny is None and rated.cny is not None) or (row.amount_usd is None and rated.usd is not None)


def _store(found: Sequence[Found]) -> None:
    now = timezone.now()
    columns = [
        array_of("bigint", [row.pk for row, _rated in found]),
        array_of("numeric", [rated.cny if row.amount_cny is None else row.amount_cny for row, rated in found]),
        array_of("numeric", [rated.usd if row.amount_usd is None else row.amount_usd for row, rated in found]),
        array_of("date", [rated.rate_date for _row, rated in found]),
    ]
    judged, owed = str(Screening.JUDGED), str(Screening.OWED)
    with connection.cursor() as cursor:
        cursor.execute(_RATE, [now, judged, str(OwedCause.RATED), judged, now, judged, owed, *columns])


def _booked(found: Sequence[Found]) -> list[tuple[int, Decimal, datetime]]:
    """What the customers' figures gain by booked money that had no equivalent when it was booked."""
    return [
        (row.customer_id, rated.cny if row.direction == Direction.CREDIT else -rated.cny, row.occurred_at)
        for row, rated in found
        if row.status == Status.COMPLETED and row.amount_cny is None and rated.cny is not None
    ]
