"""Which transactions a fact counted: the per-row plan's own conditions, asked for rows instead of figures."""

from django.conf import settings

from risk.engine.binding import Binder
from risk.engine.compiler import GIVEN, current_sql
from risk.engine.ledger import LEDGER
from risk.engine.per_row import PerRow
from risk.engine.reading import Reading
from risk.facts.declarations import DailyPeakFact, Fact, LastFact, WindowFact


def matches_sql(fact: Fact, binder: Binder, cap: int, *, ledger: str = LEDGER, reading: Reading | None = None) -> str | None:
    """Return a query of (id, ids of counted transactions, newest first) over ``ids``; None for facts without rows."""
    if not isinstance(fact, WindowFact | LastFact | DailyPeakFact):
        return None
    binder.values["zone"] = settings.BANK_ZONE
    rows = PerRow(reading.past if reading else ledger, binder, reading).matching(fact)
    return (
        f"WITH {current_sql(ledger, GIVEN, reading)}\nSELECT c.id, m.ids FROM cur c CROSS JOIN LATERAL"
        f" (SELECT coalesce(array_agg(x.id ORDER BY x.event_order DESC, x.id), '{{}}') AS ids FROM"
        f" (SELECT h.id, h.event_order {rows} ORDER BY h.event_order DESC LIMIT {binder.add(cap, 'bigint')}) x) m"
    )
