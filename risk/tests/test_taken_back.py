"""Late, corrected and reversed transactions on the pages: which hits were taken back, when, why, and by what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from crm.access.actor import SYSTEM
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from products.models import Account
from risk.models import Alert, Assessment, Hit
from risk.services import cases, queue, screening
from risk.services.revisions import revisions_of
from risk.tests.work import structured
from transactions.models import Source, Transaction
from transactions.services import Step, change_status
from transactions.services import reverse as undo
from transactions.tests.personas import NOON, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("core")]


def judge_all() -> None:
    while ids := screening.owed_ids():
        screening.judge(ids=ids)


@pytest.fixture
def taken_back(salary_account: Account, zhou_min: User, supervisor: User) -> Alert:
    """An alert on four deposits, claimed by an officer; then the first deposit is reversed, before the last one came."""
    alert = structured(salary_account)
    queue.claim(actor=as_actor(zhou_min), alert=alert)
    rows = list(Transaction.objects.filter(account=salary_account).order_by("event_order"))
    for row in rows[:3]:
        undo(actor=as_actor(supervisor), row=row, reason="entered twice")
    Transaction.objects.filter(pk__in=[row.pk for row in rows[:3]]).update(reversed_at=rows[0].occurred_at + timedelta(seconds=1))
    judge_all()
    for again in (0, 1):
        Transaction.objects.filter(pk=rows[3].pk).update(screening="owed", owed_cause="reversed")
        judge_all()
        if again == 0:
            alert.refresh_from_db()
    return alert


def test_the_alert_says_since_when_and_why(taken_back: Alert, zhou_min: User) -> None:
    assert (taken_back.supported, taken_back.unsupported_at is None) == (False, False)
    gone = Hit.objects.filter(alert_hit__alert=taken_back)
    assert {(hit.supported, hit.withdrawn_at is None) for hit in gone} == {(False, False)}
    assert {hit.withdrawn_by.cause for hit in gone if hit.withdrawn_by} == {"reversed"}
    page = browser(zhou_min).get(reverse("risk:alert", args=[taken_back.reference])).content.decode()
    assert "Hits that later knowledge took back" in page
    assert "A transaction was reversed" in page


def test_the_officer_who_works_it_is_told_once(taken_back: Alert, zhou_min: User, second_officer: User) -> None:
    told = Notice.objects.filter(kind="alert.unsupported")
    assert [(notice.user, notice.url_args) for notice in told] == [(zhou_min, [taken_back.reference])]
    line = Event.objects.get(action="alert.unsupported")
    assert line.data["causes"] == ["reversed"]
    assert line.data["transactions"]


def test_the_queue_finds_what_lost_its_support(taken_back: Alert, zhou_min: User) -> None:
    client = browser(zhou_min)
    page = client.get(reverse("risk:alert_list"), {"unsupported": "on"}).content.decode()
    assert taken_back.reference in page
    assert "No longer supported" in page
    Alert.objects.filter(pk=taken_back.pk).update(supported=True)
    assert taken_back.reference not in client.get(reverse("risk:alert_list"), {"unsupported": "on"}).content.decode()


def test_the_case_says_it_too(taken_back: Alert, zhou_min: User) -> None:
    case = cases.open_case(actor=as_actor(zhou_min), alerts=[taken_back], summary="four deposits")
    assert "No longer supported" in browser(zhou_min).get(reverse("risk:case", args=[case.reference])).content.decode()


def test_the_transaction_says_what_changed_and_what_came(salary_account: Account, zhou_min: User, sun_yue: User) -> None:
    """A deposit that arrives late changes the facts of the later one; both values stand on its page, with the late one's reference."""
    common = {"source": "core", "direction": "C", "instrument": "cash", "kind": "deposit"}
    later = recorded(salary_account, 9, amount=Decimal(700), occurred_at=NOON + timedelta(hours=2), **common)
    judge_all()
    late = recorded(salary_account, 1, amount=Decimal(300), occurred_at=NOON, **common)
    judge_all()
    (revision,) = revisions_of(later, list(Assessment.objects.filter(transaction=later).prefetch_related("hits__rule_version__rule")))
    assert (revision.assessment.cause, [row.pk for row in revision.arrived]) == ("late", [late.pk])
    assert (Decimal(1), Decimal(2)) in {(change.before, change.after) for change in revision.changes}
    page = browser(zhou_min).get(reverse("transactions:transaction", args=[later.reference])).content.decode()
    assert "What changed from judgement 1 to 2" in page
    assert "A late transaction arrived" in page
    assert late.reference in page
    assert (
        "What changed from judgement"
        not in browser(sun_yue).get(reverse("transactions:transaction", args=[later.reference])).content.decode()
    )


def test_a_correction_names_the_one_that_was_corrected(mobile: Source, salary_account: Account) -> None:
    first = recorded(salary_account, 1, amount=Decimal(300))
    second = recorded(salary_account, 2, amount=Decimal(400), occurred_at=NOON + timedelta(minutes=5))
    judge_all()
    change_status(actor=SYSTEM, reference=first.reference, step=Step(status="failed", at=NOON + timedelta(minutes=6)))  # type: ignore[arg-type]
    judge_all()
    found = revisions_of(second, list(Assessment.objects.filter(transaction=second).prefetch_related("hits__rule_version__rule")))
    assert [(one.assessment.cause, [row.pk for row in one.arrived]) for one in found] == [("corrected", [first.pk])]
