"""The customer's own pages: given by the relationship manager, own data only, four words of a transaction, nothing that writes.

Requirements: R248, R249, R261, R295.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm.access.actor import IMPORTER
from crm.access.errors import NotVisible, Refused, StepUpNeeded
from crm.access.services import may
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import PASSWORD, as_actor, browser
from crm.tests.test_permission_matrix import FOUND
from customers.models import Customer, IdentityCheck
from customers.services.sign_ins import NotChecked, issue_sign_in, withdraw_sign_in
from customers.services.standins import propose_stand_in
from portal.choices import TOLD
from portal.tests.personas import CHECKED, give_sign_in
from products.models import Account
from risk.tests.work import cash_in
from transactions.choices import Status
from transactions.models import Transaction
from transactions.services import add_source

pytestmark = pytest.mark.django_db
PAGES = ("/my/", "/my/accounts/", "/my/transactions/", "/my/products/", "/my/consents/", "/my/sign-ins/")
# Routes that take a customer, beside the open list, and what they let her do.
HERS = {"": "leads on to her own pages", "theme/": "her own colours"}
# Tables that any request may touch.
TOUCHED = ("log_", "django_session", "staff_signin", "staff_knowndevice", "access_")


def signed_in(person: User) -> Client:
    """Through the door, with the password."""
    client = Client()
    answer = client.post("/sign-in/", {"number": person.number, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/my/", answer.redirect_chain
    return client


def test_from_the_check_of_identity_to_the_own_pages(
    zhang_wei: Customer, li_na: Customer, salary_account: Account, sun_yue: User, security_officer: User
) -> None:
    """R248: issued by the managing relationship manager, the token shown once, the password the customer's own."""
    manager = browser(sun_yue)
    page = manager.post(f"/customers/{zhang_wei.reference}/sign-in/", {"ways": CHECKED, "words": "网点面签"}).content.decode()
    token = re.search(r'<span class="mono">([0-9A-Za-z-]{20,})</span>', page)
    assert token
    assert token[1] not in manager.get(f"/customers/{zhang_wei.reference}/sign-in/").content.decode()
    zhang_wei.refresh_from_db()
    person = zhang_wei.sign_in
    assert person is not None
    assert (person.number, person.name) == (zhang_wei.reference.replace("-", ""), zhang_wei.reference)
    said = {"number": person.number, "token": token[1], "password": PASSWORD, "repeated": PASSWORD}
    assert Client().post("/sign-in/token/", said).status_code == 302
    client = signed_in(person)
    text = "".join(client.get(path).content.decode() for path in PAGES)
    assert {client.get(path).status_code for path in PAGES} == {200}
    for own in ("张伟", "6217000133", "孙悦"):
        assert own in text
    for other in ("李娜", "6217000155", "110105198603041215", "13812345678", "6222020000001238821"):
        assert other not in text
    assert set(re.findall(r'class="rail-item" href="([^"]+)"', text)) == set(PAGES)
    assert 'role="search"' not in text
    check = IdentityCheck.objects.get()
    assert (check.checked_by, check.ways, check.words) == (sun_yue, ["document", "face"], "网点面签")
    assert Event.objects.filter(action="portal.viewed", customer=zhang_wei.reference).count() == 2 * len(PAGES) + 1
    assert person.number not in browser(security_officer).get("/staff/").content.decode()
    assert browser(security_officer).get(f"/staff/{person.reference}/").status_code == 404


def test_nobody_else_gives_a_way_in(
    zhang_wei: Customer, sun_yue: User, colleague: User, branch_manager: User, supervisor: User, zhou_min: User
) -> None:
    for other, refusal in ((colleague, NotVisible), (branch_manager, Refused), (supervisor, Refused), (zhou_min, Refused)):
        with pytest.raises(refusal):
            issue_sign_in(actor=as_actor(other), customer=zhang_wei, ways=CHECKED)
    with pytest.raises(NotChecked):
        issue_sign_in(actor=as_actor(sun_yue), customer=zhang_wei, ways=["document", "call"])
    with pytest.raises(StepUpNeeded):
        issue_sign_in(actor=as_actor(sun_yue, stepped_up=False), customer=zhang_wei, ways=CHECKED)
    assert IdentityCheck.objects.count() == 0


