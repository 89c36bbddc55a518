"""The plan for few rows: sub-selects per event on the account's or the customer's index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from risk.engine.binding import Binder
from risk.engine.expressions import Rows, common_floor, divides, is_dear, sql_of
from risk.engine.formulas import aggregates, amount_sql, finished
from risk.engine.ledger import READABLE, counted_sql, counts_at_sql
from risk.engine.reading import Reading, reading_of
from risk.facts.declarations import KEYS, BalanceFact, DailyPeakFact, DatedFact, Fact, LastFact, WindowFact
from risk.facts.expressions import names_of
from risk.facts.fields import FIELDS, same_sql
from risk.facts.spans import DAY, BankDay, BusinessDays, DaysBefore, Sliding, back

# Windows of similar length share one scan of the index.
COUNTERPARTY = "counterparty"
"""Not asked of a whole scan: the server would rather look all events of a counterparty up than those of the key."""
CLASSES = (DAY + 2 * DAY // 24, 11 * DAY, 50 * DAY)


@dataclass
class Plan:
    """Laterals to join to the events ``c``, and each fact's column by its identity."""

    laterals: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def join(self, sub_select: str) -> str:
        """Add a lateral and return its alias."""
        alias = f"g{len(self.laterals)}"
        self.laterals.append(f"CROSS JOIN LATERAL (\n{sub_select}\n) AS {alias}")
        return alias


