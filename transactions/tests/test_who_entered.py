"""Who entered a transaction never decides on it, through whichever door; what a source calls its operator is only what the source says.

Requirements: R093, R141.
"""

from typing import Any

import pytest
from django.test import Client

from crm.access.actor import IMPORTER
from crm.staff.models import User
from crm.tests.personas import as_actor
from products.models import Account
from transactions import services
from transactions.choices import Status
from transactions.models import Transaction
from transactions.services import OwnTransaction, record
from transactions.tests.personas import movement, recorded
from transactions.tests.test_files import Desk, desk, line, own_files, text
from transactions.tests.test_pages import english, page_of

__all__ = ["desk", "own_files"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core", "mobile")]


def reversible(row: Transaction) -> Transaction:
    """The transaction as the core has booked it."""
    Transaction.objects.filter(pk=row.pk).update(status=Status.COMPLETED)
    return Transaction.objects.get(pk=row.pk)


@pytest.mark.parametrize("mode", ["all_or_nothing", "skip_bad_rows"])
def test_who_uploaded_a_file_does_not_reverse_its_rows(desk: Desk, operations: User, supervisor: User, mode: str) -> None:
    """Though no column of the file names her; another person may."""
    desk.load(desk.check(text(line(1))), mode)
    row = Transaction.objects.get()
    assert (row.entered_by, row.operator, row.status_events.get().operator) == (operations, "", operations.number)
    with pytest.raises(OwnTransaction):
        services.reverse(actor=as_actor(operations), row=row, reason="my own rows")
    assert services.reverse(actor=as_actor(supervisor), row=row, reason="booked twice").status == Status.REVERSED


def test_who_typed_it_in_does_not_reverse_it(salary_account: Account, operations: User) -> None:
    """The form's way, whatever stands in the operator's field."""
    (answer,) = record(actor=as_actor(operations), rows=[movement(salary_account, source="crm", operator="84999")])
    with pytest.raises(OwnTransaction):
        services.reverse(actor=as_actor(operations), row=reversible(Transaction.objects.get(pk=answer.pk)), reason="my own row")


def test_a_colleagues_number_in_a_file_locks_nobody_out_and_is_shown_as_the_sources_word(
    salary_account: Account, operations: User, sun_yue: User
) -> None:
    """Nor does it put the colleague's name at a step of ours."""
    row = reversible(recorded(salary_account, operator=operations.number))
    assert (row.entered_by, row.status_events.get().operator) == (None, IMPORTER.number)
    page = english(sun_yue).get(page_of(row)).content.decode()
    assert "Operator according to the source" in page
    assert operations.name not in page
    assert services.reverse(actor=as_actor(operations), row=row, reason="booked twice").status == Status.REVERSED


def test_a_partner_is_nobody_who_could_decide(salary_account: Account, operations: User, partner_headers: dict[str, str]) -> None:
    """The first step carries the partner's code, the operator stays the partner's word."""
    sent: dict[str, Any] = {
        "source": "mobile", "external_id": "M-1", "account": salary_account.reference, "direction": "D", "amount": "5", "currency": "CNY",
        "occurred_at": "2026-11-20T12:00:00+08:00", "kind": "transfer", "instrument": "transfer", "channel": "mobile",
        "operator": operations.number,
    }  # fmt: skip
    assert Client(headers=partner_headers).post("/api/v1/transactions/", sent, content_type="application/json").status_code == 201
    row = Transaction.objects.get()
    assert row.entered_by is None
    assert row.operator == operations.number
    assert row.status_events.get().operator not in ("", operations.number)
    assert services.reverse(actor=as_actor(operations), row=reversible(row), reason="booked twice").status == Status.REVERSED
