"""A case: one customer, four steps, everything written down, and an end.

Requirements: R110, R112.
"""

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from crm.access.errors import Refused
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer
from products.models import Account, Freeze
from risk.models import Case
from risk.services import cases, inquiries, queue
from risk.services.errors import AlertFinished, CaseClosed, InquiryOpen, SeveralCustomers
from risk.tests.work import structured, waiting
from risk.views.lists import CaseList, InquiryList
from transactions.models import Source

pytestmark = pytest.mark.django_db


def opened(customer: Customer, officer: User, place: int = 0) -> Case:
    return cases.open_case(actor=as_actor(officer), alerts=[waiting(customer, place)], summary="现金化整为零")


def test_a_case_takes_alerts_of_one_customer(zhang_wei: Customer, chen_jing: Customer, zhou_min: User) -> None:
    actor = as_actor(zhou_min)
    first, second, other = waiting(zhang_wei, 0), waiting(zhang_wei, 1), waiting(chen_jing, 0)
    with pytest.raises(SeveralCustomers):
        cases.open_case(actor=actor, alerts=[first, other], summary="两个客户")
    case = cases.open_case(actor=actor, alerts=[first], summary="现金化整为零")
    cases.join_case(actor=actor, case=case, alert=second)
    with pytest.raises(SeveralCustomers):
        cases.join_case(actor=actor, case=case, alert=other)
    with pytest.raises(AlertFinished):
        cases.join_case(actor=actor, case=case, alert=first)
    assert {alert.state for alert in case.alerts.all()} == {"in_case"}
    assert case.alerts.count() == 2
    other.refresh_from_db()
    assert other.state == "open"


def test_the_four_steps_leave_their_entries(zhang_wei: Customer, salary_account: Account, zhou_min: User, sun_yue: User) -> None:
    """R110: identify, review, handle, record."""
    actor, case = as_actor(zhou_min), opened(zhang_wei, zhou_min)
    assert case.step == "identify"
    inquiry = inquiries.ask(actor=actor, case=case, questions="资金来源？")
    case.refresh_from_db()
    assert case.step == "review"
    inquiries.answer(actor=as_actor(sun_yue), inquiry=inquiry, text="门店营业款")
    cases.freeze_in_case(actor=actor, case=case, kind="payment_stop", reason="核实中", account=salary_account)
    case.refresh_from_db()
    assert case.step == "handle"
    cases.close_case(actor=actor, case=case, disposition="useful", conclusion="资金来源已经核实，无需上报。")
    case.refresh_from_db()
    assert (case.state, case.step, case.disposition) == ("closed", "record", "useful")
    kinds = list(case.entries.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["opened", "inquiry_asked", "inquiry_answered", "frozen", "closed"]
    assert [alert.disposition for alert in case.alerts.all()] == ["useful"]
    actions = set(Event.objects.filter(target_ref=case.reference).values_list("action", flat=True))
    assert actions >= {"case.opened", "case.frozen", "case.closed"}


def test_a_case_with_an_open_inquiry_does_not_close(zhang_wei: Customer, zhou_min: User) -> None:
    actor, case = as_actor(zhou_min), opened(zhang_wei, zhou_min)
    inquiry = inquiries.ask(actor=actor, case=case, questions="资金来源？")
    with pytest.raises(InquiryOpen):
        cases.close_case(actor=actor, case=case, disposition="useful", conclusion="资金来源已经核实。")
    inquiries.withdraw(actor=actor, inquiry=inquiry)
    cases.close_case(actor=actor, case=case, disposition="useful", conclusion="资金来源已经核实。")


def test_closed_is_closed(zhang_wei: Customer, zhou_min: User) -> None:
    actor, case = as_actor(zhou_min), opened(zhang_wei, zhou_min)
    cases.close_case(actor=actor, case=case, disposition="false_positive", conclusion="误报，客户为超市。")
    entries = case.entries.count()
    with pytest.raises(CaseClosed):
        cases.add_note(actor=actor, case=case, text="补充")
    with pytest.raises(CaseClosed):
        cases.freeze_in_case(actor=actor, case=case, kind="payment_stop", reason="再冻结")
    with pytest.raises(CaseClosed):
        cases.join_case(actor=actor, case=case, alert=waiting(zhang_wei, 1))
    with pytest.raises(CaseClosed):
        inquiries.ask(actor=actor, case=case, questions="还有吗？")
    assert case.entries.count() == entries
    assert not Freeze.objects.exists()


def test_lifting_is_asked_in_the_case_and_done_by_a_second_person(zhang_wei: Customer, supervisor: User, zhou_min: User) -> None:
    case = opened(zhang_wei, zhou_min)
    freeze = cases.freeze_in_case(actor=as_actor(zhou_min), case=case, kind="payment_stop", reason="核实中")
    request = cases.ask_to_lift_in_case(actor=as_actor(zhou_min), case=case, freeze=freeze, reason="客户已说明")
    freeze.refresh_from_db()
    assert freeze.ended_at is None
    with pytest.raises(Refused):
        approvals.decide(actor=as_actor(zhou_min), request=request, approve=True, reason="同意", shown_hash=request.shown_hash)
    approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="同意", shown_hash=request.shown_hash)
    assert Freeze.objects.get(pk=freeze.pk).state == "lifted"
    assert ChangeRequest.objects.get().state == "applied"


