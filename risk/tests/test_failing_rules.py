"""A rule that fails is found and left out for the rows it fails on; the other rules and rows go on."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from products.models import Account
from risk.choices import AnomalyKind, RuleState
from risk.models import Assessment, Rule, RuleVersion
from risk.services import screening
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db

ONE_OVER = ["/", ["number", "1"], ["-", ["field", "amount"], ["number", "7"]]]
DIVIDES = {
    "language": 1,
    "subject": "account",
    "facts": {},
    "bands": [{"when": [">", ONE_OVER, ["number", "5"]], "band": "low", "reason": "divides", "points": 1}],
}


@pytest.fixture
def divider(db: None) -> Rule:
    """A live rule that divides by zero where the amount is 7."""
    rule = Rule.objects.create(code="divider", name="Divider", anomaly=AnomalyKind.AMOUNT, source="test")
    RuleVersion.objects.create(rule=rule, number=1, state=RuleState.LIVE, definition=DIVIDES, parameters={})
    return rule


@pytest.fixture
def rows(mobile: Source, salary_account: Account) -> Callable[..., list[Transaction]]:
    def make(amounts: list[str], **changes: Any) -> list[Transaction]:
        return [
            recorded(salary_account, n, amount=Decimal(amount), occurred_at=NOON + timedelta(minutes=n), **changes)
            for n, amount in enumerate(amounts)
        ]

    return make


def test_only_the_row_it_fails_on_is_marked(divider: Rule, rows: Callable[..., list[Transaction]], zhou_min: User) -> None:
    made = rows(["5", "7", "9", "7.1", "3"])
    assert screening.judge(ids=[row.pk for row in made]).judged == 5
    verdicts = {row.pk: Assessment.objects.get(transaction=row) for row in made}
    failed = [pk for pk, verdict in verdicts.items() if verdict.exits.get("divider") == "engine_error"]
    assert failed == [made[1].pk]
    assert verdicts[made[1].pk].label == "review"
    assert [verdicts[row.pk].label for row in made].count("allow") == 4
    assert verdicts[made[3].pk].points == 1
    assert Event.objects.get(action="rule.failed").target_ref == "divider"
    assert Notice.objects.filter(user=zhou_min, kind="risk.rule_failed").count() == 1


def test_the_other_rules_still_judge_the_row(divider: Rule, rows: Callable[..., list[Transaction]]) -> None:
    (row,) = rows(["7"], kind="withdrawal")
    recorded(row.account, 8, kind="withdrawal", occurred_at=NOON + timedelta(minutes=1))
    third = recorded(row.account, 9, kind="withdrawal", amount=Decimal(7), occurred_at=NOON + timedelta(minutes=2))
    screening.judge(ids=screening.owed_ids())
    verdict = Assessment.objects.get(transaction=third)
    assert (verdict.label, verdict.exits["divider"]) == ("hold", "engine_error")


def test_a_rule_that_fails_everywhere_is_left_out_for_the_rest_and_told_once(
    divider: Rule, rows: Callable[..., list[Transaction]], zhou_min: User
) -> None:
    made = rows(["7"] * 40)
    assert screening.judge(ids=[row.pk for row in made]).judged == 40
    assert {verdict.exits["divider"] for verdict in Assessment.objects.all()} == {"engine_error"}
    assert Notice.objects.filter(user=zhou_min, kind="risk.rule_failed").count() == 1


def test_a_shadow_rule_is_judged_and_acts_on_nothing(divider: Rule, rows: Callable[..., list[Transaction]]) -> None:
    RuleVersion.objects.filter(rule=divider).update(state=RuleState.SHADOW)
    (row,) = rows(["7.1"])
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.get(transaction=row)
    assert (verdict.label, verdict.points) == ("allow", 0)
    hit = verdict.hits.get()
    assert (hit.shadow, hit.reason_code) == (True, "divides")
