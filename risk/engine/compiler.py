"""A program of rules to one parameterised statement over a set of transactions."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.conf import settings

from risk.choices import LABEL_RANK, Label
from risk.engine.answers import ERROR, Verdict, answer_sql
from risk.engine.binding import Binder
from risk.engine.frames import Frames
from risk.engine.gates import Gates, gated
from risk.engine.ledger import COLUMNS, LEDGER
from risk.engine.per_row import PerRow, Plan
from risk.engine.program import Program
from risk.engine.reading import Reading, reading_of
from risk.facts.declarations import Fact

PlanName = Literal["rows", "frames"]
GIVEN = "unnest(%(ids)s::bigint[])"
ONE = "(VALUES (%(id)s::bigint))"
"""A single event. The planner then knows that it is one, and keeps one plan for all: planning takes longer than judging one row."""
STORED = "numeric(60, 18)"
POSSIBLE = f"CASE WHEN k.has_moved THEN least(k.rank_asked, {LABEL_RANK[Label.REVIEW]}) ELSE k.rank_asked END"
LABELS = ", ".join(f"'{label.value}'" for label in Label)


@lru_cache(maxsize=64)
def _with(tables: str, more: str) -> str:
    # The same text object each time: its hash is computed once.
    return f"WITH {tables}{more}"


@dataclass(frozen=True)
class Statement:
    """Common table expressions whose last one is ``verdict``, and the values they take besides ``ids``.

    ``verdict``: id, facts numeric[], answers smallint[], points, label, actions text[], exits jsonb.
    """

    tables: str
    values: dict[str, Any]

    def then(self, query: str) -> str:
        """Return the whole statement with a query over ``verdict``."""
        return f"WITH {self.tables}\n{query}"

    def tables_with(self, more: str) -> str:
        """Return the whole statement with further table expressions and their query."""
        return _with(self.tables, more)


def compile_facts(
    facts: tuple[Fact, ...],
    plan_name: PlanName,
    binder: Binder,
    *,
    ledger: str = LEDGER,
    events: str = GIVEN,
    wanted: set[str] | None = None,
    current: str = "",
    reading: Reading | None = None,
    gates: Gates | None = None,
) -> str:
    """Return common table expressions ``cur`` and ``facts``: the events with one column ``f0, f1 …`` per fact.

    ``wanted`` leaves out (as unknown) what only failing rules would need; ``current`` is another table expression ``cur``, for a ledger
    whose events belong to no customer of ours. ``reading`` says what else than the present ledger is read;
    ``gates`` leave out what no rule needs of an event.
    """
    plan = Plan()
    reading = reading or reading_of(ledger)
    needed = [fact for fact in facts if wanted is None or fact.identity in wanted]
    framed = [fact for fact in needed if plan_name == "frames" and fact.in_frames]
    tables = Frames(ledger, binder).compile(framed, plan)
    _per_row(PerRow(reading.past, binder, reading), [fact for fact in needed if fact not in framed], gates or {}, plan)
    columns = [f"({plan.columns.get(fact.identity, 'NULL')})::{STORED} AS f{place}" for place, fact in enumerate(facts)]
    binder.values["zone"] = settings.BANK_ZONE
    selected = ",\n  ".join(["c.*", *columns])
    laterals = "\n".join(plan.laterals)
    return ",\n".join(
        [current or current_sql(ledger, events, reading), *tables, f"facts AS MATERIALIZED (SELECT {selected}\nFROM cur c\n{laterals})"]
    )


def _per_row(compiler: PerRow, facts: list[Fact], gates: Gates, plan: Plan) -> None:
    """Add what frames do not compute, each behind its gate."""
    for gate in sorted({gates.get(fact.identity, "") for fact in facts}):
        group = [fact for fact in facts if gates.get(fact.identity, "") == gate]
        before = len(plan.laterals)
        compiler.compile(group, plan)
        if gate:
            plan.laterals[before:] = [gated(lateral, gate) for lateral in plan.laterals[before:]]
            for fact in group:
                plan.columns[fact.identity] = f"(CASE WHEN {gate} THEN {plan.columns[fact.identity]} END)"


def current_sql(ledger: str, events: str, reading: Reading | None = None) -> str:
    """Return the table expression ``cur``: the events to judge, with what their customer and account were when they occurred."""
    reading = reading or reading_of(ledger)
    columns = ", ".join(f"t.{name}" for name in COLUMNS)
    return (
        f"cur AS MATERIALIZED (SELECT {columns}, coalesce(cw.kind, cu.kind) AS customer_kind, coalesce(cw.segment, cu.segment)"
        " AS customer_segment, coalesce(cw.aml_risk_level, cu.aml_risk_level)::numeric AS customer_aml_risk_level,"
        " coalesce(aw.kind, ac.kind) AS account_kind, coalesce(aw.currency, ac.currency) AS account_currency,"
        " (t.bank_date - coalesce(aw.opened_at, ac.opened_at))::numeric AS account_age,"
        f" ({reading.moved}) AS has_moved{reading.carried}"
        f" FROM {events} AS i (id) JOIN {reading.events} t ON t.id = i.id JOIN customers_customer cu ON cu.id = t.customer_id"
        " JOIN products_account ac ON ac.id = t.account_id JOIN transactions_source so ON so.id = t.source_id"
        f" {_former('customers_customerformer', 't.customer_id', reading, 'cw')}"
        f" {_former('products_accountformer', 't.account_id', reading, 'aw')})"
    )


def _former(table: str, row: str, reading: Reading, alias: str) -> str:
    """What a row was at the event's moment, where it has changed since: a small table holds what ceased to be, and when."""
    return (
        f"LEFT JOIN LATERAL (SELECT w.* FROM {table} w WHERE w.pgh_obj_id = {row} AND w.pgh_created_at > {reading.moment}"
        f" ORDER BY w.pgh_id LIMIT 1) {alias} ON true"
    )


