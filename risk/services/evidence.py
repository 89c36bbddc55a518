"""What a hit shows: fact values, window bounds, and the transactions that count in its windows, capped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from risk.engine.binding import Binder
from risk.engine.cursor import run
from risk.engine.matches import matches_sql
from risk.engine.program import Program, Rule
from risk.engine.reading import SEEN
from risk.facts.declarations import Fact, WindowFact
from risk.facts.expressions import EXACT
from risk.facts.spans import Sliding
from risk.services.judging import Judged

MATCHED_CAP = 50


@dataclass(frozen=True, slots=True)
class Found:
    """One rule that hit one judged transaction, before it is stored."""

    judged: Judged
    place: int
    rule: Rule

    @property
    def band(self) -> Any:
        """Return the band that hit."""
        return self.rule.definition.bands[self.judged.answers[self.place] - 1]


def found_in(program: Program, judged: Sequence[Judged]) -> list[Found]:
    """Return all hits of newly stored assessments, live and shadow."""
    return [
        Found(row, place, rule)
        for row in judged
        if row.assessment is not None
        for place, rule in enumerate(program.rules)
        if row.answers[place] > 0
    ]


def evidence_of(program: Program, found: Sequence[Found], times: dict[int, datetime]) -> list[dict[str, Any]]:
    """Return the evidence of each hit; one query per rule and fact that shows its transactions."""
    matched = _matched(found)
    return [
        {
            "facts": {name: _shown(program, item, fact) for name, fact in item.rule.definition.facts.items()},
            "windows": {name: _bounds(fact, times[item.judged.pk]) for name, fact in item.rule.definition.facts.items() if _slides(fact)},
            "parameters": {name: str(value.value) for name, value in item.rule.definition.parameters.items()},
            "matched": matched.get((item.judged.pk, item.rule.version_id), []),
            "matched_cap": MATCHED_CAP,
        }
        for item in found
    ]


def _shown(program: Program, item: Found, fact: Fact) -> str | None:
    value = (item.judged.facts or [])[program.places[fact.identity]]
    return None if value is None else format(EXACT.normalize(value), "f")


def _slides(fact: Fact) -> bool:
    return isinstance(fact, WindowFact) and isinstance(fact.span, Sliding)


def _bounds(fact: Fact, moment: datetime) -> list[str]:
    """After the first moment, up to and including the second."""
    ago = fact.span.ago if isinstance(fact, WindowFact) and isinstance(fact.span, Sliding) else 0
    return [(moment - timedelta(microseconds=back)).astimezone(UTC).isoformat() for back in (fact.reach, ago)]


def _matched(found: Sequence[Found]) -> dict[tuple[int, int], list[int]]:
    """The transactions in the windows that a rule version shows as evidence, newest first, the judged one included.

    A later statement than the verdict's: what files brought of these customers in between was not counted and is not shown.
    """
    groups: dict[int, list[Found]] = {}
    for item in found:
        groups.setdefault(item.rule.version_id, []).append(item)
    matched: dict[tuple[int, int], list[int]] = {}
    for version, items in groups.items():
        definition = items[0].rule.definition
        for name in definition.evidence:
            binder = Binder()
            sql = matches_sql(definition.facts[name], binder, MATCHED_CAP, reading=SEEN)
            if sql is None:
                continue
            for pk, ids in run(sql, {**binder.values, "ids": [item.judged.pk for item in items]}, prepare=False):
                known = matched.setdefault((pk, version), [])
                known += [each for each in ids if each not in known][: MATCHED_CAP - len(known)]
    return matched
