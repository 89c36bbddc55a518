"""The evidence of an alert reads as a sentence: this fact, this value, this threshold (R127)."""

import pytest

from products.models import Account
from risk.engine.evidence import bounds_of, evidence_of
from risk.models import Alert
from risk.services import screening
from risk.tests.work import cash_in
from transactions.models import Source


def test_only_direct_comparisons_bind_a_threshold_to_a_fact() -> None:
    passes = [
        "and",
        [">=", ["fact", "in_day"], ["param", "floor"]],
        [">=", ["fact", "out_day"], ["*", ["param", "share"], ["fact", "in_day"]]],
    ]
    assert bounds_of([passes, passes]) == {"in_day": [(">=", "floor")]}
    assert bounds_of([["<", ["param", "floor"], ["fact", "in_day"]]]) == {}


@pytest.mark.django_db
def test_a_structuring_alert_says_count_and_threshold_in_one_line(core: Source, salary_account: Account) -> None:
    screening.judge(ids=[row.pk for row in cash_in(salary_account)])
    found = {alert.rule.code: evidence_of(alert) for alert in Alert.objects.select_related("rule")}
    assert any(line.value and line.threshold.startswith(("≥", ">")) for evidence in found.values() for line in evidence.lines)
    assert all(line.value or line.threshold for evidence in found.values() for line in evidence.lines)
    assert {evidence.total for evidence in found.values()} == {4 * 49_000}
