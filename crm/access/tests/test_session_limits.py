"""A session ends after fifteen idle minutes and ten hours in any case; polling is no activity."""

import time

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from crm.access import limits
from crm.access.gate import gated
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import browser

pytestmark = pytest.mark.django_db


def aged(client: Client, **ages: int) -> None:
    session = client.session
    for name, seconds in ages.items():
        session[name] = int(time.time()) - seconds
    session.save()


@pytest.mark.parametrize(
    ("ages", "status"),
    [
        ({"seen_at": 890, "signed_in_at": 890}, 200),
        ({"seen_at": 910, "signed_in_at": 910}, 302),
        ({"seen_at": 1, "signed_in_at": 36_010}, 302),
    ],
)
def test_limits(sun_yue: User, ages: dict[str, int], status: int) -> None:
    client = browser(sun_yue)
    client.get("/")
    aged(client, **ages)
    assert client.get("/").status_code == status
    assert Event.objects.filter(action="access.session_ended").count() == (status == 302)


def test_a_page_counts_as_activity_and_polling_does_not(sun_yue: User) -> None:
    client = browser(sun_yue)
    client.get("/")
    aged(client, seen_at=600, signed_in_at=600)
    client.get("/", headers={"X-Poll": "1"})
    assert time.time() - client.session[limits.SEEN_AT] >= 600
    client.get("/")
    assert time.time() - client.session[limits.SEEN_AT] < 60


def test_a_view_marked_as_polling_is_no_activity() -> None:
    @gated("staff.view_user", polling=True)
    def fragment(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert limits.is_polling(RequestFactory().get("/"), fragment)