class PerRow:
    """Compiles facts for one ledger."""

    def __init__(self, ledger: str, binder: Binder, reading: Reading | None = None) -> None:
        self.ledger = ledger
        self.reading = reading or reading_of(ledger)
        self.binder = binder

    def compile(self, facts: Iterable[Fact], plan: Plan) -> None:
        """Add the facts to the plan."""
        shared: dict[tuple[str, int], list[WindowFact]] = {}
        lasts: dict[tuple[object, ...], list[LastFact]] = {}
        peaks: dict[tuple[str, int], list[DailyPeakFact]] = {}
        for fact in facts:
            match fact:
                case WindowFact() if fact.formula != "distinct":
                    reach = sum(fact.reach > bound for bound in CLASSES)
                    shared.setdefault((fact.key, reach), []).append(fact)
                case LastFact():
                    lasts.setdefault((fact.key, fact.same, fact.count, fact.days), []).append(fact)
                case DailyPeakFact():
                    peaks.setdefault((fact.key, fact.days), []).append(fact)
                case _:
                    self._alone(plan, fact)
        for group in shared.values():
            self._windows(plan, group)
        for row_group in lasts.values():
            self._last(plan, row_group)
        for daily in peaks.values():
            self._daily_peaks(plan, daily)

    def _alone(self, plan: Plan, fact: Fact) -> None:
        match fact:
            case WindowFact():
                self._single(plan, fact, self._distinct(fact))
            case DatedFact():
                value = FIELDS[fact.of].sql.format(row="c")
                plan.columns[fact.identity] = dated_sql(self.binder.text(fact.table), value, relation=self.reading.dated_of("c"))
            case BalanceFact():
                self._single(plan, fact, self._balance(fact))

    def matching(self, fact: WindowFact | LastFact | DailyPeakFact) -> str:
        """Return the source and conditions of the rows ``h`` that a fact counts for the event ``c``."""
        match fact:
            case WindowFact():
                return f"{self._source(fact, fact.reach)} AND {self._condition(fact, fact.reach)}"
            case DailyPeakFact(days=days):
                earlier = f"h.bank_date < c.bank_date AND h.bank_date >= c.bank_date - {self.binder.add(days, 'integer')}"
                return " AND ".join([self._source(fact, fact.reach), earlier, *self.filters(fact)])
        return f"FROM ({self._last_rows(fact, ('id', *READABLE))}) h WHERE {' AND '.join(self._where(fact)) or 'true'}"

    def _single(self, plan: Plan, fact: Fact, sub_select: str) -> None:
        plan.columns[fact.identity] = f"{plan.join(sub_select)}.value"

    def _windows(self, plan: Plan, group: list[WindowFact]) -> None:
        reach = max(fact.reach for fact in group)
        common = [name for name in group[0].same if name != COUNTERPARTY and all(name in fact.same for fact in group)]
        least = common_floor([fact.where for fact in group])
        selected: list[str] = []
        places: list[list[str]] = []
        for fact in group:
            condition = self._condition(fact, reach, without=common)
            parts = [f"{aggregate} FILTER (WHERE {condition})" for aggregate in aggregates(fact.formula, fact.of, "h")]
            places.append([f"p{len(selected) + place}" for place in range(len(parts))])
            selected += [f"{part} AS p{len(selected) + place}" for place, part in enumerate(parts)]
        # What all of them ask is asked once.
        asked = [f"{same_sql(name, 'h')} = {same_sql(name, 'c')}" for name in common]
        asked += [sql_of(least, Rows("h"), self.binder)] if least else []
        source = " AND ".join([self._source(group[0], reach), *asked])
        alias = plan.join("SELECT " + ",\n       ".join(selected) + "\n" + source)
        for fact, names in zip(group, places, strict=True):
            plan.columns[fact.identity] = finished(fact.formula, [f"{alias}.{name}" for name in names])

    def _source(self, fact: WindowFact | LastFact | DailyPeakFact, reach: int) -> str:
        """The rows of the key within reach that count now; the event itself always does."""
        key = " AND ".join(f"h.{column} = c.{column}" for column in KEYS[fact.key])
        return (
            f"FROM {self.ledger} h WHERE {key} AND h.event_order <= c.event_order"
            f" AND h.event_order >= c.event_order - {self.binder.order(back(reach))}"
            f" AND ({counts_at_sql('h', 'c.occurred_at')} OR h.id = c.id)"
        )

    def _condition(self, fact: WindowFact, reach: int, without: Sequence[str] = ()) -> str:
        parts = [] if fact.current else ["h.event_order < c.event_order"]
        match fact.span:
            case Sliding(_micros, ago):
                if fact.reach != reach:
                    parts.append(f"h.event_order >= c.event_order - {self.binder.order(back(fact.reach))}")
                if ago:
                    parts.append(f"h.event_order <= c.event_order - {self.binder.order(back(ago))}")
            case BankDay():
                # Not "=": that would invite the server to read the whole day by another index, where the newest few rows are wanted.
                parts.append("h.bank_date IS NOT DISTINCT FROM c.bank_date")
            case DaysBefore(days):
                parts.append(f"h.bank_date < c.bank_date AND h.bank_date >= c.bank_date - {self.binder.add(days, 'integer')}")
            case BusinessDays(days):
                parts.append(f"h.business_day > c.business_day - {self.binder.add(days, 'integer')}")
        shared, where = self._shared(fact, without), self._where(fact)
        # What is quick and mostly says no is asked first.
        late = fact.where is None or is_dear(fact.where) or divides(fact.where)
        ordered = [*parts, *shared, *where] if late else [*where, *parts, *shared]
        return " AND ".join(ordered) or "true"

    def filters(self, fact: WindowFact | LastFact | DailyPeakFact) -> list[str]:
        """Return what a fact asks of a past event ``h``: what it shares with ``c``, and its own filter."""
        return [*self._shared(fact), *self._where(fact)]

    def _shared(self, fact: WindowFact | LastFact | DailyPeakFact, without: Sequence[str] = ()) -> list[str]:
        return [f"{same_sql(name, 'h')} = {same_sql(name, 'c')}" for name in fact.same if name not in without]

    def _where(self, fact: WindowFact | LastFact | DailyPeakFact) -> list[str]:
        if fact.where is None:
            return []
        condition = sql_of(fact.where, Rows("h"), self.binder)
        # An aggregate over rows ``h`` that names none of their columns would belong to the query around it.
        return [condition if names_of(fact.where, "field") else f"({condition} AND h.event_order IS NOT NULL)"]

    def _distinct(self, fact: WindowFact) -> str:
        condition = self._condition(fact, fact.reach)
        return (
            f"SELECT count(*) AS value FROM (SELECT DISTINCT h.counterparty_index {self._source(fact, fact.reach)}"
            f" AND {condition} AND h.counterparty_index IS NOT NULL LIMIT {self.binder.add(fact.cap, 'bigint')}) d"
        )

    def _last(self, plan: Plan, group: list[LastFact]) -> None:
        """One look at the last events for all facts about them."""
        figures = []
        for place, fact in enumerate(group):
            filtered = f" FILTER (WHERE {self._where(fact)[0]})" if fact.where is not None else ""
            parts = [f"({part}{filtered})" for part in aggregates(fact.formula, fact.of, "h")]
            figures.append(f"{finished(fact.formula, parts)} AS p{place}")
        alias = plan.join(f"SELECT {', '.join(figures)} FROM ({self._last_rows(group[0], READABLE)}) h")
        for place, fact in enumerate(group):
            plan.columns[fact.identity] = f"{alias}.p{place}"

    def _last_rows(self, fact: LastFact, columns: Sequence[str]) -> str:
        """The last events before any filter, the one being judged among them.

        Events of one microsecond and one tie value are told apart by their own id and source, never by arrival. These stand in no index,
        so they are asked only where more events tie for the last place than there is room for: all others are found in the index alone.
        """
        same = "".join(f" AND {same_sql(name, 'h')} = {same_sql(name, 'c')}" for name in fact.same)
        source = f"{self._source(fact, fact.reach)}{same} AND h.id <> c.id"
        most = self.binder.add(fact.count - 1, "bigint")
        names = ", ".join(f"h.{name}" for name in columns)
        with_ties = (
            f"SELECT {', '.join(f'h.{name}' for name in dict.fromkeys(('id', *columns)))} {source}"
            f" ORDER BY h.event_order DESC FETCH FIRST ({most}) ROWS WITH TIES"
        )
        settled = f"SELECT h.id {source} ORDER BY h.event_order DESC, h.external_id DESC, h.source_id DESC LIMIT {most}"
        others = (
            f"SELECT {names} FROM (SELECT h.*, count(*) OVER () AS found FROM ({with_ties}) h) h"
            f" WHERE CASE WHEN h.found <= {most} THEN true ELSE h.id IN ({settled}) END"
        )
        return f"{others} UNION ALL SELECT {', '.join('c.' + name for name in columns)}"

    def _daily_peaks(self, plan: Plan, group: list[DailyPeakFact]) -> None:
        """One look at the days of a key for all facts about them; a day without any event of a fact is no day of it."""
        first, figures = group[0], []
        for place, fact in enumerate(group):
            filters = " AND ".join(self.filters(fact))
            filtered = f" FILTER (WHERE {filters})" if filters else ""
            counted = f"nullif(count(*){filtered}, 0)" if fact.formula == "count" else f"sum({amount_sql(fact.of, 'h')}){filtered}"
            figures.append(f"{counted} AS day{place}")
        days = self.binder.add(first.days, "integer")
        alias = plan.join(
            f"SELECT {', '.join(f'max(d.day{place}) AS p{place}' for place in range(len(group)))}"
            f" FROM (SELECT {', '.join(figures)} {self._source(first, first.reach)}"
            f" AND h.bank_date < c.bank_date AND h.bank_date >= c.bank_date - {days} GROUP BY h.bank_date) d"
        )
        for place, fact in enumerate(group):
            plan.columns[fact.identity] = f"{alias}.p{place}"

    def _balance(self, fact: BalanceFact) -> str:
        days = self.binder.add(fact.days, "integer")
        after = "(((extract(epoch FROM b.reported_at) * 1000000)::bigint - 946684800000000) + 1) * 4096"
        signed = (
            f"SELECT sum(CASE WHEN h.direction = 'C' THEN h.amount ELSE -h.amount END) FROM {self.ledger} h"
            " WHERE h.account_id = c.account_id AND h.currency = c.currency"
        )
        moved = f"{signed} AND h.event_order < c.event_order AND h.event_order >= {after} AND {counts_at_sql('h', 'c.occurred_at')}"
        # What the report still held and has been reversed since.
        undone = (
            f"{signed} AND h.event_order < {after} AND {counted_sql('h')}"
            " AND h.reversed_at > b.reported_at AND h.reversed_at <= c.occurred_at"
        )
        return (
            f"SELECT (SELECT b.balance + coalesce(({moved}), 0) - coalesce(({undone}), 0) FROM {self.reading.reports} b"
            f" WHERE b.account_id = c.account_id AND c.currency = c.account_currency AND b.reported_at < c.occurred_at"
            f" AND b.reported_at > c.occurred_at - {days} * interval '24 hours'"
            f" ORDER BY b.reported_at DESC, b.source LIMIT 1) AS value"
        )


def dated_sql(table: str, key: str, day: str = "c.bank_date", *, relation: str = "risk_datedvalue") -> str:
    """Return the sub-select of the value that held on a day; the newest wins where two overlap."""
    return (
        f'(SELECT v.value FROM {relation} v WHERE v."table" = {table} AND v.key = {key} AND v.valid_from <= {day}'
        f" AND (v.valid_until IS NULL OR v.valid_until > {day}) ORDER BY v.valid_from DESC LIMIT 1)"
    )
