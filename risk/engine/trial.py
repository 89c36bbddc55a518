"""The statement of a back-test: a program over many rows, its answers and verdict, only where something follows."""

from risk.engine.answers import ERROR, Verdict, answer_sql
from risk.engine.binding import Binder
from risk.engine.compiler import GIVEN, LABELS, POSSIBLE, PlanName, Statement, compile_facts
from risk.engine.gates import gates_of
from risk.engine.ledger import LEDGER
from risk.engine.program import Program
from risk.engine.reading import Reading

FOUND = """
SELECT d.id, d.customer_id, d.account_id, d.occurred_at, d.bank_date, d.amount_cny, d.answers, d.points, d.label, d.actions,
       t_points, t_label, t_actions
  FROM told d ORDER BY d.id"""


def compile_trial(
    program: Program, standing: Program, plan: PlanName, reading: Reading, *, without: frozenset[str] = frozenset()
) -> Statement:
    """Return the statement that tries ``program``, in which those in the shadow stand only for ``standing``, the rules live now.

    Its table ``told`` holds the rows on which any rule answers something that counts: answers of all rules, the verdict of those tried,
    and the verdict (``t_…``) of those live.
    """
    binder = Binder()
    gates = gates_of(program, binder)
    running = [rule for rule in program.rules if rule.code not in without]
    wanted = {fact.identity for rule in running for fact in rule.definition.facts.values()}
    tables = compile_facts(program.facts, plan, binder, ledger=LEDGER, events=GIVEN, wanted=wanted, reading=reading, gates=gates)
    columns = {identity: f"f.f{place}" for identity, place in program.places.items()}
    said = [answer_sql(rule, columns, binder) if rule.code not in without else str(ERROR) for rule in program.rules]
    answers = [f"{answer} AS r{place}" for place, answer in enumerate(said)]
    kept = "f.id, f.customer_id, f.account_id, f.occurred_at, f.bank_date, f.amount_cny, f.has_moved" + reading_columns(reading)
    answered = ", ".join(f"d.r{place}" for place in range(len(program.rules)))
    some = " OR ".join(f"r{place} <> 0" for place in range(len(program.rules))) or "false"
    parts = [
        tables,
        f"answers AS MATERIALIZED (SELECT {kept}" + "".join(f",\n  {answer}" for answer in answers) + "\nFROM facts f)",
        f"moved AS MATERIALIZED (SELECT * FROM answers WHERE {some})",
        *_verdict(Verdict(program, binder, reading), "moved", ""),
        *_verdict(Verdict(standing, binder, reading), "moved", "t_"),
        "told AS MATERIALIZED (SELECT d.*, ARRAY[" + answered + "]::smallint[] AS answers, x.points AS t_points, x.label AS t_label,"
        " x.actions AS t_actions FROM verdict d JOIN t_verdict x ON x.id = d.id"
        f" WHERE d.label <> 'allow' OR x.label <> 'allow' OR 0 < ANY (ARRAY[{answered}]))",
    ]
    return Statement(",\n".join(parts), binder.values)


def reading_columns(reading: Reading) -> str:
    """Return the columns by which references are read as they were known."""
    return ", f.seen, f.own, f.seen_min, f.seen_max" if reading.known else ""


def _verdict(verdict: Verdict, source: str, mark: str) -> list[str]:
    label = f"(ARRAY[{LABELS}])[d.rank + 1]"
    return [
        f"{mark}scored AS (SELECT a.*, {verdict.points()} AS points FROM {source} a)",
        f"{mark}asked AS MATERIALIZED (SELECT s.*, {verdict.rank()} AS rank_asked FROM {mark}scored s)",
        f"{mark}decided AS (SELECT k.*, {POSSIBLE} AS rank FROM {mark}asked k)",
        f"{mark}verdict AS MATERIALIZED (SELECT d.*, {label} AS label, {verdict.actions()} AS actions FROM {mark}decided d)",
    ]
