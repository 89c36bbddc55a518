"""What guessing gets: five looks at a password, the same answer whoever is asked for, and never somebody else's device.

Requirements: R117, R267, R282.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import StepUpNeeded
from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import KnownDevice, SignInCounter, SignInHold, User
from crm.staff.services import devices
from crm.staff.services.access import OwnRights, release
from crm.staff.services.guessing import SPRAYED_NAMES, remove_old
from crm.staff.services.sign_in import check_password
from crm.tests.personas import PASSWORD, as_actor, browser, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashes() -> Iterator[list[str]]:
    """Each hash that is computed, of whomever."""
    seen: list[str] = []
    hasher = hashers.get_hasher("default")
    encode = type(hasher).encode

    def counted(self: hashers.BasePasswordHasher, password: str, salt: str, *more: object) -> str:
        seen.append(password)
        return encode(self, password, salt, *more)

    with patch.object(type(hasher), "encode", counted):
        yield seen


def post(number: str, password: str = "wrong", client: Client | None = None, address: str = "203.0.113.9") -> int:
    answer = (client or Client()).post("/sign-in/", {"number": number, "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def later(minutes: int) -> None:
    """Let time pass for all counters."""
    for row in SignInCounter.objects.all():
        row.taken = [moment - timedelta(minutes=minutes) for moment in row.taken]
        row.locked_until = row.locked_until and row.locked_until - timedelta(minutes=minutes)
        row.save()


@pytest.mark.parametrize("number", ["80001", "71717"])
def test_five_looks_then_none_for_half_an_hour(sun_yue: User, hashes: list[str], number: str) -> None:
    """The right password included; a number nobody has locks alike."""
    for _attempt in range(5):
        post(number)
    assert post(number, PASSWORD) == 200
    assert len(hashes) == 5
    assert Event.objects.filter(action="staff.sign_in_locked").count() == 1
    later(29)
    assert post(number, PASSWORD) == 200
    assert len(hashes) == 5
    later(2)
    assert post(number, PASSWORD) == (302 if number == "80001" else 200)


def test_the_window_slides(sun_yue: User, hashes: list[str]) -> None:
    """Four at the end of one quarter of an hour and five at the beginning of the next are too many."""
    for _attempt in range(4):
        post("80001")
    later(14)
    post("80001")
    later(2)
    for _attempt in range(4):
        post("80001")
    assert len(hashes) == 9  # four have left the window
    post("80001")
    assert len(hashes) == 9


def test_letters_that_only_look_alike_have_no_counter_of_their_own(sun_yue: User, hashes: list[str]) -> None:
    """Full-width digits count for the same name; other alphabets' letters are nobody's number."""
    for number in ("80001", "８０００１", " 80001 ", "80001", "80001"):
        post(number)
    assert len(hashes) == 5
    post("80001")
    assert len(hashes) == 5


def test_what_was_right_is_refunded(sun_yue: User) -> None:
    for _attempt in range(20):
        assert check_password(actor=as_actor(sun_yue), number="80001", password=PASSWORD) == sun_yue
    assert all(row.taken == [] and row.locked_until is None for row in SignInCounter.objects.all())


@pytest.mark.parametrize("attempts", [1, 6])
def test_known_and_unknown_cost_the_same(bank: object, colleague: User, hashes: list[str], attempts: int) -> None:
    """Body, status, headers, hashes and statements: looked at, locked, switched off, an officer, nobody."""
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    Client().get("/sign-in/")  # whether both first officers are there is asked once in a process
    seen = set()
    for number in ("80001", "80003", "85001", "71717", "xxxxx", "*****"):
        for _attempt in range(attempts):
            client, before = Client(), len(hashes)
            with CaptureQueriesContext(connection) as asked:
                answer = client.post("/sign-in/", {"number": number, "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{ord(number[-1])}")
        body = re.sub(r'"\w{64}"', "", answer.content.decode().replace(number, "NUMBER"))
        headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name != "X-Request-ID"))
        seen.add((answer.status_code, body, headers, tuple(client.cookies), len(hashes) - before, len(asked)))
    assert len(seen) == 1
    assert {row[4] for row in seen} == {1 if attempts == 1 else 0}


def test_an_address_gets_so_many_looks(bank: object, hashes: list[str]) -> None:
    """Whatever names it tries; other addresses are not concerned. Addresses of version 6 count by network."""
    for count in range(settings.SIGN_INS_PER_ADDRESS + 5):
        post(f"7{count:04}", address=f"2001:db8::{count:x}")
    assert len(hashes) == settings.SIGN_INS_PER_ADDRESS
    assert post("80001", PASSWORD, address="2001:db8::1") == 200
    assert post("80001", PASSWORD, address="2001:db8:0:1::1") == 302


def test_a_stranger_locks_nobody_out_of_a_known_device(sun_yue: User) -> None:
    known = Client()
    sign_in(known, sun_yue)
    known.post("/sign-out/")
    for _attempt in range(60):
        post("80001")
    assert post("80001", PASSWORD, Client()) == 200, "a new device waits"
    assert post("80001", PASSWORD, known) == 302, "the known one does not"


def test_a_device_has_a_counter_of_its_own_and_counts_for_its_people_only(sun_yue: User, other_manager: User, hashes: list[str]) -> None:
    known = device_of(sun_yue)
    for _attempt in range(8):
        post("80001", "wrong", known)
        post("80002", "wrong", known)
    assert len(hashes) == 10
    assert post("80001", PASSWORD, known) == 200
    assert post("80001", PASSWORD) == 302, "a device that was guessed on locks itself and nothing else"


@pytest.mark.parametrize("cookie", ["", "x", "InN0b2xlbiI:1vMabc:forged", "é"])
def test_a_forged_cookie_is_no_device(sun_yue: User, hashes: list[str], cookie: str) -> None:
    client = Client()
    for _attempt in range(7):
        client.cookies[settings.DEVICE_COOKIE_NAME] = cookie
        post("80001", "wrong", client)
    assert len(hashes) == 5


def test_at_most_ten_devices_are_known(sun_yue: User) -> None:
    """The eleventh takes the place of the one that was not used for longest; one browser may know several people."""
    first, latest = device_of(sun_yue), [device_of(sun_yue) for _device in range(10)][-1]
    assert KnownDevice.objects.filter(user=sun_yue).count() == 10
    for _attempt in range(5):
        post("80001")
    assert [post("80001", PASSWORD, client) for client in (first, latest)] == [200, 302]
    assert latest.cookies[settings.DEVICE_COOKIE_NAME]["httponly"]


def device_of(person: User) -> Client:
    """A browser in which the person has signed in before."""
    client, request, response = Client(), RequestFactory().get("/"), HttpResponse()
    with transaction.atomic():
        devices.remember(request, person)
        log.record(actor=SYSTEM, action="staff.signed_in", target=person)
    devices.give(request, response)
    client.cookies = response.cookies
    return client


def test_an_officer_is_held_until_another_releases_her(security_officer: User, second_security_officer: User, hashes: list[str]) -> None:
    """Strangers' attempts go on costing one hash, of nobody, so that the hold does not show."""
    known = browser(security_officer)
    for _attempt in range(6):
        post("85001")
    later(31)
    hashes.clear()
    assert post("85001", PASSWORD) == 200
    assert len(hashes) == 1
    with pytest.raises(OwnRights):
        release(actor=as_actor(security_officer), person=security_officer, reason="me")
    page = f"/staff/{security_officer.reference}/"
    other = browser(second_security_officer)
    assert "Sign-in held" in other.get(page).content.decode()
    assert other.post(f"{page}release/", {"reason": "asked her by telephone"}).status_code == 302
    assert not SignInHold.objects.exists()
    assert Event.objects.filter(action="staff.sign_in_released", actor_number="85002").count() == 1
    assert post("85001", PASSWORD) == 302
    assert known.get("/").status_code == 200


