"""What nobody takes up climbs: alerts unread, inquiries unanswered, automatic freezes unconfirmed (R127)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.notify import escalation
from crm.notify.models import Notice
from crm.notify.services import escalate, mark_read
from crm.staff.models import User
from crm.tests.personas import as_actor
from customers.models import Customer
from products.models import Account
from products.services import confirm_freeze, place_freeze
from risk.models import Inquiry
from risk.services import cases, inquiries, queue
from risk.services.telling import tell_duty
from risk.tests.work import waiting

pytestmark = pytest.mark.django_db


def climbed(person: User) -> list[str]:
    return list(Notice.objects.filter(user=person, kind__endswith=".escalated").values_list("kind", flat=True))


def hours_later(hours: float) -> int:
    with time_machine.travel(timezone.now() + timedelta(hours=hours, minutes=1), tick=False):
        return escalate()


def test_everything_that_waits_for_people_is_registered() -> None:
    kinds = {rule.kind for rule in escalation.rules()}
    assert {"alert.raised", "alert.storm", "inquiry.asked", "freeze.automatic", "approvals.to_decide"} <= kinds


def test_an_alert_nobody_opened_climbs_to_those_who_assign(zhang_wei: Customer, zhou_min: User, supervisor: User) -> None:
    tell_duty([waiting(zhang_wei)], timezone.now())
    assert hours_later(0.9) == 0
    assert hours_later(1) == 1
    assert climbed(supervisor) == ["alert.raised.escalated"]
    assert climbed(zhou_min) == []
    assert hours_later(2) == 0


def test_an_alert_that_somebody_opened_or_took_does_not_climb(zhang_wei: Customer, zhou_min: User, supervisor: User) -> None:
    opened, taken = waiting(zhang_wei, 0), waiting(zhang_wei, 1)
    tell_duty([opened, taken], timezone.now())
    notice = Notice.objects.get(user=zhou_min, key=f"alert:{opened.reference}")
    mark_read(actor=as_actor(zhou_min), reference=notice.reference)
    queue.claim(actor=as_actor(zhou_min), alert=taken)
    assert hours_later(1) == 0
    assert climbed(supervisor) == []


@pytest.fixture
def inquiry(zhang_wei: Customer, zhou_min: User) -> Inquiry:
    case = cases.open_case(actor=as_actor(zhou_min), alerts=[waiting(zhang_wei)], summary="现金化整为零")
    return inquiries.ask(actor=as_actor(zhou_min), case=case, questions="资金来源？")


def test_an_inquiry_read_but_not_answered_climbs_to_the_officer(inquiry: Inquiry, sun_yue: User, zhou_min: User, supervisor: User) -> None:
    mark_read(actor=as_actor(sun_yue))
    assert hours_later(23) == 0
    assert hours_later(24) == 1
    assert climbed(zhou_min) == climbed(supervisor) == ["inquiry.asked.escalated"]
    assert climbed(sun_yue) == []
    assert Notice.objects.get(user=zhou_min, kind="inquiry.asked.escalated").params == {"reference": inquiry.reference}


def test_an_answered_inquiry_does_not_climb(inquiry: Inquiry, sun_yue: User) -> None:
    inquiries.answer(actor=as_actor(sun_yue), inquiry=inquiry, text="门店营业款")
    assert hours_later(24) == 0


def test_an_unconfirmed_automatic_freeze_climbs_to_supervisors(salary_account: Account, zhou_min: User, supervisor: User) -> None:
    freeze = place_freeze(actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind="debit_block", reason="by a rule")
    mark_read(actor=as_actor(zhou_min))
    assert hours_later(3.9) == 0
    assert hours_later(4) == 1
    (notice,) = Notice.objects.filter(user=supervisor, kind="freeze.automatic.escalated")
    assert (notice.params, notice.url_args) == ({"freeze": freeze.reference}, [freeze.reference])
    assert climbed(zhou_min) == []


def test_a_confirmed_freeze_does_not_climb(salary_account: Account, zhou_min: User) -> None:
    freeze = place_freeze(actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind="debit_block", reason="by a rule")
    confirm_freeze(actor=as_actor(zhou_min), freeze=freeze, reason="it is so")
    assert hours_later(4) == 0
