"""One's own factors: added, named, removed (never the last), recovery codes that open once; each change is logged and told.

Requirements: R266.
"""

import re

import pytest
from django.test import Client

from crm.access.middleware import STEPPED_UP_AT
from crm.factors.models import Factor, RecoveryCode
from crm.factors.secrets import code_at
from crm.factors.services.codes import step_now
from crm.factors.services.enrolment import secret_of
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import PASSWORD, browser, confirmed_factor, factor_of

pytestmark = pytest.mark.django_db


def told(person: User) -> list[str]:
    return [notice.key.split(":")[1] for notice in Notice.objects.filter(user=person, kind="factors.changed").order_by("pk")]


def test_another_app_is_added_named_and_removed(sun_yue: User) -> None:
    first = factor_of(sun_yue)
    client = browser(sun_yue)
    assert client.post(f"/factors/{first.reference}/remove/", follow=True).status_code == 200
    assert Factor.objects.filter(pk=first.pk).exists(), "never the last one"
    assert client.post("/factors/app/", {"begin": "1"})["Location"] == "/factors/app/"
    assert client.get("/factors/app/picture.svg")["Content-Type"] == "image/svg+xml"
    second = Factor.objects.being_set_up().get(user=sun_yue)
    assert second.reference not in client.get("/factors/").content.decode()
    assert client.post("/factors/app/", {"code": code_at(secret_of(second), step_now(second))})["Location"] == "/factors/"
    client.post(f"/factors/{second.reference}/name/", {"name": "Old telephone"})
    assert "Old telephone" in client.get("/factors/").content.decode()
    client.post(f"/factors/{first.reference}/remove/")
    assert list(Factor.objects.filter(user=sun_yue)) == [second]
    assert told(sun_yue) == ["added", "renamed", "removed"]
    actions = Event.objects.filter(actor_number="80001", action__startswith="factors.").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["factors.enrolment_begun", "factors.added", "factors.renamed", "factors.removed"]


@pytest.mark.parametrize(("place", "sent"), [("name/", {"name": "x"}), ("name/", {}), ("remove/", {})])
def test_a_factor_of_somebody_else_is_not_there(sun_yue: User, colleague: User, place: str, sent: dict[str, str]) -> None:
    """And is left as it is; unknown ones answer alike."""
    hers = factor_of(colleague)
    factor_of(sun_yue)
    client = browser(sun_yue)
    assert client.post(f"/factors/{hers.reference}/{place}", sent).status_code == 404
    assert client.post(f"/factors/F-22222222/{place}", sent).status_code == 404
    assert Factor.objects.get(pk=hers.pk).name == hers.name


@pytest.mark.parametrize("place", ["/factors/recovery/", "/factors/app/", "/factors/{}/name/", "/factors/{}/remove/"])
def test_every_change_waits_for_the_step_up(sun_yue: User, place: str) -> None:
    factor = factor_of(sun_yue)
    confirmed_factor(sun_yue, b"a-second-telephone!!")
    client = browser(sun_yue, stepped_up=False)
    answer = client.post(place.format(factor.reference), {"begin": "1", "name": "x"})
    assert answer.status_code == 307 and answer["Location"].startswith("/step-up/")
    assert Factor.objects.filter(user=sun_yue).count() == 2 and not RecoveryCode.objects.exists()


def test_a_secret_being_set_up_is_shown_only_after_the_step_up(sun_yue: User) -> None:
    factor_of(sun_yue)
    client = browser(sun_yue)
    client.post("/factors/app/", {"begin": "1"})
    session = client.session
    del session[STEPPED_UP_AT]
    session.save()
    assert client.get("/factors/app/")["Location"].startswith("/step-up/")
    assert client.get("/factors/app/picture.svg")["Location"].startswith("/step-up/")


def test_recovery_codes_are_shown_once_and_open_once(sun_yue: User) -> None:
    """Ten; a new set ends the old one; kept as marks only."""
    factor_of(sun_yue)
    client = browser(sun_yue)
    old = re.findall(r"<li>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})</li>", client.post("/factors/recovery/").content.decode())
    codes = re.findall(r"<li>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})</li>", client.post("/factors/recovery/").content.decode())
    assert len(set(old)) == len(set(codes)) == RecoveryCode.objects.count() == 10
    assert codes[0] not in client.get("/factors/").content.decode()
    kept = str(list(RecoveryCode.objects.values())) + str(list(Event.objects.values_list("data", flat=True)))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)

    def opens(code: str) -> bool:
        other = Client()
        other.post("/sign-in/", {"number": "80001", "password": PASSWORD})
        return bool(other.post("/sign-in/code/", {"code": code}).status_code == 302)

    assert not opens(old[0])
    assert opens(codes[0].lower().replace("-", " "))
    assert not opens(codes[0])
    assert told(sun_yue) == ["recovery", "recovery", "used"]
    assert Notice.objects.filter(user=sun_yue).latest("pk").params["left"] == 9
