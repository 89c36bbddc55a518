"""The queue: an alert belongs to one officer, ends with a reason, and is not forgotten.

Requirements: R110, R339.
"""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.access.remembered import reading
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.at_once import together
from crm.tests.personas import Bank, as_actor, browser
from crm.ui import menu
from customers.models import Customer
from risk.models import Alert
from risk.services import queue
from risk.services.errors import AlertFinished, AlertTaken, NotAnOfficer, NothingToClaim, ReasonNeeded
from risk.tests.work import waiting
from risk.views.lists import AlertList

pytestmark = pytest.mark.django_db


def test_claiming_gives_the_alert_to_one_officer(zhang_wei: Customer, zhou_min: User, second_officer: User) -> None:
    alert = queue.claim(actor=as_actor(zhou_min), alert=waiting(zhang_wei))
    assert (alert.claimed_by_id, alert.state) == (zhou_min.pk, "claimed")
    assert queue.claim(actor=as_actor(zhou_min), alert=alert).version == alert.version
    with pytest.raises(AlertTaken):
        queue.claim(actor=as_actor(second_officer), alert=alert)
    assert Event.objects.filter(action="alert.claimed").count() == 1


def test_who_only_reads_alerts_cannot_claim(zhang_wei: Customer, branch_manager: User, auditor: User) -> None:
    """R250: reading is not working."""
    alert = waiting(zhang_wei)
    for reader in (branch_manager, auditor):
        with pytest.raises(Refused):
            queue.claim(actor=as_actor(reader), alert=alert)
        assert browser(reader).post(reverse("risk:alert_claim", args=[alert.reference])).status_code == 403
    alert.refresh_from_db()
    assert (alert.state, alert.version) == ("open", 1)


def test_the_next_alert_is_the_most_urgent_unclaimed_one(zhang_wei: Customer, chen_jing: Customer, zhou_min: User) -> None:
    low, high = waiting(zhang_wei, priority=20), waiting(chen_jing, priority=90)
    assert queue.claim_next(actor=as_actor(zhou_min)).pk == high.pk
    assert queue.claim_next(actor=as_actor(zhou_min)).pk == low.pk
    with pytest.raises(NothingToClaim):
        queue.claim_next(actor=as_actor(zhou_min))


@pytest.mark.django_db(transaction=True)
def test_eight_officers_at_once_get_five_alerts_between_them(zhang_wei: Customer, zhou_min: User, second_officer: User) -> None:
    alerts = {waiting(zhang_wei, place, priority=50 + place).pk for place in range(5)}
    actors = [as_actor(zhou_min), as_actor(second_officer)] * 4
    outcomes = together(*(partial(queue.claim_next, actor=actor) for actor in actors))
    claimed = [outcome.pk for outcome in outcomes if isinstance(outcome, Alert)]
    assert sorted(claimed) == sorted(alerts)
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, Alert)] == [NothingToClaim] * 3
    assert Event.objects.filter(action="alert.claimed").count() == 5


def test_a_returned_alert_waits_for_everybody_again(zhang_wei: Customer, zhou_min: User, second_officer: User) -> None:
    alert = queue.claim(actor=as_actor(zhou_min), alert=waiting(zhang_wei))
    with pytest.raises(AlertTaken):
        queue.give_back(actor=as_actor(second_officer), alert=alert, reason="不是我的")
    queue.give_back(actor=as_actor(zhou_min), alert=alert, reason="转交同事")
    assert queue.claim(actor=as_actor(second_officer), alert=alert).claimed_by_id == second_officer.pk
    assert Event.objects.get(action="alert.returned").reason == "转交同事"


def test_a_supervisor_assigns_and_the_officer_is_told(
    zhang_wei: Customer, zhou_min: User, second_officer: User, supervisor: User, sun_yue: User
) -> None:
    alert = queue.claim(actor=as_actor(zhou_min), alert=waiting(zhang_wei))
    assert queue.assign(actor=as_actor(supervisor), alerts=[alert], officer=second_officer) == 1
    assert queue.assign(actor=as_actor(supervisor), alerts=[alert], officer=second_officer) == 0
    alert.refresh_from_db()
    assert alert.claimed_by_id == second_officer.pk
    assert [notice.user_id for notice in Notice.objects.filter(kind="alert.assigned")] == [second_officer.pk]
    with pytest.raises(Refused):
        queue.assign(actor=as_actor(zhou_min), alerts=[alert], officer=zhou_min)
    with pytest.raises(NotAnOfficer):
        queue.assign(actor=as_actor(supervisor), alerts=[alert], officer=sun_yue)


