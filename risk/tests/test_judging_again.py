"""After a rule was mended, what it failed on is judged again: one by one on its page, or all by command."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.jobs.queue import captured
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from products.models import Account
from risk.choices import RuleState
from risk.models import Assessment, RuleVersion
from risk.services import again, screening
from risk.services.errors import ReasonNeeded
from risk.tests.test_failing_rules import DIVIDES, ONE_OVER
from risk.tests.test_slow_rules import rule_of
from transactions.models import Source, Transaction
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(mobile: Source, salary_account: Account) -> Transaction:
    """A transaction that a rule failed on; the rule is mended."""
    rule = rule_of("divider", DIVIDES)
    row = recorded(salary_account, 1, amount=Decimal(7))
    recorded(salary_account, 2, amount=Decimal(9))
    screening.judge(ids=screening.owed_ids())
    RuleVersion.objects.filter(rule=rule).update(state=RuleState.RETIRED)
    mended = {**DIVIDES, "bands": [{"when": [">", ["field", "amount"], ["number", "6"]], "band": "low", "reason": "mended", "points": 1}]}
    assert str(ONE_OVER) not in str(mended)
    RuleVersion.objects.create(rule=rule, number=2, state=RuleState.LIVE, definition=mended, parameters={})
    return row


def test_a_supervisor_has_it_judged_again_from_its_page(
    failed: Transaction, supervisor: User, django_capture_on_commit_callbacks: object
) -> None:
    address = reverse("risk:judge_again", args=[failed.reference])
    page = browser(supervisor).get(reverse("transactions:transaction", args=[failed.reference])).content.decode()
    assert address in page
    with captured():
        assert browser(supervisor).post(address, {"reason": "the rule is mended"}).status_code == 302
    line = Event.objects.get(action="transaction.judge_again")
    assert (line.target_ref, line.reason, line.actor_number) == (failed.reference, "the rule is mended", "82002")
    screening.judge(ids=screening.owed_ids())
    verdict = Assessment.objects.filter(transaction=failed).latest("revision")
    assert (verdict.revision, verdict.cause, verdict.exits.get("divider")) == (2, "asked", None)
    assert verdict.hits.get(rule_version__rule__code="divider").reason_code == "mended"


def test_who_does_not_supervise_cannot(failed: Transaction, zhou_min: User, auditor: User, sun_yue: User) -> None:
    with pytest.raises(Refused):
        again.judge_again(actor=as_actor(zhou_min), row=failed, reason="the rule is mended")
    address = reverse("risk:judge_again", args=[failed.reference])
    for person in (zhou_min, auditor, sun_yue):
        assert browser(person).post(address, {"reason": "the rule is mended"}).status_code == 403
        assert address not in browser(person).get(reverse("transactions:transaction", args=[failed.reference])).content.decode()
    assert Transaction.objects.get(pk=failed.pk).screening == "judged"


def test_it_needs_a_reason_and_is_not_asked_twice(failed: Transaction, supervisor: User) -> None:
    actor = as_actor(supervisor)
    with pytest.raises(ReasonNeeded):
        again.judge_again(actor=actor, row=failed, reason=" ")
    again.judge_again(actor=actor, row=failed, reason="the rule is mended")
    with pytest.raises(again.StillWaiting):
        again.judge_again(actor=actor, row=failed, reason="the rule is mended")
    Transaction.objects.filter(pk=failed.pk).update(screening="exempt")
    with pytest.raises(again.NeverJudged):
        again.judge_again(actor=actor, row=failed, reason="the rule is mended")


def test_all_rows_of_a_rule_and_none_besides(failed: Transaction) -> None:
    said = StringIO()
    call_command("judge_again", "--rule", "divider", "--reason", "the rule is mended", stdout=said)
    assert said.getvalue().startswith("1 ")
    assert list(Transaction.objects.filter(screening="owed").values_list("pk", flat=True)) == [failed.pk]
    line = Event.objects.get(action="transaction.judge_again")
    assert (line.data["rows"], line.data["failed"], line.reason) == (1, "divider", "the rule is mended")
    screening.judge(ids=screening.owed_ids())
    assert again.judge_failed_again(actor=SYSTEM, exit_code="divider", since=timezone.now().replace(year=2020), reason="once more") == 0


def test_what_was_set_aside(failed: Transaction, salary_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from risk.services import consequences

    row = recorded(salary_account, 3)

    def broken(**_given: object) -> None:
        raise ValueError("a fault of the program")

    with monkeypatch.context() as patch:
        patch.setattr(consequences, "follow", broken)
        screening.judge(ids=[row.pk])
    said = StringIO()
    call_command("judge_again", "--set-aside", "--reason", "a new release", stdout=said)
    screening.judge(ids=screening.owed_ids())
    verdict = Assessment.objects.filter(transaction=row).latest("revision")
    assert (said.getvalue()[:2], verdict.revision, "consequences" in verdict.exits) == ("1 ", 2, False)


def test_the_command_says_what_it_cannot_do(failed: Transaction) -> None:
    for given in ((), ("T-NOTTHERE",), ("--rule", "nothing")):
        with pytest.raises(CommandError):
            call_command("judge_again", *given, "--reason", "mended", stdout=StringIO())
