"""People are told once, in the transaction of what they are told about.

Requirements: R127.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from crm.access.limits import SEEN_AT
from crm.jobs import queue
from crm.log.models import Event
from crm.notify import alarms, checks, escalation, services
from crm.notify.alarms import Alarm
from crm.notify.choices import MailState
from crm.notify.models import Notice
from crm.notify.words import filled
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser


def tell(*people: User, key: str = "a", **more: Any) -> list[Notice]:
    return services.notify(
        recipients=people, kind="tests.kind", subject="Request %(request)s waits", params={"request": "CR-2222"}, key=key, **more
    )


def test_everybody_is_told_once_per_key(sun_yue: User, zhou_min: User) -> None:
    assert len(tell(sun_yue, zhou_min, sun_yue)) == 2
    assert tell(sun_yue) == []
    assert len(tell(sun_yue, key="b")) == 1
    assert services.unread(sun_yue) == 2
    assert services.unread(zhou_min) == 1


@pytest.mark.django_db(transaction=True)
def test_a_notice_stands_or_falls_with_its_act(sun_yue: User) -> None:
    with queue.captured() as calls:
        with transaction.atomic():
            tell(sun_yue)
            transaction.set_rollback(True)
        assert Notice.objects.count() == 0
        assert calls == []
        (notice,) = tell(sun_yue)
    assert calls == [("notify.send_mail", {"notice_id": notice.pk})]


def test_without_an_address_no_mail_is_owed(sun_yue: User) -> None:
    sun_yue.email = ""
    (notice,) = tell(sun_yue)
    assert notice.mail_state == MailState.NONE


def test_telling_many_people_costs_the_same_number_of_queries(bank: Bank, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(6):
        tell(*bank.people.values())
    assert Notice.objects.count() == len(bank.people)


def test_parameters_are_filled_in_and_percent_signs_stay() -> None:
    with translation.override("en"):
        assert filled("%(share)s of %(kind)s", {"share": "90%", "kind": {"msgid": "Alert"}}) == "90% of Alert"
        assert filled("100% sure", {}) == "100% sure"


def test_bell_counts_and_asking_is_no_activity(sun_yue: User) -> None:
    tell(sun_yue)
    client = browser(sun_yue)
    client.get("/notices/")
    session = client.session
    session[SEEN_AT] = session[SEEN_AT] - 300
    session.save()
    page = client.get("/notices/bell/").content.decode()
    assert "<b>1</b>" in page
    assert client.session[SEEN_AT] == session[SEEN_AT]
    client.get("/notices/")
    assert client.session[SEEN_AT] > session[SEEN_AT]


def test_page_shows_own_notices_and_opening_marks_as_read(sun_yue: User, zhou_min: User) -> None:
    (mine,) = tell(sun_yue, url_name="notify:notices")
    (others,) = tell(zhou_min, key="other")
    client = browser(sun_yue)
    page = client.get("/notices/").content.decode()
    assert "CR-2222" in page
    assert mine.reference in page
    assert others.reference not in page
    assert client.get(f"/notices/{others.reference}/").status_code == 404
    assert client.get(f"/notices/{mine.reference}/").status_code == 200
    assert services.unread(sun_yue) == 1, "whoever only follows the link of a mail, or fetches it beforehand, has read nothing"
    assert client.post(f"/notices/{mine.reference}/").status_code == 302
    line = Event.objects.get(action="notice.read")
    assert (line.actor_number, line.data) == ("80001", {"notices": [mine.reference], "count": 1})
    assert services.unread(sun_yue) == 0
    assert services.unread(zhou_min) == 1
    assert mine.reference not in client.get("/notices/?unread=1").content.decode()


def test_mark_all_as_read_touches_own_notices_only(sun_yue: User, zhou_min: User) -> None:
    tell(sun_yue, zhou_min)
    tell(sun_yue, key="b")
    assert browser(sun_yue).post("/notices/read/").status_code == 302
    assert (services.unread(sun_yue), services.unread(zhou_min)) == (0, 1)


@pytest.mark.parametrize("number", ["0", "-1", "x", "１", "99999999999999999999", "2"])
def test_odd_page_numbers_do_no_harm(sun_yue: User, number: str) -> None:
    tell(sun_yue)
    assert browser(sun_yue).get("/notices/", {"page": number}).status_code == 200


def test_the_page_costs_the_same_for_one_notice_as_for_many(sun_yue: User) -> None:
    client = browser(sun_yue)
    client.get("/notices/")

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/notices/")
        return len(asked)

    tell(sun_yue, key="0")
    one = cost()
    for number in range(1, 6):
        tell(sun_yue, key=str(number))
    assert cost() == one


def test_unread_notices_climb_unless_somebody_opened_one(sun_yue: User, zhou_min: User, supervisor: User, system_officer: User) -> None:
    escalation.register("tests.kind", timedelta(minutes=10), lambda notice: [supervisor])
    now = datetime(2026, 11, 21, tzinfo=UTC)
    with time_machine.travel(now, tick=False) as clock:
        tell(sun_yue, zhou_min, key="nobody")
        tell(sun_yue, zhou_min, key="somebody")
        services.mark_read(actor=as_actor(zhou_min), reference=Notice.objects.get(user=zhou_min, key="somebody").reference)
        clock.shift(timedelta(minutes=9))
        assert services.escalate() == 0
        clock.shift(timedelta(minutes=1))
        assert services.escalate() == 1
        assert services.escalate() == 0
    (notice,) = Notice.objects.filter(user=supervisor)
    assert (notice.key, notice.kind) == ("nobody:escalated", "tests.kind.escalated")


def test_alarms_reach_those_on_duty_who_can_act_once(operations: User, sun_yue: User) -> None:
    alarms.register("full", lambda: Alarm(key="2026-11", subject="The disk is full"), "calendar.change_businessday")
    alarms.register("quiet", lambda: None, "calendar.change_businessday")
    assert services.raise_alarms() == 1
    assert services.raise_alarms() == 0
    assert [notice.user for notice in Notice.objects.all()] == [operations]


@time_machine.travel(datetime(2026, 11, 21, tzinfo=UTC), tick=False)
def test_alarm_about_the_calendar_and_the_rates(db: None) -> None:
    alarm = checks.calendar_ends()
    assert alarm is not None
    assert alarm.params == {"day": "2026-12-31"}
    assert checks.rates_are_old() is None
    with time_machine.travel(datetime.combine(date(2027, 1, 6), datetime.min.time(), UTC), tick=False):
        assert checks.rates_are_old() is not None
