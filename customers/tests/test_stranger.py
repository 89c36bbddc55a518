"""The stranger's test: a customer lent to a colleague until 15:30 is there at 15:29 and nowhere at 15:31, nor in a file asked for before.

Requirements: R254, R263.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from openpyxl import load_workbook

from crm.access.tests.test_grants import grant
from crm.exports.choices import State
from crm.exports.models import ExportPermit
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import browser
from customers.models import Customer
from products.models import Account

pytestmark = pytest.mark.django_db
SAID = {"next": "/customers/", "query": "", "purpose": "work", "words": "代班交接"}


@contextmanager
def at(hour: int, minute: int) -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 20, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai")), tick=False):
        yield


def seen(user: User, customer: Customer, account: Account) -> dict[str, bool]:
    """Whether a person meets the customer in each channel, as she has just signed in."""
    person, client = User.objects.get(pk=user.pk), browser(user)
    listed = client.get("/customers/").content.decode()
    hits = client.get("/search/", {"q": customer.core_number}).content.decode()
    return {
        "page": client.get(f"/customers/{customer.reference}/").status_code == 200,
        "list": customer.reference in listed,
        "search": customer.reference in hits,
        "has_perm": person.has_perm("customers.view_customer", customer),
        "visible_to": Customer.objects.visible_to(person).filter(pk=customer.pk).exists(),
        "accounts": account.reference in client.get("/products/accounts/").content.decode(),
    }


def rows_of(answer: Any) -> str:
    return "\n".join(str(cell.value) for row in load_workbook(BytesIO(answer.content)).worksheets[0].iter_rows() for cell in row)


def test_lent_until_half_past_three(
    zhang_wei: Customer, li_na: Customer, salary_account: Account, other_branch_manager: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    with at(15, 0):
        until = datetime(2026, 11, 20, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
        grant(other_branch_manager, zhang_wei, valid_until=until)
    with at(15, 29):
        assert set(seen(other_branch_manager, zhang_wei, salary_account).values()) == {True}
        client = browser(other_branch_manager)
        kept = client.post("/lists/customers.customer/export/", SAID)
        assert zhang_wei.core_number in rows_of(kept)
        lent = ExportPermit.objects.get()
        own = client.post("/lists/customers.customer/export/", SAID | {"query": "q=李娜"})
        assert zhang_wei.core_number not in rows_of(own)
        own_permit = ExportPermit.objects.exclude(pk=lent.pk).get()
    with at(15, 31):
        assert set(seen(other_branch_manager, zhang_wei, salary_account).values()) == {False}
        client = browser(other_branch_manager)
        answer = client.post(f"/exports/{lent.reference}/file/")
        assert (answer.status_code, zhang_wei.core_number in answer.content.decode()) == (403, False)
        assert client.post(f"/exports/{own_permit.reference}/file/").status_code == 200  # what is still hers is still hers
        assert zhang_wei.core_number not in rows_of(client.post("/lists/customers.customer/export/", SAID))
        assert client.post(f"/exports/{lent.reference}/file/").status_code == 302  # no second try: the file is destroyed
    lent.refresh_from_db()
    assert (lent.state, lent.stored_as, lent.downloads.count()) == (State.CLOSED, "", 1)
    assert Event.objects.filter(action="export.closed", target_ref=lent.reference).count() == 1
    assert Event.objects.filter(action="access.refused", data__permission="exports.add_exportpermit").count() == 1