def compile_judgement(
    program: Program,
    plan_name: PlanName,
    *,
    without: frozenset[str] = frozenset(),
    ledger: str = LEDGER,
    events: str = GIVEN,
    reading: Reading | None = None,
) -> Statement:
    """Return the statement that judges; rules named in ``without`` answer with the exit ``engine_error``."""
    binder = Binder()
    running = [rule for rule in program.rules if rule.code not in without]
    wanted = {fact.identity for rule in running for fact in rule.definition.facts.values()}
    reading = reading or reading_of(ledger)
    tables = compile_facts(program.facts, plan_name, binder, ledger=ledger, events=events, wanted=wanted, reading=reading)
    columns = {identity: f"f.f{place}" for identity, place in program.places.items()}
    found = [answer_sql(rule, columns, binder) if rule.code not in without else str(ERROR) for rule in program.rules]
    answers = [f"{answer} AS r{place}" for place, answer in enumerate(found)]
    verdict = Verdict(program, binder, reading)
    facts_out = ", ".join(f"d.f{place}" for place in range(len(program.facts)))
    answered = ", ".join(f"d.r{place}" for place in range(len(program.rules)))
    columns_out = [
        f"ARRAY[{facts_out}]::{STORED}[] AS facts",
        f"ARRAY[{answered}]::smallint[] AS answers",
        f"d.points, (ARRAY[{LABELS}])[d.rank + 1] AS label",
        f"{verdict.actions()} AS actions",
        f"{verdict.exits()} AS exits",
    ]
    parts = [
        tables,
        "answers AS MATERIALIZED (SELECT f.*" + "".join(f",\n  {answer}" for answer in answers) + "\nFROM facts f)",
        f"scored AS MATERIALIZED (SELECT a.*, {verdict.points()} AS points FROM answers a)",
        f"asked AS MATERIALIZED (SELECT s.*, {verdict.rank()} AS rank_asked FROM scored s)",
        f"decided AS MATERIALIZED (SELECT k.*, {POSSIBLE} AS rank FROM asked k)",
        f"verdict AS MATERIALIZED (SELECT d.id, {', '.join(columns_out)} FROM decided d)",
    ]
    return Statement(",\n".join(parts), binder.values)
