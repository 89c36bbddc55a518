"""The rules that judge now, and the rule set that a verdict names: always those that judged.

Requirements: R339.
"""

import pytest
from django.db import transaction

from crm.access.actor import SYSTEM
from crm.log import services as log
from risk.choices import RuleState
from risk.engine.program import Program
from risk.models import RuleSet, RuleVersion
from risk.services import rule_sets

pytestmark = pytest.mark.django_db


def current() -> tuple[int, Program]:
    """The rules of this moment, as a sitting asks for them: what it stores has its line."""
    with transaction.atomic():
        log.record(actor=SYSTEM, action="rules.loaded")
        return rule_sets.current()


def test_a_verdict_is_filed_under_the_rules_that_judged_though_another_thread_saw_them_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules change while this thread asks: another one has remembered the new ones in between."""
    before, _program = current()
    assert current()[0] == before
    shadowed = RuleVersion.objects.filter(state=RuleState.LIVE).order_by("pk").first()
    assert shadowed is not None
    compiled = rule_sets._program

    def overtaken(running: tuple[tuple[int, str, str], ...]) -> Program:
        program = compiled(running)
        monkeypatch.setattr(rule_sets._last, "digest", program.digest, raising=True)
        return program

    RuleVersion.objects.filter(pk=shadowed.pk).update(state=RuleState.SHADOW)
    monkeypatch.setattr(rule_sets, "_program", overtaken)
    found, program = current()
    assert found != before
    assert RuleSet.objects.get(pk=found).digest == program.digest
