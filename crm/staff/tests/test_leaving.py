"""Leaving ends everything at once and tells what to hand over; who is away for 90 days is suspended.

Requirements: R262, R268.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crm.access.services import may
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import KnownDevice, OneTimeToken, User
from crm.staff.services.access import OwnRights
from crm.staff.services.leaving import leave, suspend_dormant
from crm.tests.personas import as_actor, browser
from customers.tests.personas import person as customer

pytestmark = pytest.mark.django_db


def test_the_page_counts_what_to_hand_over_and_names_no_customer(bank: object, sun_yue: User, security_officer: User) -> None:
    kept = [customer(bank, f"8{number:05}", manager=sun_yue) for number in range(3)]  # type: ignore[arg-type]
    page = browser(security_officer).get(f"/staff/{sun_yue.reference}/leave/").content.decode()
    assert '<a href="/customers/?manager=80001">3</a>' in page
    assert not any(one.reference in page for one in kept)


def test_whoever_leaves_can_do_nothing_from_now_on(sun_yue: User, security_officer: User) -> None:
    client = browser(sun_yue)
    later = timezone.now() + timedelta(hours=1)
    token = OneTimeToken.objects.create(user=sun_yue, purpose="new_password", token_hash="0" * 64, expires_at=later)
    KnownDevice.objects.create(user=sun_yue, mark="m")
    page = browser(security_officer).post(f"/staff/{sun_yue.reference}/leave/", {"reason": "resigned"})
    assert page.status_code == 302
    assert client.get("/").status_code == 302
    sun_yue = User.objects.get(pk=sun_yue.pk)
    token.refresh_from_db()
    assert (sun_yue.is_active, sun_yue.role_codes(), sun_yue.devices.count()) == (False, [], 0)
    assert token.expires_at <= timezone.now()
    assert not may(sun_yue, "customers.view_customer")
    line = Event.objects.get(action="staff.person_left")
    assert (line.reason, line.data["roles"]) == ("resigned", ["relationship-manager"])


def test_nobody_leaves_by_herself(security_officer: User) -> None:
    with pytest.raises(OwnRights):
        leave(actor=as_actor(security_officer), person=security_officer, reason="x")


def test_ninety_days_away_suspends_and_tells_the_officers(sun_yue: User, colleague: User, security_officer: User) -> None:
    client = Client()
    client.force_login(sun_yue)
    User.objects.update(created_at=timezone.now() - timedelta(days=200), password_changed_at=None)
    User.objects.update(last_login=timezone.now() - timedelta(days=89))
    away = User.objects.filter(pk=sun_yue.pk)
    away.update(last_login=timezone.now() - timedelta(days=91))
    assert suspend_dormant() == 1
    assert client.get("/").status_code == 302
    assert not away.get().is_active
    assert Event.objects.filter(action="staff.person_suspended").count() == 1
    assert Notice.objects.filter(user=security_officer, kind="staff.suspended").count() == 1
    away.update(is_active=True, active_since=timezone.now())
    assert suspend_dormant() == 0, "switched on again, the days begin anew"


def test_two_security_officers_always_remain(security_officer: User, second_security_officer: User) -> None:
    User.objects.update(created_at=timezone.now() - timedelta(days=200), password_changed_at=None, last_login=None)
    suspend_dormant()
    left = User.objects.filter(is_active=True).values_list("number", flat=True)
    assert sorted(left) == ["85001", "85002"]


def test_an_account_expires(sun_yue: User) -> None:
    client = browser(sun_yue)
    User.objects.filter(pk=sun_yue.pk).update(valid_until=timezone.now() - timedelta(seconds=1))
    assert client.get("/").status_code == 302
