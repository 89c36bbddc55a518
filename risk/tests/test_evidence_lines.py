"""The evidence of an alert says which condition hit, what held and what did not, and why a value is not known (R127)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.html import strip_tags

from crm.access.actor import SYSTEM
from crm.log import services as log
from crm.staff.models import User
from crm.tests.personas import browser
from products.models import Account
from risk.engine.branches import Branch
from risk.engine.evidence import Evidence, evidence_of
from risk.engine.meaning import NOT_KEPT, Seen, value_of
from risk.facts.expressions import frozen
from risk.models import Alert
from risk.services import screening
from risk.tests.work import cash_in
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded


def judged(account: Account, *moves: dict[str, Any]) -> dict[str, Evidence]:
    """The evidence of the alerts on these movements, by rule."""
    for number, move in enumerate(moves):
        recorded(account, f"evidence-{number}", source="core", **{"occurred_at": NOON, **move})
    screening.judge(ids=screening.owed_ids())
    return {alert.rule.code: evidence_of(alert) for alert in Alert.objects.select_related("rule")}


def told(branch: Branch) -> list[tuple[str, str, str]]:
    return [(line.state, line.value, line.threshold) for line in branch.lines]


@pytest.mark.django_db
def test_a_structuring_alert_says_count_and_threshold_in_one_line(core: Source, salary_account: Account) -> None:
    screening.judge(ids=[row.pk for row in cash_in(salary_account)])
    found = {alert.rule.code: evidence_of(alert) for alert in Alert.objects.select_related("rule")}
    assert any(line.value and line.threshold.startswith(("≥", ">")) for evidence in found.values() for line in evidence.lines)
    assert {(evidence.money_in, evidence.money_out) for evidence in found.values()} == {(Decimal(4 * 49_000), Decimal(0))}
    [fired] = found["structuring"].fired
    assert ("met", "4", "≥ 3 transactions") in told(fired)
    assert ("met", "49,000", "≥ 40,000") in told(fired)
    assert [branch.state for branch in found["structuring"].others] == ["not"] * 3


@pytest.mark.django_db
def test_only_one_branch_fired_and_every_other_line_says_what_became_of_it(core: Source, salary_account: Account) -> None:
    found = judged(salary_account, {"amount": Decimal(60_000), "kind": "withdrawal"})["large-withdrawal"]
    [large] = found.fired
    assert told(large) == [("met", "60,000", "≥ 50,000 CNY")]
    assert [(branch.number, branch.state) for branch in found.others] == [(2, "unknown"), (3, "unknown"), (4, "not")]
    drains, above, many = found.others
    assert [line.state for line in drains.lines] == ["met", "unknown"]
    assert "unknown" in drains.lines[1].threshold
    assert drains.lines[1].why == "No balance reported within 180 days"
    assert above.lines[0].why == "Nothing to count in its window"
    assert told(many) == [("not", "1", "≥ 3 transactions")]
    assert all(line.value and line.threshold and line.state for branch in found.branches for line in branch.lines)


@pytest.mark.django_db
def test_the_share_that_passed_through_has_its_value(core: Source, salary_account: Account) -> None:
    """Asked for by a reader who saw the threshold alone: what left is told as a share of what came."""
    later = NOON + timedelta(hours=1)
    came, left = {"amount": Decimal(80_000), "direction": "C"}, {"amount": Decimal(76_000), "occurred_at": later}
    found = judged(salary_account, came, left)["rapid-pass-through"]
    [fired] = found.fired
    assert ("met", "76,000 (95.0%)", "≥ 0.9 × Received within 24 hours = 72,000") in told(fired)
    assert (found.money_in, found.money_out) == (Decimal(80_000), Decimal(76_000))
    assert found.hits == {Transaction.objects.get(direction="D").pk}


@pytest.mark.django_db
def test_the_page_names_each_state_in_words(core: Source, salary_account: Account, zhou_min: User) -> None:
    judged(salary_account, {"amount": Decimal(60_000), "kind": "withdrawal"})
    alert = Alert.objects.get(rule__code="large-withdrawal")
    page = browser(zhou_min).get(reverse("risk:alert", args=[alert.reference])).content.decode()
    rows = {match[1]: strip_tags(match[2]) for match in re.finditer(r'<tr data-state="(\w+)">.*?<td[^>]*>(.*?)</td>', page, re.DOTALL)}
    assert {state: text.strip() for state, text in rows.items()} == {"met": "Met", "not": "Not met", "unknown": "Not known"}
    groups = [strip_tags(text) for text in re.findall(r'<tr class="group">(.*?)</tr>', page, re.DOTALL)]
    assert ["This one hit" in text for text in groups] == [True, False, False, False]
    assert "Money in" in page
    assert "Money out" in page


@pytest.mark.django_db
def test_a_hit_that_was_taken_back_is_not_told_from_the_row_of_today(core: Source, salary_account: Account) -> None:
    judged(salary_account, {"amount": Decimal(60_000), "kind": "withdrawal"})
    alert = Alert.objects.get(rule__code="large-withdrawal")
    with transaction.atomic():
        alert.alert_hits.get().hit.__class__.objects.update(supported=False)
        log.record(actor=SYSTEM, action="alert.raised", target=alert)
    [fired] = evidence_of(alert).fired
    assert told(fired) == [("met", "not kept", "≥ 50,000 CNY")]
    assert fired.lines[0].why == "Not kept with the verdict"


def _cases() -> Iterator[tuple[list[Any], Any]]:
    unknown: list[Any]
    gone: list[Any]
    yes: list[Any]
    no: list[Any]
    unknown, gone = [">", ["fact", "none"], ["number", "1"]], [">", ["fact", "gone"], ["number", "1"]]
    yes, no = ["=", ["field", "kind"], ["text", "transfer"]], ["not", ["=", ["field", "kind"], ["text", "transfer"]]]
    yield from [(unknown, None), (gone, NOT_KEPT), (yes, True), (no, False)]
    yield from [(["and", unknown, no], False), (["and", gone, yes], NOT_KEPT), (["or", unknown, yes], True), (["or", unknown, no], None)]
    yield from [(["missing", ["fact", "none"]], True), (["missing", ["fact", "gone"]], NOT_KEPT), (["missing", ["fact", "ten"]], False)]
    yield from [(["in", ["field", "kind"], "fee", "transfer"], True), (["in", ["field", "kind"], "fee"], False)]
    yield (["multiple_of", ["fact", "ten"], ["number", "5"]], True)
    yield (["=", ["/", ["-", ["+", ["fact", "ten"], ["param", "two"]], ["number", "3"]], ["number", "3"]], ["number", "3"]], True)
    yield (["=", ["*", ["fact", "ten"], ["param", "two"]], ["number", "20"]], True)
    yield (["<", ["/", ["fact", "ten"], ["number", "0"]], ["number", "20"]], None)
    strange = ["power", ["fact", "ten"], ["number", "2"]]
    yield (strange, NOT_KEPT)
    yield ([">", strange, ["number", "1"]], NOT_KEPT)
    yield (["coalesce", ["fact", "none"], ["number", "1"]], NOT_KEPT)
    yield (["between", ["fact", "ten"], 1, 20], NOT_KEPT)


@pytest.mark.parametrize(("tree", "meant"), list(_cases()))
def test_what_is_not_known_stays_so(tree: list[Any], meant: Any) -> None:
    seen = Seen({"ten": Decimal(10), "none": None}, {"kind": "transfer"}, {"two": Decimal(2)})
    assert value_of(frozen(tree), seen) is meant or value_of(frozen(tree), seen) == meant
