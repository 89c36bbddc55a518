"""A rule that takes too long is found, named, left out for a while and told of; the others judge in time (R339)."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import Actor
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import ServiceClient, User
from crm.tests.personas import browser
from products.models import Account
from risk.choices import AnomalyKind, RuleState
from risk.engine import compiler
from risk.models import Assessment, Rule, RuleFailure, RuleVersion
from risk.services import failing, judging, rule_sets, screening
from risk.tests.test_failing_rules import DIVIDES
from transactions.models import Transaction
from transactions.services import decide_now
from transactions.tests.personas import NOON, movement, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def rule_of(code: str, definition: dict[str, Any], state: str = RuleState.LIVE) -> Rule:
    rule = Rule.objects.create(code=code, name=code.title(), anomaly=AnomalyKind.AMOUNT, source="test")
    RuleVersion.objects.create(rule=rule, number=1, state=state, definition=definition, parameters={})
    return rule


@pytest.fixture
def sleeper(db: None, monkeypatch: pytest.MonkeyPatch) -> Rule:
    """A live rule whose answer takes a tenth of a second a row."""
    plain = {"language": 1, "subject": "account", "facts": {}}
    band = {"when": [">", ["field", "amount"], ["number", "999999"]], "band": "low", "reason": "sleeps", "points": 1}
    rule = rule_of("sleeper", {**plain, "bands": [band]})
    real = compiler.compile_judgement

    def slowed(program: Any, plan: Any, **given: Any) -> Any:
        statement = real(program, plan, **given)
        if "sleeper" in given["without"] or "sleeper" not in [one.code for one in program.rules]:
            return statement
        tables = statement.tables.replace(
            "verdict AS MATERIALIZED (SELECT d.id,", "verdict AS MATERIALIZED (SELECT d.id + length(pg_sleep(0.1)::text) AS id,"
        )
        assert tables != statement.tables
        return type(statement)(tables, statement.values)

    monkeypatch.setattr(judging, "compile_judgement", slowed)
    monkeypatch.setattr(judging, "FIRST_MS", 700)
    monkeypatch.setattr(judging, "RULE_MS", 400)
    return rule


def many(account: Account, count: int) -> list[int]:
    return [recorded(account, n, occurred_at=NOON + timedelta(minutes=n)).pk for n in range(count)]


def test_a_slow_rule_is_found_at_once_and_the_batch_goes_on(sleeper: Rule, salary_account: Account, zhou_min: User) -> None:
    """Forty rows would take four seconds, each half two: it is found by asking the rules, not by halving the rows."""
    ids = many(salary_account, 40)
    began = time.perf_counter()
    assert screening.judge(ids=ids).judged == 40
    assert time.perf_counter() - began < 12
    verdicts = Assessment.objects.filter(transaction__in=ids)
    assert {verdict.exits.get("sleeper") for verdict in verdicts} == {"engine_error"}
    kept = RuleFailure.objects.get()
    assert (kept.version.rule, kept.rows, kept.too_slow, kept.is_left_out) == (sleeper, 40, True, True)
    line = Event.objects.get(action="rule.failed")
    assert (line.target_ref, line.data) == ("sleeper", {"rows": 40, "too_slow": True})
    assert Notice.objects.filter(user=zhou_min, kind="risk.rule_failed").count() == 1


def test_it_rests_and_is_tried_again(sleeper: Rule, salary_account: Account) -> None:
    ids = many(salary_account, 24)
    screening.judge(ids=ids[:12])
    began = time.perf_counter()
    screening.judge(ids=ids[12:])
    assert time.perf_counter() - began < 0.7, "the second batch tried the resting rule"
    kept = RuleFailure.objects.get()
    assert (kept.rows, kept.given_up) == (24, 1)
    assert rule_sets.judging_at(timezone.now() + failing.REST + timedelta(seconds=1))[2] == frozenset()


def test_a_decision_is_answered_although_a_rule_hangs(
    sleeper: Rule, salary_account: Account, partner: ServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "FIRST_MS", 90)
    monkeypatch.setattr(judging, "RULE_MS", 80)
    actor = Actor(number=partner.code, name=partner.name, kind="partner", role="partner", origin="api", user=partner)
    decided = decide_now(actor=actor, row=movement(salary_account, 1))
    assert decided.verdict.label == "review"
    verdict = Assessment.objects.get(transaction_id=decided.transaction.pk)
    assert verdict.exits["sleeper"] == "engine_error"
    began = time.perf_counter()
    assert decide_now(actor=actor, row=movement(salary_account, 2)).verdict.label == "review"
    assert time.perf_counter() - began < 1


def test_the_time_limit_ends_with_the_judgement(salary_account: Account) -> None:
    """What follows in the same transaction has the limit it had before."""
    (pk,) = many(salary_account, 1)
    from django.db import connection

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()
        screening.judge_now([pk])
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == before


def test_a_rule_that_fails_only_in_the_sorted_pass_is_judged_row_by_row(salary_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pass over the whole past of a customer may meet what no window of these rows contains."""
    real = judging.Bench.answer

    def answer(self: Any, ids: list[int], plan: str, without: frozenset[str]) -> Any:
        if plan == "frames":
            raise psycopg.errors.NumericValueOutOfRange("far in the past")
        return real(self, ids, plan, without)  # type: ignore[arg-type]

    monkeypatch.setattr(judging.Bench, "answer", answer)
    ids = many(salary_account, 12)
    assert screening.judge(ids=ids).judged == 12
    assert not any("engine_error" in verdict.exits.values() for verdict in Assessment.objects.all())
    assert not RuleFailure.objects.exists()


