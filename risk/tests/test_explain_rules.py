"""`manage.py explain_rules`: what it says is what the engine does."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.log.models import Event
from products.models import Account
from risk.engine.planner import choices, split
from risk.facts.declarations import fact_of
from risk.models import Assessment, RuleVersion
from risk.rules.catalogue import shipped
from risk.rules.definition import definition_of
from risk.services import rule_sets, screening
from risk.tests.work import cash_in
from transactions.choices import OwedCause, Status
from transactions.models import Source, Transaction

pytestmark = pytest.mark.django_db


def explained(**options: Any) -> dict[str, Any]:
    """Return the command's JSON."""
    out = io.StringIO()
    call_command("explain_rules", stdout=out, json=True, **options)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def text(**options: Any) -> str:
    """Return the command's text."""
    out = io.StringIO()
    call_command("explain_rules", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def ledger(core: Source, salary_account: Account, shanghai_account: Account) -> list[int]:
    """A customer with many rows, of which one does not count, and one with few."""
    rows = [*cash_in(salary_account, count=30), *cash_in(shanghai_account, first=40, count=5)]
    Transaction.objects.filter(pk=rows[3].pk).update(status=Status.REFUSED)
    return [row.pk for row in rows]


def test_every_running_rule_appears_with_every_fact_as_declared(ledger: list[int]) -> None:
    found = {rule["code"]: rule for rule in explained()["rules"]}
    running = RuleVersion.objects.filter(state__in=["live", "shadow"]).select_related("rule")
    assert set(found) == {version.rule.code for version in running}
    assert {rule.code for rule in shipped() if rule.state == "live"} <= set(found)
    for version in running:
        definition = definition_of(version.definition, version.parameters)
        shown = {name: fact for fact in found[version.rule.code]["facts"] for name in fact["names"]}
        assert set(shown) == set(definition.facts)
        for name, fact in definition.facts.items():
            assert bool(shown[name]["framed_by"]) == fact.in_frames != bool(shown[name]["never_framed"])
            assert shown[name]["reach_days"] == round(fact.reach / 86_400_000_000, 3)
            assert shown[name]["text"]
            assert shown[name]["ways"], f"{version.rule.code}.{name} is reached by nothing"


def test_the_choice_printed_is_the_choice_the_engine_makes(ledger: list[int]) -> None:
    row = Transaction.objects.get(pk=ledger[-1])
    for reversed_at in (None, row.occurred_at):
        if reversed_at:
            Transaction.objects.filter(pk=row.pk).update(status=Status.REVERSED, reversed_at=reversed_at)
        shares = {share.plan: set(share.ids) for share in split(ledger)}
        choice = explained(rows=100)["choice"]
        assert (choice["rows"], choice["frames"], choice["per_row"]) == (35, len(shares["frames"]), len(shares["rows"]))
        assert sum(choice["why"].values()) == 35
        for one in choice["customers"]:
            mine = set(Transaction.objects.filter(customer__reference=one["customer"]).values_list("pk", flat=True))
            assert (one["frames"], one["per_row"]) == (len(mine & shares["frames"]), len(mine & shares["rows"]))
        assert choice["why"] == {"many": 29, "not_counted": 1, ("reversal" if reversed_at else "few"): 5}
    for share in split(ledger):
        assert {one.pk for one in choices(ledger) if one.plan == share.plan} == set(share.ids)


def test_a_handful_is_judged_row_by_row_and_said_so(ledger: list[int]) -> None:
    assert [share.plan for share in split(ledger[:7])] == ["rows"]
    found = explained(rows=5)
    assert (found["choice"]["frames"], found["choice"]["why"]) == (0, {"few": 5})
    assert [(cost["plan"], cost["transactions"]) for cost in found["costs"]] == [("rows", 1), ("rows", 5)]


def test_costs_are_measured_by_plan_with_the_index_that_was_used(ledger: list[int]) -> None:
    found = explained(transaction=Transaction.objects.get(pk=ledger[5]).reference)
    shares = split(ledger)
    expected = [("rows", 1), *((share.plan, len(share.ids)) for share in shares)]
    for costs, beside in ((found["costs"], [("rows", 29)]), *((rule["costs"], []) for rule in found["rules"])):
        assert [(cost["plan"], cost["transactions"]) for cost in costs] == [*expected, *beside]
        assert all(cost["execution_ms"] > 0 and cost["buffers_hit"] > 0 and not cost["failed"] for cost in costs)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        known = {name for (name,) in cursor.fetchall()}
    for cost in found["costs"]:
        assert cost["indexes"]
        assert {name for name in cost["indexes"] if not name.endswith(", read whole")} <= known


def test_scans_that_are_shared_are_named_on_both_sides() -> None:
    facts = {f"{rule['code']}.{name}": fact for rule in explained()["rules"] for fact in rule["facts"] for name in fact["names"]}
    shared = 0
    for user, fact in facts.items():
        for other in fact["shared_with"]:
            assert facts[other]["scan"] == fact["scan"]
            assert user in facts[other]["shared_with"]
            shared += 1
    assert shared


def test_the_reach_is_what_a_correction_re_opens(ledger: list[int]) -> None:
    screening.judge(ids=ledger)
    middle = Transaction.objects.get(pk=ledger[4])
    found = explained(transaction=middle.reference)
    _rule_set, program = rule_sets.current()
    for key, days in found["reach_days"].items():
        assert days == round(program.reach(key) / 86_400_000_000, 3)
    from risk.services.owing import changed

    assert found["reopened"] == changed(ids=[middle.pk], cause=OwedCause.CORRECTED) > 0


def test_a_rule_in_test_is_shown_when_it_is_named(ledger: list[int]) -> None:
    (draft,) = (rule.code for rule in shipped() if rule.state == "test")
    assert draft not in {rule["code"] for rule in explained(rows=0)["rules"]}
    (shown,) = explained(draft=[draft], rule=[draft])["rules"]
    assert (shown["code"], shown["state"]) == (draft, "test")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rule": ["no-such-rule"]}, "There is no live or shadow rule “no-such-rule”. There are: "),
        ({"rule": ["count-against-history"]}, "One in test is named by --draft."),
        ({"draft": ["velocity-burst"]}, "There is no rule “velocity-burst” with a version in test. There are: count-against-history."),
        ({"transaction": "T-NOWHERE"}, "There is no transaction “T-NOWHERE”."),
        ({"rows": -1}, "--rows takes 0 to 50000."),
    ],
)
def test_what_does_not_exist_is_refused_with_what_there_is(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("explain_rules", **options)
    assert complaint in str(refusal.value)
    assert not Event.objects.filter(action="rules.explained").exists()


def test_looking_judges_nothing_and_is_one_line_in_the_log(ledger: list[int]) -> None:
    before = Assessment.objects.count(), set(Transaction.objects.values_list("pk", "screening", "status"))
    found = text(rule=["velocity-burst"], sql=True)
    assert (Assessment.objects.count(), set(Transaction.objects.values_list("pk", "screening", "status"))) == before
    (line,) = Event.objects.filter(action="rules.explained")
    assert line.data["rules"] == ["velocity-burst"]
    assert line.data["rows"] == 35
    for part in ("velocity-burst v1 (live)", "greatest daily figure: count", "this transaction included", "one sorted pass, frames_account",
                 "WITH cur AS MATERIALIZED", "Parameters beside ids:", "fewer than 24 rows of the customer"):  # fmt: skip
        assert part in found


def test_an_empty_ledger_has_nothing_to_measure() -> None:
    assert "nothing is measured: there are no transactions" in text()


def test_a_rule_that_fails_on_the_rows_is_shown_with_its_failure(ledger: list[int]) -> None:
    version = RuleVersion.objects.get(rule__code="velocity-burst", state="live")
    never = ["=", ["/", ["number", "1"], ["-", ["field", "amount_cny"], ["field", "amount_cny"]]], ["number", "1"]]
    RuleVersion.objects.create(
        rule=version.rule,
        number=2,
        state="shadow",
        parameters={},
        definition={"language": 1, "subject": "account", "facts": {}, "bands": [{"when": never, "band": "low", "reason": "never"}]},
    )
    assert "failed: division by zero" in text(rule=["velocity-burst"])


def test_a_fact_of_a_delayed_window_is_said_in_words() -> None:
    from risk.rules.text import fact_text

    data = {"kind": "window", "key": "account", "formula": "count", "window": {"days": 7, "ago": {"hours": 36}}, "current": False}
    assert fact_text(fact_of(data)) == "count · per account · 7 days, sliding, up to 36 hours before · this transaction left out"
