"""The auditor's questions and the compliance check. Requirements: R250, R317."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit.definitions import compliance
from audit.services import questions
from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import Role, RoleAssignment
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)


def local(moment: object, *, minutes: int = 0) -> str:
    """A moment as the browser's field sends it."""
    return (timezone.localtime(moment) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")  # type: ignore[arg-type]


def test_who_looked_at_this_customer_between_two_times(bank: Bank, zhang_wei: Customer) -> None:
    """Only looks, only then, only this customer; the question is a line itself."""
    now = timezone.now()
    assert browser(bank.people["80001"]).get(reverse("customers:customer", args=[zhang_wei.reference])).status_code == 200
    auditor = as_actor(bank.people["86001"])
    asked = {"actor": auditor, "customer": zhang_wei.reference}
    answer = questions.who_looked(**asked, since=now, until=timezone.now())  # type: ignore[arg-type]
    assert [(line.actor_number, line.action) for line in answer.lines] == [("80001", "customer.viewed")]
    assert answer.counts[0]["number"] == 1 and not answer.more
    assert questions.who_looked(**asked, since=now - timedelta(days=2), until=now).lines == []  # type: ignore[arg-type]
    assert Event.objects.latest("pk").data["question"] == "who_looked"
    with pytest.raises(questions.UntilBeforeFrom):
        questions.who_looked(**asked, since=now, until=now - timedelta(days=1))  # type: ignore[arg-type]
    with pytest.raises(Refused):
        questions.who_looked(actor=as_actor(bank.people["81001"]), customer=zhang_wei.reference, since=now, until=now)


def test_from_the_page_of_a_customer_to_who_looked_at_what(bank: Bank, zhang_wei: Customer) -> None:
    """R276: one click from the customer to the question, and the answer says which value was seen, in the reader's words."""
    place = reverse("fields:reveal", args=["customers.customer.mobile", zhang_wei.reference])
    assert browser(bank.people["80001"]).post(place, {"reason": "回访"}).status_code == 200
    auditor = browser(bank.people["86001"])
    link = f"{reverse('audit:question', args=['customer'])}?customer={zhang_wei.reference}"
    page = reverse("customers:customer", args=[zhang_wei.reference])
    assert link in auditor.get(page).content.decode() and link not in browser(bank.people["80001"]).get(page).content.decode()
    asked = auditor.get(link).content.decode()
    assert f'value="{zhang_wei.reference}"' in asked and "errorlist" not in asked and 'class="error' not in asked
    now = timezone.now()
    answer = auditor.get(f"{link}&since={local(now, minutes=-5)}&until={local(now, minutes=1)}").content.decode()
    assert "Full value viewed · mobile number" in answer and "customers.customer.mobile" not in answer
    line = Event.objects.filter(action="field.revealed").latest("pk")
    told = auditor.get(reverse("audit:event", args=[line.uid])).content.decode()
    assert "customers.customer.mobile" not in told.split("</nav>")[-1].split("Sealed text")[0]


def test_what_could_this_person_see_on_that_date(bank: Bank) -> None:
    """Before she was also given another role, and after; nobody's number answers like one out of reach."""
    wu_ting, auditor = bank.people["80003"], as_actor(bank.people["86001"])
    before = timezone.now()
    role = Role.objects.get(code="operations")
    with transaction.atomic():
        RoleAssignment.objects.create(user=wu_ting, role=role)
        log.record(actor=SYSTEM, action="staff.roles_changed", target=wu_ting)
    then = questions.what_could_see(actor=auditor, number="80003", moment=before)
    now = questions.what_could_see(actor=auditor, number="80003", moment=timezone.now())
    assert len(then.roles) == 1 and len(now.roles) == 2
    assert {one.permission for one in then.held} < {one.permission for one in now.held}
    assert any(one.permission == "customers.view_customer" for one in then.held) and then.granted == []
    with pytest.raises(questions.NobodyOfThisNumber):
        questions.what_could_see(actor=auditor, number="99999", moment=before)


@pytest.mark.parametrize("name", ["customer", "person", "exports", "rights", "request"])
def test_the_pages_answer_and_refuse_in_words(bank: Bank, zhang_wei: Customer, name: str) -> None:
    """Empty, answered, nonsense: never an error, and nobody else comes in."""
    page, reader = reverse("audit:question", args=[name]), browser(bank.people["86001"])
    line = Event.objects.exclude(request_id="").first()
    with transaction.atomic():
        log.record(actor=SYSTEM, action="export.made", data={"rows": 3})  # not of a list, and without a title
    now = timezone.now()
    asked = {
        "customer": zhang_wei.reference, "number": "80001", "since": local(now, minutes=-60), "until": local(now, minutes=1),
        "moment": local(now, minutes=1), "request_id": line.request_id if line else "none",
    }  # fmt: skip
    assert reader.get(page).status_code == 200
    assert reader.get(page, asked).status_code == 200
    assert Event.objects.latest("pk").action == "audit.question_asked"
    if name == "rights":
        assert (
            b"Nobody has this employee number." in reader.get(page, {**asked, "number": "99999"}, headers={"accept-language": "en"}).content
        )
    for bad in ({**asked, "since": "x", "moment": "x", "request_id": "'"}, {**asked, "number": "110105199003071234", "customer": "\x00"}):
        assert reader.get(page, bad).status_code in (200, 400)
    assert browser(bank.people["80001"]).get(page).status_code == 403


def test_the_compliance_check_says_what_it_does_not_know(bank: Bank) -> None:
    """Unknown is no good news and no nought; facts come from the floors that know them."""
    reader = browser(bank.people["86001"])
    reader.cookies["django_language"] = "en"
    page = reader.get(reverse("audit:compliance")).content.decode()
    assert "Unknown" in page and "due date of a review of customers" in page and "people with rights" in page
    keys = {fact.key for fact in compliance.registered()}
    assert {"risk.alerts", "risk.rules", "audit.exports", "customers.kyc", "staff.rights"} <= keys
    found = Event.objects.latest("pk").data["found"]
    assert set(found) == keys and found["staff.rights"] == 0 and found["customers.kyc"] is None and found["risk.alerts"] == 0
    assert browser(bank.people["82001"]).get(reverse("audit:compliance")).status_code == 403


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("customer = 'C-7K3MQ2XW' AND at BETWEEN now() - interval '1 day' AND now()", "log_event_customer"),
        ("actor_number = '80001' AND at BETWEEN now() - interval '1 day' AND now()", "log_event_actor"),
        ("action IN ('export.asked', 'export.made') AND at > now() - interval '1 day'", "log_event_action"),
        ("request_id = 'r-1'", "log_event_request"),
    ],
)
def test_each_question_has_an_index(bank: Bank, statement: str, index: str) -> None:
    """Five million lines are not read through: the plan is what counts, the clock is the benchmark's (`benchmarks/audit_questions.py`)."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT * FROM log_event WHERE {statement} ORDER BY at DESC, id DESC LIMIT 501")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Index" in plan and "Seq Scan" not in plan and index, plan
