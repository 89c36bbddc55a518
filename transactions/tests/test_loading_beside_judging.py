"""A file is loaded while others judge the same customers; a freeze that is being placed on them still makes it wait.

Requirements: R087, R111.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction

from crm.access.actor import IMPORTER
from products.choices import FreezeKind
from products.models import Account, Freeze
from risk.services import screening
from transactions.choices import Screening
from transactions.models import Transaction
from transactions.services import record
from transactions.services.entries import Outcome, Recorded
from transactions.services.locks import hold
from transactions.tests.personas import movement, recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core")]

WAITED = (OperationalError, psycopg.errors.LockNotAvailable)


@contextmanager
def elsewhere(customers: list[int], accounts: list[int]) -> Iterator[None]:
    """Another session holds these until the end of the block."""
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        try:
            with transaction.atomic():
                hold(customers, accounts)
                begun.set()
                over.wait(30)
        finally:
            begun.set()
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def load(account: Account, number: int, *, beside_judging: bool = True) -> Recorded:
    """Record one row as a file does, waiting for nobody longer than a moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
        (answer,) = record(actor=IMPORTER, rows=[movement(account, number, source="core")], beside_judging=beside_judging)
    return answer


def test_a_file_does_not_wait_for_those_who_judge_its_customers(salary_account: Account) -> None:
    """Judging holds the customer for the length of a batch; whoever judges in the transaction of the recording does wait."""
    with elsewhere([salary_account.customer_id], []):
        assert load(salary_account, 1).outcome == Outcome.NEW
        with pytest.raises(WAITED):
            load(salary_account, 2, beside_judging=False)


def test_a_file_waits_for_what_holds_its_account(salary_account: Account) -> None:
    """Freezes, statuses and closings hold the account: none of them commits while money passes it."""
    with elsewhere([], [salary_account.pk]), pytest.raises(WAITED):
        load(salary_account, 1)


def test_a_file_waits_where_accounts_share_what_is_frozen(salary_account: Account, spare_account: Account) -> None:
    """An amount frozen on the whole customer: two accounts could each find enough, so the customer is held as well."""
    customer = salary_account.customer
    Freeze.objects.create(customer=customer, kind=FreezeKind.AMOUNT, amount=Decimal(10), currency="CNY", authority="own", reason="test")
    with elsewhere([customer.pk], []), pytest.raises(WAITED):
        load(spare_account, 1)


def test_what_arrives_late_while_a_later_row_is_judged_has_it_judged_again(salary_account: Account) -> None:
    """The judgement in progress does not see it, and owes itself again when the late one is judged."""
    late = movement(salary_account, 1, source="core")
    later = recorded(salary_account, 2, source="core", occurred_at=late.occurred_at.replace(hour=late.occurred_at.hour + 1))
    outcome: list[Recorded] = []

    def meanwhile() -> None:
        try:
            outcome.extend(record(actor=IMPORTER, rows=[late], beside_judging=True))
        finally:
            connections.close_all()

    with transaction.atomic():
        screening.judge_now([later.pk])
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join(30)
        assert [answer.outcome for answer in outcome] == [Outcome.NEW]
    screening.judge(ids=[outcome[0].pk])
    assert Transaction.objects.get(pk=later.pk).screening == Screening.OWED
