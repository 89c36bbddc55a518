"""Attempts are counted before the password is looked at: a burst in parallel gets no more tries than one after another.

Requirements: R117, R282.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from crm.access.actor import anonymous
from crm.log.models import Event
from crm.staff.models import User
from crm.staff.services.sign_in import FAILURES, check_password


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_guesses_looks_at_five(sun_yue: User) -> None:
    def guess(number: int) -> None:
        try:
            check_password(actor=anonymous(), number="80001", password=f"guess-{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(guess, range(40)))
    lines = Event.objects.filter(result="refused")
    assert lines.filter(action="staff.sign_in_failed").count() == FAILURES
    assert lines.filter(action="staff.sign_in_locked").count() == 40 - FAILURES