def test_a_stand_in_gives_no_way_in(zhang_wei: Customer, sun_yue: User, colleague: User, branch_manager: User) -> None:
    """R248: who stands in for the relationship manager may change the record; the customer's own way in stays the manager's to give."""
    until = timezone.now() + timedelta(days=1)
    asked = propose_stand_in(
        actor=as_actor(sun_yue), customer=zhang_wei, person=colleague.number, until=until, may_change=True, reason="on leave"
    )
    decide(actor=as_actor(branch_manager), request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash)
    assert may(as_actor(colleague), "customers.change_customer", zhang_wei)
    with pytest.raises(Refused):
        issue_sign_in(actor=as_actor(colleague), customer=zhang_wei, ways=CHECKED)
    assert IdentityCheck.objects.count() == 0


def test_switched_off_is_off_at_the_next_request(zhang_wei: Customer, zhang_weis_sign_in: User, sun_yue: User) -> None:
    client = signed_in(zhang_weis_sign_in)
    withdraw_sign_in(actor=as_actor(sun_yue), customer=zhang_wei, reason="客户要求")
    answer = client.get("/my/")
    assert (answer.status_code, answer["Location"][:9]) == (302, "/sign-in/")


def test_every_write_is_refused(zhang_wei: Customer, li_na: Customer, salary_account: Account, zhang_weis_sign_in: User) -> None:
    """R249: every route × every method as a customer: her own pages, what is open to all, and nothing else; no table changes."""
    client = browser(zhang_weis_sign_in)
    client.raise_request_exception = False
    before = tables()
    entered, failures = set(), []
    for route, (place, gate) in sorted(FOUND.items()):
        if route == "sign-out/":
            continue
        own = place.replace("X-22222222", zhang_wei.reference if "customers/" in route else salary_account.reference)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            status = client.generic(method, own, "{}", content_type="application/json").status_code
            if status < 400 and gate != "open":
                entered.add(route)
            if status >= 500 or (method not in ("GET", "POST") and status < 400):
                failures.append(f"{method} {route}: {status}")
    assert failures == []
    assert entered == {path.removeprefix("/") for path in PAGES} | set(HERS)
    assert tables() == before


def tables() -> dict[str, str]:
    """A digest of every table that a customer must not change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall() if not name.startswith(TOUCHED)]
        found = {}
        for name in names:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t")
            found[name] = cursor.fetchone()[0]
    return found


def shown(client: Client) -> str:
    text = client.get("/my/transactions/").content.decode()
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', r"\1", re.sub(r"\d{2}:\d{2}:\d{2}", "", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [(Status.RECEIVED, Status.HELD), (Status.APPROVED, Status.RELEASED), (Status.FAILED, Status.REFUSED), (Status.FAILED, Status.DECLINED)],
)
def test_a_stopped_transaction_looks_like_any_other(salary_account: Account, zhang_weis_sign_in: User, one: Status, other: Status) -> None:
    """No tipping-off: what our controls stopped is told in the words, byte for byte, of what was never looked at."""
    add_source(actor=IMPORTER, code="core", name="核心系统", already_completed=True)
    row = cash_in(salary_account, count=1)[0]
    client = browser(zhang_weis_sign_in)
    pages = []
    for status in (one, other):
        Transaction.objects.filter(pk=row.pk).update(status=status)
        pages.append(shown(client))
    assert pages[0] == pages[1]
    assert ("身份证件" in pages[0] or "identity document" in pages[0]) == (one == Status.FAILED)


def test_every_status_has_a_word() -> None:
    assert set(TOLD) == set(Status.values)


def test_two_customers_never_meet(zhang_wei: Customer, li_na: Customer, salary_account: Account) -> None:
    hers = browser(give_sign_in(li_na))
    text: Any = "".join(hers.get(path).content.decode() for path in PAGES)
    assert "李娜" in text
    for strange in ("张伟", salary_account.number_last4, zhang_wei.reference):
        assert strange not in text