def test_dismissing_needs_a_reason_and_ends_the_alert(zhang_wei: Customer, zhou_min: User, second_officer: User) -> None:
    alert = queue.claim(actor=as_actor(zhou_min), alert=waiting(zhang_wei))
    with pytest.raises(ReasonNeeded):
        queue.dismiss(actor=as_actor(zhou_min), alert=alert, reason=" ok ")
    with pytest.raises(AlertTaken):
        queue.dismiss(actor=as_actor(second_officer), alert=alert, reason="已核实来源")
    queue.dismiss(actor=as_actor(zhou_min), alert=alert, reason="已核实来源")
    alert.refresh_from_db()
    assert (alert.state, alert.disposition, alert.dismissal_reason) == ("dismissed", "false_positive", "已核实来源")
    with pytest.raises(AlertFinished):
        queue.claim(actor=as_actor(zhou_min), alert=alert)


def test_a_refused_reason_comes_back_on_the_page_with_what_was_typed(zhang_wei: Customer, zhou_min: User) -> None:
    alert = waiting(zhang_wei)
    page = browser(zhou_min).post(reverse("risk:alert_dismiss", args=[alert.reference]), {"disposition": "false_positive", "reason": "无"})
    assert page.status_code == 200
    assert 'value="无"' in page.content.decode()
    alert.refresh_from_db()
    assert alert.state == "open"


def test_snoozing_is_the_supervisors_and_has_an_end(zhang_wei: Customer, zhou_min: User, supervisor: User) -> None:
    alert, until = waiting(zhang_wei), timezone.now() + timedelta(days=30)
    with pytest.raises(Refused):
        queue.snooze(actor=as_actor(zhou_min), alert=alert, until=until, reason="季节性经营")
    kept = queue.snooze(actor=as_actor(supervisor), alert=alert, until=until, reason="季节性经营")
    assert (kept.rule_id, kept.customer_id, kept.until) == (alert.rule_id, zhang_wei.pk, until)
    far = (timezone.localdate() + timedelta(days=400)).isoformat()
    browser(supervisor).post(reverse("risk:alert_snooze", args=[alert.reference]), {"until": far, "reason": "一直如此"})
    assert Event.objects.filter(action="alert.snoozed").count() == 1


def test_an_overdue_alert_is_escalated_once(zhang_wei: Customer, chen_jing: Customer, supervisor: User, zhou_min: User) -> None:
    now = timezone.now()
    late = waiting(zhang_wei, due_at=now - timedelta(minutes=1))
    waiting(chen_jing, due_at=now + timedelta(minutes=1))
    assert [queue.escalate_overdue(actor=SYSTEM, at=now) for _twice in range(2)] == [1, 0]
    told = Notice.objects.filter(kind="alert.overdue")
    assert {notice.user_id for notice in told} == {supervisor.pk}
    assert Event.objects.get(action="alert.escalated").target_ref == late.reference


def test_the_head_tells_the_waiting_and_the_overdue_in_one_look(
    zhang_wei: Customer,
    li_na: Customer,
    branch_manager: User,
    supervisor: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    """The overdue come first by their time limits; each reader counts her own reach, and no further than the rail tells."""
    late = timezone.now() - timedelta(hours=1)
    for place, due in enumerate([timezone.now() + timedelta(hours=4), late, late]):
        waiting(zhang_wei, place, due_at=due)
    waiting(zhang_wei, 3, due_at=late, state="dismissed", disposition="useful")
    waiting(li_na, 0, due_at=late)
    with reading():
        supervisor.reach("risk.view_alert")  # the reach itself is asked in statements of its own, once a page
        with django_assert_num_queries(1):
            assert queue.most_pressing(supervisor, 100) == (4, 3)
    assert queue.most_pressing(as_actor(branch_manager), 100) == (3, 2)
    assert queue.most_pressing(supervisor, 2) == (2, 2)
    monkeypatch.setattr(menu, "MOST", 2)
    page = browser(branch_manager).get(reverse("risk:alert_list"), headers={"Accept-Language": "en"}).content.decode()
    assert "2+ waiting" in page
    assert "2 overdue" in page


def test_the_list_keeps_its_promises(bank: Bank, zhang_wei: Customer, supervisor: User) -> None:
    path = reverse("risk:alert_list")
    check_list(AlertList(), path=path, user=supervisor, make_row=lambda place: waiting(zhang_wei, place))


def test_the_home_page_shows_only_figures_that_open(zhang_wei: Customer, branch_manager: User, zhou_min: User) -> None:
    """Every figure of the tiles answers 200 to the one who sees it."""
    waiting(zhang_wei)
    for reader, sees_cases in ((branch_manager, False), (zhou_min, True)):
        client = browser(reader)
        page = client.get("/").content.decode()
        links = {part.split('"')[0].replace("&amp;", "&") for part in page.split('class="figure" href="')[1:]}
        assert any(link.startswith("/risk/alerts/") for link in links)
        assert any(link.startswith("/risk/cases/") for link in links) is sees_cases
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
