"""What a rule answers, as a number: the band that hit, the exit taken, or no."""

from collections.abc import Iterable

from risk.choices import LABEL_RANK, Action, Label
from risk.engine.binding import Binder
from risk.engine.expressions import Rows, sql_of
from risk.engine.per_row import dated_sql
from risk.engine.program import Program, Rule
from risk.engine.reading import PRESENT, Reading
from risk.rules.definition import ENGINE_ERROR, UNKNOWN_VALUE

NO = 0
UNKNOWN = -100
ERROR = -101
POINTS_TABLE = "label_points"
"""The dated reference that says from how many points a transaction is reviewed or held; keys ``review`` and ``hold``."""


def answer_sql(rule: Rule, columns: dict[str, str], binder: Binder) -> str:
    """Return the rule's answer: 1, 2 … the first band that hits; −1, −2 … the first exit; −100 a value was unknown; 0 no."""
    definition = rule.definition
    facts = {name: columns[fact.identity] for name, fact in definition.facts.items()}
    rows = Rows("f", facts=facts)
    cases = []
    conditions = []
    if definition.applies is not None:
        applies = sql_of(definition.applies, rows, binder)
        cases += [f"WHEN ({applies}) IS FALSE THEN {NO}", f"WHEN ({applies}) IS NULL THEN {UNKNOWN}"]
    for place, band in enumerate(definition.bands, 1):
        conditions.append(sql_of(band.when, rows, binder))
        cases.append(f"WHEN {conditions[-1]} THEN {place}")
    cases += [f"WHEN {sql_of(way.when, rows, binder)} THEN {-place}" for place, way in enumerate(definition.exits, 1)]
    cases += [f"WHEN ({condition}) IS NULL THEN {UNKNOWN}" for condition in conditions]
    return "CASE " + "\n    ".join(cases) + f" ELSE {NO} END"


def exit_name(rule: Rule, answer: int) -> str:
    """Return the name of the exit an answer stands for."""
    if answer in (UNKNOWN, ERROR):
        return UNKNOWN_VALUE if answer == UNKNOWN else ENGINE_ERROR
    return rule.definition.exits[-answer - 1].name


class Verdict:
    """The columns that make a verdict of the answers ``r0, r1 …``."""

    def __init__(self, program: Program, binder: Binder, reading: Reading = PRESENT) -> None:
        self.program = program
        self.reading = reading
        self.binder = binder
        self.live = [(f"r{place}", rule) for place, rule in enumerate(program.rules) if not rule.shadow]

    def points(self) -> str:
        """Return the sum of the points of all live hits."""
        parts = []
        for column, rule in self.live:
            scores = [(place, band.points) for place, band in enumerate(rule.definition.bands, 1) if band.points]
            if scores:
                parts.append(f"CASE {column} {' '.join(f'WHEN {place} THEN {points}' for place, points in scores)} ELSE 0 END")
        return " + ".join(parts) or "0"

    def rank(self) -> str:
        """Return the rank of the label: the highest of what bands and exits force and what the points give."""
        relation = self.reading.dated_of("s")
        review, hold = (
            dated_sql(self.binder.text(POINTS_TABLE), self.binder.text(key), "s.bank_date", relation=relation) for key in ("review", "hold")
        )
        scored = (
            f"CASE WHEN s.points = 0 THEN 0 WHEN s.points >= {hold} THEN {LABEL_RANK[Label.HOLD]}"
            f" WHEN s.points >= {review} THEN {LABEL_RANK[Label.REVIEW]} ELSE 0 END"
        )
        return f"greatest({', '.join([scored, *self._forced()])})"

    def _forced(self) -> Iterable[str]:
        for column, rule in self.live:
            ranks = {place: LABEL_RANK[Label(band.label)] for place, band in enumerate(rule.definition.bands, 1)}
            ranks |= {-place: LABEL_RANK[Label(way.label)] for place, way in enumerate(rule.definition.exits, 1) if way.label}
            ranks |= {ERROR: LABEL_RANK[Label.REVIEW]}
            cases = " ".join(f"WHEN {answer} THEN {rank}" for answer, rank in ranks.items() if rank)
            yield f"CASE s.{column} {cases} ELSE 0 END"

    def actions(self) -> str:
        """Return the union of the actions of all live hits; whoever hits and is reviewed or held raises an alert."""
        parts = []
        for action in Action:
            conditions = []
            for column, rule in self.live:
                bands = [str(place) for place, band in enumerate(rule.definition.bands, 1) if action in band.actions]
                if bands:
                    conditions.append(f"d.{column} IN ({', '.join(bands)})")
            if action == Action.ALERT:
                hits = " OR ".join(f"d.{column} > 0" for column, _rule in self.live)
                conditions.append(f"(d.rank >= {LABEL_RANK[Label.REVIEW]} AND ({hits or 'false'}))")
            if action == Action.PROPOSE_FREEZE:
                conditions.append("d.rank_asked > d.rank")
            if conditions:
                parts.append(f"CASE WHEN {' OR '.join(conditions)} THEN '{action.value}' END")
        return f"array_remove(ARRAY[{', '.join(parts)}]::text[], NULL)"

    def exits(self) -> str:
        """Return the exits taken, live and shadow, as an object of rule code and exit name."""
        taken: dict[str, list[str]] = {}
        # A rule may run live and in shadow at once: its live version's exit is the one that is told.
        for place, rule in sorted(enumerate(self.program.rules), key=lambda item: item[1].shadow):
            names = [(-number, way.name) for number, way in enumerate(rule.definition.exits, 1)]
            cases = " ".join(f"WHEN {answer} THEN '{name}'" for answer, name in [*names, (UNKNOWN, UNKNOWN_VALUE), (ERROR, ENGINE_ERROR)])
            taken.setdefault(rule.code, []).append(f"CASE d.r{place} {cases} END")
        # Two arrays, because a function takes no more than a hundred arguments and a bank may have more rules than fifty.
        codes = ", ".join(self.binder.text(code) for code in taken)
        names_sql = ", ".join(f"coalesce({', '.join(cases)})" for cases in taken.values())
        return f"jsonb_strip_nulls(jsonb_object(ARRAY[{codes}]::text[], ARRAY[{names_sql}]::text[]))"
