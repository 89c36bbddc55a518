"""Attempts are counted before the password is looked at: a burst in parallel gets no more tries than one after another.

Requirements: R117, R282.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.utils import timezone

from crm.access.actor import anonymous
from crm.log.models import Event
from crm.staff.models import SignInCounter, User
from crm.staff.services import guessing
from crm.staff.services.guessing import FAILURES
from crm.staff.services.sign_in import check_password

BURST, SESSIONS = 200, 40


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["80001", "71717"])
def test_a_burst_of_200_computes_five_hashes(sun_yue: User, number: str) -> None:
    """200 attempts in 40 sessions of the database, let loose together; every hash that is computed is counted."""
    hashed: list[str] = []
    hasher = type(hashers.get_hasher("default"))
    encode, gate = hasher.encode, Barrier(SESSIONS)

    def counted(self: hashers.BasePasswordHasher, password: str, salt: str, *more: object) -> str:
        hashed.append(password)
        return encode(self, password, salt, *more)

    def guess(session: int) -> None:
        try:
            gate.wait(60)
            for attempt in range(BURST // SESSIONS):
                check_password(actor=anonymous(), number=number, password=f"guess-{session}-{attempt}")
        finally:
            connection.close()

    with patch.object(hasher, "encode", counted), ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(guess, range(SESSIONS)))
    lines = Event.objects.filter(result="refused")
    assert len(hashed) == FAILURES
    assert lines.filter(action="staff.sign_in_failed").count() == FAILURES
    assert lines.filter(action="staff.sign_in_locked").count() == BURST - FAILURES


@pytest.mark.django_db(transaction=True)
def test_the_burst_notices_a_counter_that_counts_afterwards(sun_yue: User) -> None:
    """The harness can fail: a counter that reads first and writes later lets more than five through."""
    gate = Barrier(8)

    def late(key: str, **_more: object) -> guessing.Attempt:
        found = SignInCounter.objects.filter(pk=key).first()
        gate.wait(60)
        granted = found is None or len(found.taken) < FAILURES
        return guessing.Attempt(key, timezone.now(), granted=granted)

    hashed: list[bool] = []

    def guess(attempt: int) -> None:
        try:
            hashed.append(guessing.admit(name="80001", address="", device=None).granted)
        finally:
            connection.close()

    with patch.object(guessing, "take", late), ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(8)))
    assert sum(hashed) > FAILURES
