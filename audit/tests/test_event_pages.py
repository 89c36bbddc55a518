"""The auditor finds who did what, and each of her looks is a line too.

Requirements: R250, R313.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from audit.models import Event
from audit.views.lists import EventList
from crm.access.actor import SYSTEM
from crm.access.reach import Reach
from crm.lists.testing import check_list, walk
from crm.log import services as log
from crm.staff.models import Branch, User
from crm.tests.personas import Bank, as_actor, browser

pytestmark = pytest.mark.django_db
LIST = "audit:event_list"
BEIJING = ZoneInfo("Asia/Shanghai")


def write(action: str = "staff.person_created", **facts: object) -> Event:
    """A line of the test."""
    with transaction.atomic():
        line = log.record(action=action, **{"actor": SYSTEM, **facts})  # type: ignore[arg-type]
    return Event.objects.get(pk=line.pk)


def shown(user: User, **asked: str) -> list[str]:
    """The lines that a search lists, by reference."""
    response = browser(user).get(reverse(LIST), asked, follow=True)
    assert response.status_code == 200
    return [row.row.reference for row in response.context["rows"]]


def test_list_keeps_its_promises(auditor: User) -> None:
    check_list(EventList(), path=reverse(LIST), user=auditor, make_row=lambda _n: write())


def test_paging_reaches_every_line_once(auditor: User) -> None:
    for _line in range(7):
        write()
    forward, backward = walk(EventList(), as_actor(auditor), "actor=system")
    assert forward == backward
    assert len(forward) == len(set(forward)) == Event.objects.filter(actor_number="system").count()


def test_three_views(auditor: User) -> None:
    """R308, R309, R310: operation log, security event log, audit log."""
    lines = {
        view: write(action)
        for view, action in (("operations", "approval.proposed"), ("security", "access.refused"), ("audit", "log.verified"))
    }
    for view, line in lines.items():
        found = shown(auditor, view=view)
        assert line.reference in found
        assert not {other.reference for name, other in lines.items() if name != view} & set(found)


@pytest.mark.parametrize(
    "asked",
    [
        {"actor": "80001"},
        {"action": "approval.refused"},
        {"result": "failed"},
        {"customer": "C-2222"},
        {"target": "110002"},
        {"request": "r-77"},
        {"address": "10.9.8.7"},
        {"q": "80001"},
        {"q": "孙悦"},
        {"q": "C-2222"},
        {"q": "110002"},
        {"q": "r-77"},
    ],
)
def test_every_filter_finds_its_line_alone(auditor: User, sun_yue: User, bank: Bank, asked: dict[str, str]) -> None:
    """R317: who did what, to whom, from where, in which request."""
    write()
    actor = replace(as_actor(sun_yue), address="10.9.8.7", request_id="r-77")
    line = write(
        "approval.refused", actor=actor, result="failed", customer="C-2222", target=Branch.objects.get(code="110002"), reason="不符"
    )
    assert shown(auditor, **asked) == [line.reference]


def test_days_are_the_banks(auditor: User) -> None:
    """A line of 00:10 in Beijing belongs to that day, although it is still the day before in UTC."""
    with time_machine.travel(datetime(2025, 3, 2, 0, 10, tzinfo=BEIJING), tick=False):
        line = write()
    assert shown(auditor, at_from="2025-03-02", at_to="2025-03-02") == [line.reference]
    assert shown(auditor, at_from="2025-03-01", at_to="2025-03-01") == []


def test_searching_is_a_line_and_long_numbers_are_masked(auditor: User) -> None:
    """R315: looks count. What was searched may be an ID number."""
    shown(auditor, q="110105198603041215")
    line = Event.objects.filter(action="audit.searched").latest("pk")
    assert line.actor_number == "86001"
    assert line.data["asked"] == {"q": "**************1215"}


def test_page_of_a_line(auditor: User, bank: Bank) -> None:
    """Before and after, the place in the chain, the look written down."""
    line = write(data={"before": {"name": "旧名"}, "after": {"name": "新名"}, "note": "抄本"}, target=Branch.objects.get(code="110"))
    page = browser(auditor).get(line.get_absolute_url())
    text = page.content.decode()
    assert page.status_code == 200
    assert all(word in text for word in ("旧名", "新名", "抄本", "110", "system"))
    look = Event.objects.filter(action="audit.event_viewed").latest("pk")
    assert (look.target_ref, look.actor_number) == (line.reference, "86001")


def test_story_of_a_request(auditor: User, sun_yue: User) -> None:
    """All lines of one request, in the order of writing, and none of another."""
    actor = replace(as_actor(sun_yue), request_id="a1b2")
    mine = [write("approval.proposed", actor=actor), write("approval.applied", actor=actor)]
    write(actor=replace(actor, request_id="c3d4"))
    page = browser(auditor).get(reverse("audit:request", args=["a1b2"]))
    assert page.context["lines"] == mine
    assert browser(auditor).get(reverse("audit:request", args=["unknown"])).status_code == 200


@pytest.mark.parametrize("person", ["80001", "81001", "82001", "82002", "84001", "85001", "87001"])
def test_the_log_is_the_auditors(bank: Bank, person: str) -> None:
    """Nobody else reads it, and trying is written down."""
    line = write()
    client = browser(bank.people[person])
    for url in (reverse(LIST), line.get_absolute_url(), reverse("audit:request", args=["x"]), reverse("audit:chain")):
        assert client.get(url).status_code == 403
    assert client.post(reverse("audit:chain_verify")).status_code == 403
    assert Event.objects.filter(actor_number=person, result="refused").count() == 5


def test_audit_officer_reads_too(audit_officer: User) -> None:
    assert write().reference in shown(audit_officer)


def test_own_lines_are_all_that_less_reach_shows(bank: Bank, sun_yue: User) -> None:
    """A bank that gives somebody the log with less reach than all gives her own lines."""
    mine = write(actor=as_actor(sun_yue))
    write()
    assert list(Event.objects.all().scope(sun_yue, Reach.BRANCH)) == [mine]


@pytest.mark.parametrize("bad", ["view=nothing", "at_from=gestern", "action=nobody.knows", "result=x"])
def test_bad_conditions_are_400(auditor: User, bad: str) -> None:
    assert browser(auditor).get(f"{reverse(LIST)}?{bad}").status_code == 400


def test_unknown_lines_are_404(auditor: User) -> None:
    client = browser(auditor)
    assert client.get("/audit/lines/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert client.get("/audit/lines/1/").status_code == 404