def test_a_freeze_of_somebody_else_is_not_lifted_in_this_case(zhang_wei: Customer, chen_jing: Customer, zhou_min: User) -> None:
    theirs = cases.freeze_in_case(actor=as_actor(zhou_min), case=opened(chen_jing, zhou_min), kind="payment_stop", reason="核实中")
    with pytest.raises(SeveralCustomers):
        cases.ask_to_lift_in_case(actor=as_actor(zhou_min), case=opened(zhang_wei, zhou_min, 1), freeze=theirs, reason="误点")


def test_the_handling_report_is_text_masked_and_complete(
    core: Source, zhang_wei: Customer, salary_account: Account, zhou_min: User, auditor: User
) -> None:
    """R112: what was found, asked, done and concluded; a sentence that looks like a formula stays a sentence."""
    actor = as_actor(zhou_min)
    case = cases.open_case(actor=actor, alerts=[structured(salary_account)], summary="=HYPERLINK(1)")
    inquiries.ask(actor=actor, case=case, questions="资金来源？")
    cases.freeze_in_case(actor=actor, case=case, kind="payment_stop", reason="核实中", account=salary_account)
    address = reverse("risk:case_report", args=[case.reference])
    said = {"purpose": "case", "words": "提交主管"}
    answer = browser(zhou_min).post(address, said)
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.content))
    assert len(book.sheetnames) == 6 + 1  # the permit
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    text = "\n".join(str(cell.value) for cell in cells)
    for expected in (case.reference, "=HYPERLINK(1)", "资金来源？", Freeze.objects.get().reference):
        assert expected in text
    for clear in ("110105198603041215", "13812345678", "6222020000001238821"):
        assert clear not in text
    assert Event.objects.filter(action="case.exported", target_ref=case.reference).count() == 1
    assert browser(auditor).post(address, said).status_code == 403


def test_a_dismissed_alert_opens_no_case(zhang_wei: Customer, zhou_min: User) -> None:
    alert = waiting(zhang_wei)
    queue.dismiss(actor=as_actor(zhou_min), alert=alert, reason="已核实来源")
    with pytest.raises(AlertFinished):
        cases.open_case(actor=as_actor(zhou_min), alerts=[alert], summary="晚了")
    assert not Case.objects.exists()


def test_the_lists_keep_their_promises(zhang_wei: Customer, zhou_min: User) -> None:
    actor = as_actor(zhou_min)
    check_list(CaseList(), path=reverse("risk:case_list"), user=zhou_min, make_row=lambda place: opened(zhang_wei, zhou_min, place))
    case = Case.objects.earliest("pk")
    path = reverse("risk:inquiry_list")
    check_list(InquiryList(), path=path, user=zhou_min, make_row=lambda _n: inquiries.ask(actor=actor, case=case, questions="资金来源？"))
