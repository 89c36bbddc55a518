"""Patterns in the log ring within a minute, tell the officers and never the suspect; one line too few rings nothing.

Requirements: R282, R283, R309.
"""

import ipaddress
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from audit.definitions.patterns import PATTERNS
from audit.models import Alarm, Network
from audit.services import alarms, networks, thresholds
from crm.access.actor import SYSTEM
from crm.access.errors import AccessError
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.jobs.tests.test_kept_session import sessions
from crm.log import anchors
from crm.log import services as log
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.services.guessing import SPRAYED_NAMES
from crm.staff.tests.test_guessing import post
from crm.tests.personas import Bank, as_actor, browser
from crm.tests.worker import mails, until, worker
from customers.choices import AmlRiskLevel
from demo import alarms as rehearsals

__all__ = ["worker"]
pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai, a Wednesday
NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
OFFICERS = {"85001", "85002", "86001", "88001"}


@pytest.fixture(autouse=True)
def from_now_on(bank: Bank) -> None:
    """The first look puts the cursor at the head; what was before is not looked at."""
    alarms.look_for_patterns()


def test_every_pattern_can_be_rehearsed() -> None:
    """None without a replay, no replay without a pattern."""
    assert set(rehearsals.REHEARSALS) == set(PATTERNS)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_a_pattern_rings_once_and_a_near_miss_never(bank: Bank, name: str) -> None:
    """Threshold less one: silence. The threshold: one alarm, told to the officers; more of the same within the window: no second one."""
    with time_machine.travel(NIGHT, tick=True):
        if PATTERNS[name].threshold > 1:
            rehearsals.write(name, short=1)
            assert [one for one in alarms.look_for_patterns() if one.pattern == name] == []
    Alarm.objects.all().delete()
    with time_machine.travel(NIGHT.replace(hour=18), tick=True):  # past every window but that of a journey
        rehearsals.write(name)
        [alarm] = [one for one in alarms.look_for_patterns() if one.pattern == name]
        assert alarm.measured >= alarm.threshold and Event.objects.filter(action="alarm.raised", target_ref=alarm.reference).exists()
        told = set(Notice.objects.filter(kind="audit.alarm", url_args=[alarm.reference]).values_list("user__number", flat=True))
        assert told == OFFICERS - {alarm.person}
        rehearsals.write(name)
        assert [one for one in alarms.look_for_patterns() if one.pattern == name] == []


def test_by_day_privileges_are_used_in_silence(bank: Bank) -> None:
    """At noon of a business day."""
    with time_machine.travel(NOON, tick=True):
        rehearsals.write("off_hours")
        assert alarms.look_for_patterns() == []


