"""Which rules judge now: the program of the live and shadow versions, and the rule set that assessments point to."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.db import connection, transaction
from django.utils import timezone

from risk.choices import RuleState
from risk.engine.cursor import run
from risk.engine.program import Program, program_of
from risk.models import RuleSet, RuleVersion

RUNNING = {"running": [RuleState.LIVE.value, RuleState.SHADOW.value]}


def current() -> tuple[int, Program]:
    """Return the rule set of this moment (its key) and its program; one short query when nothing has changed."""
    rule_set, program, _resting = judging_at(timezone.now())
    return rule_set, program


def judging_at(now: datetime) -> tuple[int, Program, frozenset[str]]:
    """Return the same and the codes of the rules that are not tried now: they failed a whole batch a short while ago."""
    asked = _last.digest  # once: another thread may meanwhile have seen other rules, and the key found here belongs to these
    rows = run(_NOW, {**RUNNING, "digest": asked, "now": now})
    program = _program(tuple(row[:3] for row in rows))
    rest = {row[0] for row in rows if row[4]}
    resting = frozenset(rule.code for rule in program.rules if rule.version_id in rest)
    # Looked up each time: a rule set made in a transaction that was rolled back must not be remembered. Only its digest is.
    if rows and program.digest == asked and rows[0][3] is not None:
        return rows[0][3], program, resting
    found = run("SELECT id FROM risk_ruleset WHERE digest = %(digest)s::text", {"digest": program.digest})
    _last.digest = program.digest
    return (found[0][0] if found else _stored(program)), program, resting


class _Last:
    """The digest of the rules that judged last in this process: most often it is theirs again."""

    digest = ""


_last = _Last()
_NOW = """
SELECT v.id, v.state, v.created_at::text, s.id, f.id IS NOT NULL
  FROM risk_ruleversion v LEFT JOIN risk_ruleset s ON s.digest = %(digest)s::text
  LEFT JOIN risk_rulefailure f ON f.version_id = v.id AND f.left_out_until > %(now)s::timestamptz
 WHERE v.state = ANY(%(running)s::text[]) ORDER BY v.id"""


@lru_cache(maxsize=8)
def _program(running: tuple[tuple[int, str, str], ...]) -> Program:
    # Versions are immutable, so their keys, states and times of creation say everything.
    return program_for([version_id for version_id, _state, _created in running])


def program_for(version_ids: Sequence[int]) -> Program:
    """Return the program of some versions, whatever their state: a draft is compiled like a live rule."""
    rows = RuleVersion.objects.filter(pk__in=version_ids).select_related("rule")
    return program_of((row.pk, row.rule.code, row.number, row.state == RuleState.SHADOW, row.definition, row.parameters) for row in rows)


def _stored(program: Program) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time: two workers may meet a new set of rules in the same moment.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('risk.rule_set'))")
        found = RuleSet.objects.filter(digest=program.digest).values_list("pk", flat=True).first()
        if found is not None:
            return found
        newest = RuleSet.objects.order_by("-number").values_list("number", flat=True).first() or 0
        made = RuleSet.objects.create(number=newest + 1, digest=program.digest, facts=[fact.to_json() for fact in program.facts])
        made.versions.set([rule.version_id for rule in program.rules])
    return made.pk