def test_release_asks_for_a_fresh_second_factor(security_officer: User, second_security_officer: User) -> None:
    with pytest.raises(StepUpNeeded):
        release(actor=as_actor(second_security_officer, stepped_up=False), person=security_officer, reason="x")


def test_others_are_not_held(sun_yue: User) -> None:
    for _attempt in range(7):
        post("80001")
    assert not SignInHold.objects.exists()


@pytest.mark.parametrize("by", ["address", "password"])
def test_many_names_are_spraying(bank: object, by: str) -> None:
    """R282: from one address, or with one password under many names from many addresses; told once in a window."""
    for count in range(SPRAYED_NAMES + 3):
        address = "203.0.113.7" if by == "address" else f"203.0.113.{count}"
        post(f"7{count:04}", f"{'abcdefghijklmn'[count] * 9}" if by == "address" else f"Spring{2020 + count}!", address=address)
    line = Event.objects.get(action="staff.spraying_suspected")
    assert (line.data["by"], line.data["names"], line.result) == (by, SPRAYED_NAMES, "refused")


def test_old_counters_and_sightings_go(bank: object) -> None:
    post("71717")
    remove_old()
    assert SignInCounter.objects.exists()
    SignInCounter.objects.update(touched_at=timezone.now() - timedelta(days=2))
    remove_old()
    assert not SignInCounter.objects.exists()