def test_a_fact_that_overflows_on_one_row_names_the_rules_that_read_it(salary_account: Account) -> None:
    """Only the rules that ask for it fail, on the rows in whose window it cannot be computed."""
    where = [">", ["/", ["number", "1"], ["-", ["field", "amount"], ["number", "7"]]], ["number", "0"]]
    fact = {"kind": "window", "formula": "count", "key": "account", "window": {"hours": 1}, "current": True, "where": where}
    band = {"when": [">", ["fact", "odd"], ["number", "100"]], "band": "low", "reason": "odd", "points": 1}
    rule_of("reader", {"language": 1, "subject": "account", "facts": {"odd": fact}, "bands": [band]})
    rows = [recorded(salary_account, n, amount=Decimal(a), occurred_at=NOON + timedelta(hours=3 * n)).pk for n, a in enumerate("5793")]
    assert screening.judge(ids=rows).judged == 4
    exits = {pk: Assessment.objects.get(transaction=pk).exits for pk in rows}
    assert [[code for code, name in exits[pk].items() if name == "engine_error"] for pk in rows] == [[], ["reader"], [], []]


def test_a_failing_shadow_rule_decides_nothing_and_is_told_as_such(salary_account: Account, zhou_min: User) -> None:
    rule_of("divider", DIVIDES, RuleState.SHADOW)
    row = recorded(salary_account, 1, amount=Decimal(7))
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.get(transaction=row)
    assert (verdict.label, verdict.exits["divider"]) == ("allow", "engine_error")
    assert Notice.objects.get(user=zhou_min, kind="risk.rule_failed").body == failing.SHADOW_BODY


def test_all_rows_of_a_rule_that_fails_everywhere_are_counted(salary_account: Account) -> None:
    rule_of("divider", DIVIDES)
    ids = [recorded(salary_account, n, amount=Decimal(7), occurred_at=NOON + timedelta(minutes=n)).pk for n in range(30)]
    screening.judge(ids=ids)
    assert RuleFailure.objects.get().rows == 30
    assert Event.objects.get(action="rule.failed").data["rows"] == 30
    assert Transaction.objects.filter(screening="owed").count() == 0


def test_whoever_proposed_the_rule_is_told_too(salary_account: Account, sun_yue: User, zhou_min: User) -> None:
    rule = rule_of("divider", DIVIDES)
    RuleVersion.objects.filter(rule=rule).update(proposed_by=zhou_min)
    User.objects.filter(pk=zhou_min.pk).update(on_duty=False)
    screening.judge(ids=[recorded(salary_account, 1, amount=Decimal(7)).pk])
    told = Notice.objects.filter(kind="risk.rule_failed")
    assert told.filter(user=zhou_min).count() == 1
    assert not told.filter(user=sun_yue).exists()


def test_the_pages_of_rules_say_since_when_and_on_how_many(salary_account: Account, zhou_min: User) -> None:
    rule_of("divider", DIVIDES)
    screening.judge(ids=[recorded(salary_account, 1, amount=Decimal(7)).pk])
    client = browser(zhou_min)
    assert "Failing" in client.get(reverse("risk:rule_list")).content.decode()
    page = client.get(reverse("risk:rule", args=["divider"])).content.decode()
    assert "gave no answer on 1 transaction" in page