def test_reading_list_after_list_rings(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real pages, not rehearsed lines: a page of a list of customers counts however it was filtered, a page of another list does not."""
    monkeypatch.setitem(PATTERNS, "list_paging", replace(PATTERNS["list_paging"], threshold=250))
    reader = browser(bank.people["80001"])
    for address in (
        reverse("customers:customer_list"),
        reverse("customers:customer_list") + f"?level={AmlRiskLevel.HIGH}&size=100",
        reverse("approvals:request_list"),
    ):
        assert reader.get(address).status_code == 200
    assert alarms.look_for_patterns() == []
    assert reader.get(reverse("transactions:transaction_list") + "?size=100").status_code == 200
    [alarm] = alarms.look_for_patterns()
    assert (alarm.pattern, alarm.person, alarm.measured) == ("list_paging", "80001", 250)


def test_a_password_tried_from_many_addresses_rings(bank: Bank) -> None:
    """Each address once: the shape of the password is what they share."""
    for count in range(SPRAYED_NAMES + 1):
        post(f"7{count:04}", f"Spring{2020 + count}!", address=f"203.0.113.{count}")
    assert "spraying_wide" in {one.pattern for one in alarms.look_for_patterns()}


def test_after_a_backlog_the_newest_lines_are_looked_at(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines of quiet colleagues lie before them."""
    monkeypatch.setattr(alarms, "PIECE", 20)
    monkeypatch.setitem(PATTERNS, "mass_viewing", replace(PATTERNS["mass_viewing"], threshold=20))
    with transaction.atomic():
        for number, looks in (("80002", 18), ("80003", 18), ("81001", 18), ("82001", 18), ("80001", 30)):
            for count in range(looks):
                log.record(actor=as_actor(bank.people[number]), action="page.viewed", customer=f"C-{number}{count}", data={"route": "x"})
    assert {one.person for one in alarms.look_for_patterns()} == {"80001"}


def test_nobody_reads_of_the_alarm_about_herself_in_the_log(bank: Bank) -> None:
    """Neither in the list, nor as a line, nor in the story of a request or the admin; her colleague does."""
    rehearsals.write("mass_viewing")
    [alarm] = alarms.look_for_patterns()
    Alarm.objects.filter(pk=alarm.pk).update(person="86001")
    line = Event.objects.get(action="alarm.raised", target_ref=alarm.reference)
    pages = (
        reverse("audit:event_list") + "?action=alarm.raised",
        reverse("audit:event", args=[line.uid]),
        reverse("admin:audit_event_changelist"),
    )
    suspect = [browser(bank.people["86001"]).get(page) for page in pages]
    assert suspect[1].status_code == 404
    assert not any(alarm.reference in answer.content.decode() for answer in suspect)
    assert all(alarm.reference in browser(bank.people["88001"]).get(page).content.decode() for page in pages[:2])


def test_nobody_sees_an_alarm_about_herself(bank: Bank) -> None:
    """Neither told nor shown: an auditor who looks at too many customers."""
    rehearsals.write("mass_viewing")
    [alarm] = alarms.look_for_patterns()
    Alarm.objects.filter(pk=alarm.pk).update(person="86001")
    page = reverse("audit:alarm", args=[alarm.reference])
    assert browser(bank.people["86001"]).get(page).status_code == 404
    assert alarm.reference not in browser(bank.people["86001"]).get(reverse("audit:alarm_list")).content.decode()
    assert browser(bank.people["88001"]).get(page).status_code == 200
    assert browser(bank.people["80001"]).get(page).status_code == 403


def test_a_rehearsal_is_called_one(bank: Bank) -> None:
    """Also for the officers who do not read its lines; the person has a name. An alarm of real lines is not called so."""
    rehearsals.write("reveal_burst")
    alarm = alarms.look_for_patterns()[0]
    page = reverse("audit:alarm", args=[alarm.reference])
    for number in ("85001", "86001"):
        told = browser(bank.people[number]).get(page).content.decode()
        assert "Rehearsal" in told and f"80001 {bank.people['80001'].name}" in told
    Alarm.objects.filter(pk=alarm.pk).update(details={"lines": []})
    assert "Rehearsal" not in browser(bank.people["85001"]).get(page).content.decode()


def test_an_alarm_is_handled_in_words(bank: Bank) -> None:
    """Once, by an officer; an auditor only reads."""
    rehearsals.write("reveal_burst")
    alarm = alarms.look_for_patterns()[0]
    page = reverse("audit:alarm", args=[alarm.reference])
    assert browser(bank.people["86001"]).post(page, {"note": "x"}).status_code == 403
    officer = browser(bank.people["85001"])
    assert officer.post(page, {"note": " "}).status_code == 200
    assert officer.post(page, {"note": "演练，已核实"}).status_code == 302
    alarm.refresh_from_db()
    assert (alarm.handled_by, alarm.note) == ("85001", "演练，已核实")
    with pytest.raises(alarms.AlreadyHandled):
        alarms.handle_alarm(actor=as_actor(bank.people["85002"]), alarm=alarm, note="noch einmal")


def test_two_officers_move_a_threshold(bank: Bank) -> None:
    """Proposed by one, decided by another; never beyond ten times what the product says, and no alarm so that it cannot ring."""
    first, second = as_actor(bank.people["85001"]), as_actor(bank.people["85002"])
    for code, threshold, seconds in (
        ("export_burst", 51, 300),
        ("export_burst", 50, 60),
        ("mass_viewing", 1_000, 60),
        ("tampering", 2, 3_600),
    ):
        with pytest.raises(thresholds.BeyondLimits):
            thresholds.propose_threshold(actor=first, code=code, threshold=threshold, window_seconds=seconds, reason="zu laut")
    with pytest.raises(AccessError):
        thresholds.propose_threshold(actor=as_actor(bank.people["86001"]), code="export_burst", threshold=6, window_seconds=300, reason="x")
    answer = browser(bank.people["85001"]).post(
        reverse("audit:thresholds"), {"pattern": "export_burst", "threshold": "6", "minutes": "5", "reason": "月末导出较多"}
    )
    assert answer.status_code == 302
    asked = ChangeRequest.objects.latest("pk")
    rehearsals.write("export_burst", short=1)
    with pytest.raises(AccessError):
        approvals.decide(actor=first, request=asked, approve=True, reason="同意", shown_hash=asked.shown_hash)
    approvals.decide(actor=second, request=asked, approve=True, reason="同意", shown_hash=asked.shown_hash)
    assert alarms.limits_of(PATTERNS["export_burst"]).threshold == 6
    rehearsals.write("export_burst", short=2)
    assert [one.measured for one in alarms.look_for_patterns() if one.pattern == "export_burst"] == [6]


def test_without_a_table_of_networks_the_pages_say_so(bank: Bank, tmp_path: Path) -> None:
    """And with one, the narrower range counts; a bad file changes nothing and names its row."""
    reader = browser(bank.people["86001"])
    reader.cookies["django_language"] = "en"
    assert not Network.objects.exists() and networks.place_of("198.51.100.7") is None
    assert "load_networks" in reader.get(reverse("audit:thresholds")).content.decode()
    table = tmp_path / "networks.csv"
    table.write_text(
        "network,place,latitude,longitude\n10.0.0.0/8,总行,39.9,116.4\n10.1.0.0/16,上海,31.2,121.5\n2001:db8::/32,广州,23.1,113.3\n"
    )
    assert networks.load_networks(actor=SYSTEM, path=table) == 3
    assert [networks.place_of(one)[0] for one in ("10.9.9.9", "10.1.2.3", "2001:db8::1")] == ["总行", "上海", "广州"]  # type: ignore[index]
    assert networks.place_of("192.0.2.1") is None and networks.place_of("unknown") is None
    table.write_text("network,place,latitude,longitude\n10.0.0.0/8,总行,391,116.4\n")
    with pytest.raises(networks.BadNetworks, match="2"):
        networks.load_networks(actor=SYSTEM, path=table)
    assert Network.objects.count() == 3 and ipaddress.ip_address("10.1.2.3").is_private


def test_a_keeper_that_does_not_answer_rings_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next look, not only when an anchor is due."""
    monkeypatch.setattr(anchors, "keeper_answers", lambda: False)
    assert [one.subject for one in alarms.look_for_patterns()] == ["anchor_keeper"]
    assert alarms.look_for_patterns() == []


@pytest.mark.slow
def test_page_and_mail_within_a_minute(bank: Bank, worker: Any) -> None:
    """The real worker with its beat: from the lines in the log to page and mail of everybody on duty, both within the 60 seconds (R282)."""
    until(sessions, 120, "the worker has met the database")
    began = time.monotonic()
    rehearsals.write("reveal_burst")
    until(lambda: Notice.objects.filter(kind="audit.alarm").count() >= len(OFFICERS), 60, "the notices of the alarm")
    told = time.monotonic() - began
    reference = Alarm.objects.get(pattern="reveal_burst").reference
    notices = list(Notice.objects.filter(kind="audit.alarm", url_args=[reference]).values_list("user__email", "reference"))

    def all_left() -> bool:
        sent = mails()
        return all(any(to in mail and page in mail for mail in sent) for to, page in notices)

    until(all_left, 60 - told, "the mails, each with the address of its notice")
    print(f"\nalarm: {len(notices)} pages after {told:.0f} s, their mails after {time.monotonic() - began:.0f} s")
