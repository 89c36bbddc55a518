"""The plan for many rows of few keys: window frames in one sorted pass over each key's history."""

from collections.abc import Iterable

from risk.engine.binding import Binder
from risk.engine.expressions import Rows, sql_of
from risk.engine.formulas import aggregates, finished, joined
from risk.engine.ledger import counted_sql
from risk.engine.per_row import Plan
from risk.facts.declarations import KEYS, DailyPeakFact, Fact, WindowFact
from risk.facts.fields import same_sql
from risk.facts.spans import BankDay, BusinessDays, DaysBefore, Sliding, back

DAY_NUMBER = "(h.bank_date - DATE '2000-01-01')"
FrameFact = WindowFact | DailyPeakFact


class Frames:
    """Compiles facts that frames can compute, one common table expression per key.

    The events must count themselves now and their keys must hold no reversal within reach (the planner sees to both):
    then what counts in a window is what counts at all, and a frame over ``event_order`` is exact.
    """

    def __init__(self, ledger: str, binder: Binder) -> None:
        self.ledger = ledger
        self.binder = binder

    def compile(self, facts: Iterable[Fact], plan: Plan) -> list[str]:
        """Add the facts to the plan and return the common table expressions it then needs."""
        keyed: dict[str, list[FrameFact]] = {}
        tables: list[str] = []
        for fact in facts:
            if isinstance(fact, FrameFact):
                keyed.setdefault(fact.key, []).append(fact)
        for key, group in keyed.items():
            tables += self._key(key, group, plan)
        return tables

    def _key(self, key: str, group: list[FrameFact], plan: Plan) -> list[str]:
        column = KEYS[key][0]
        reach = self.binder.order(back(max(fact.reach for fact in group)))
        peaks = [fact for fact in group if isinstance(fact, DailyPeakFact)]
        daily = "".join(f",\n  {self._day_figure(fact, key)} AS day{place}" for place, fact in enumerate(peaks))
        span = f"span_{key} AS (SELECT {column}, min(event_order) - {reach} AS low, max(event_order) AS high FROM cur GROUP BY {column})"
        past = (
            f"past_{key} AS (SELECT h.*{daily} FROM {self.ledger} h JOIN span_{key} k ON h.{column} = k.{column}"
            f" AND h.event_order BETWEEN k.low AND k.high WHERE {counted_sql('h')} AND h.reversed_at IS NULL)"
        )
        selected: list[str] = []
        alias = f"frames_{key}"
        for fact in group:
            match fact:
                case DailyPeakFact():
                    expression = self._peak(fact, column, peaks.index(fact))
                case WindowFact():
                    expression = self._window(fact, column)
            plan.columns[fact.identity] = f"{alias}.p{len(selected)}"
            selected.append(f"{expression} AS p{len(selected)}")
        frames = f"{alias} AS (SELECT h.id,\n  " + ",\n  ".join(selected) + f"\n FROM past_{key} h)"
        plan.laterals.append(f"JOIN {alias} ON {alias}.id = c.id")
        return [span, past, frames]

    def _partition(self, fact: FrameFact, column: str, extra: str = "") -> str:
        shared = "".join(f", {same_sql(name, 'h')}" for name in fact.same)
        return f"PARTITION BY h.{column}{shared}{extra}"

    def _filter(self, fact: FrameFact) -> str:
        return "" if fact.where is None else f" FILTER (WHERE {sql_of(fact.where, Rows('h'), self.binder)})"

    def _day_figure(self, fact: DailyPeakFact, key: str) -> str:
        figure = aggregates(fact.formula, fact.of, "h")[0]
        over = self._partition(fact, KEYS[key][0], ", h.bank_date")
        sql = f"{figure}{self._filter(fact)} OVER ({over})"
        # A day without any is no day at all, as in the other plan.
        return f"nullif({sql}, 0)" if fact.formula == "count" else sql

    def _peak(self, fact: DailyPeakFact, column: str, place: int) -> str:
        return f"max(h.day{place}) OVER ({self._days_before(fact, column, fact.days)})"

    def _days_before(self, fact: FrameFact, column: str, days: int) -> str:
        number = self.binder.add(days, "integer")
        return f"{self._partition(fact, column)} ORDER BY {DAY_NUMBER} RANGE BETWEEN {number} PRECEDING AND 1 PRECEDING"

    def _window(self, fact: WindowFact, column: str) -> str:
        end = "CURRENT ROW" if fact.current else "1 PRECEDING"
        match fact.span:
            case Sliding(_micros, ago):
                start = f"{self.binder.order(back(fact.reach))} PRECEDING"
                end = f"{self.binder.order(back(ago))} PRECEDING" if ago else end
                overs = [f"{self._partition(fact, column)} ORDER BY h.event_order RANGE BETWEEN {start} AND {end}"]
            case BankDay():
                overs = [self._own(fact, column, "bank_date", end)]
            case DaysBefore(days):
                overs = [self._days_before(fact, column, days)]
            case BusinessDays(days):
                overs = [self._own(fact, column, "business_day", end)]
                if days > 1:
                    older = f"{self.binder.add(days - 1, 'integer')} PRECEDING AND 1 PRECEDING"
                    overs.append(f"{self._partition(fact, column)} ORDER BY h.business_day RANGE BETWEEN {older}")
        return self._over(fact, overs)

    def _own(self, fact: WindowFact, column: str, day: str, end: str) -> str:
        """The event's own day, up to it or before it."""
        return f"{self._partition(fact, column, f', h.{day}')} ORDER BY h.event_order RANGE BETWEEN UNBOUNDED PRECEDING AND {end}"

    def _over(self, fact: WindowFact, overs: list[str]) -> str:
        figures = aggregates(fact.formula, fact.of, "h")
        windows = [[f"({figure}{self._filter(fact)} OVER ({over}))" for figure in figures] for over in overs]
        parts = windows[0] if len(windows) == 1 else joined(fact.formula, windows[1], windows[0])
        return finished(fact.formula, parts, "h")
