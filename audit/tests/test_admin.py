"""The auditors' admin: everything to read, masked, every look a line, nothing to change."""

import pytest
from django.contrib.admin.sites import AdminSite
from django.urls import get_resolver, reverse

from audit.models import Event
from crm.access.admin import PERMISSION, ReadOnlyAdmin, auditor_site
from crm.lists.testing import count_queries
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer
from customers.tests.personas import person
from products.models import Account, Freeze
from products.services import place_freeze
from products.tests.personas import account_of

pytestmark = pytest.mark.django_db
REGISTERED = sorted(auditor_site._registry.items(), key=lambda pair: pair[0]._meta.label_lower)
IDS = [model._meta.label_lower for model, _admin in REGISTERED]


def list_url(model: type) -> str:
    """The address of a table."""
    meta = model._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


def test_what_auditors_can_look_at() -> None:
    """The tables the product promises: customers, accounts, transactions, alerts, cases, freezes, events."""
    promised = {
        "customers.customer",
        "products.account",
        "products.freeze",
        "transactions.transaction",
        "risk.alert",
        "risk.case",
        "audit.event",
    }
    assert promised <= set(IDS)


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=IDS)
def test_no_address_asks_through_a_relation(auditor: User, model: type, model_admin: ReadOnlyAdmin) -> None:
    """What is offered narrows the list; nothing leads from there to a column of another table, by whatever way of comparing."""
    if not auditor.has_perm(model_admin.view_permission):
        return
    client, meta = browser(auditor), model._meta  # type: ignore[attr-defined]
    for name in (one for one in model_admin.list_filter if isinstance(one, str)):
        field = meta.get_field(name)
        if field.is_relation:
            key = field.target_field.name
            assert client.get(list_url(model), {f"{name}__{key}__exact": "1"}).status_code in (200, 302), name
            others = [one.name for one in field.related_model._meta.get_fields() if one.name != key]
            refused = [f"{name}__{other}{how}" for other in others for how in ("", "__startswith", "__isnull")]
        else:
            refused = [f"{name}__startswith", f"{name}__regex"]
        for lookup in refused:
            assert client.get(list_url(model), {lookup: "1"}).status_code == 400, lookup


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=IDS)
def test_every_table_is_read_only(auditor: User, model: type, model_admin: ReadOnlyAdmin) -> None:
    """No page to add, change or delete; the look is a line; a POST is refused."""
    assert isinstance(model_admin, ReadOnlyAdmin)
    client = browser(auditor)
    url = list_url(model)
    if not auditor.has_perm(model_admin.view_permission):
        assert client.get(url).status_code == 403
        return
    page = client.get(url)
    assert page.status_code == 200
    line = Event.objects.filter(action="admin.listed").latest("pk")
    assert (line.actor_number, line.origin, line.data["table"]) == ("86001", "admin", model._meta.label_lower)  # type: ignore[attr-defined]
    assert client.post(url, {"action": "delete_selected"}).status_code == 403
    for tail in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert client.get(url + tail).status_code == 404
    assert not model_admin.get_actions(page.wsgi_request)


@pytest.mark.parametrize(("model", "model_admin"), REGISTERED, ids=IDS)
def test_no_bytes_and_no_key_columns(model: type, model_admin: ReadOnlyAdmin) -> None:
    """Indexes, wrapped keys and other bytes are never shown."""
    names = {*model_admin.list_display, *(model_admin.fields or ())}
    raw = {field.name for field in model._meta.get_fields() if getattr(field, "get_internal_type", str)() == "BinaryField"}  # type: ignore[attr-defined]
    sealed = {name for name in raw if hasattr(model._meta.get_field(name), "mask")}  # type: ignore[attr-defined]
    assert not names & (raw - sealed)
    assert not names & {"id", "pk", "seal_id", "data_key"}


def test_one_line(auditor: User) -> None:
    """A record's page by reference; the integer key is no address; the look is a line about it."""
    client = browser(auditor)
    line = Event.objects.latest("pk")
    page = client.get(reverse("admin:audit_event_row", args=[line.reference]))
    assert page.status_code == 200
    assert line.action_label.encode() in page.content
    assert Event.objects.filter(action="admin.viewed", target_ref=line.reference, actor_number="86001").exists()
    for wrong in (str(line.pk), "00000000-0000-4000-8000-000000000000", "no-such-line"):
        assert client.get(f"{list_url(Event)}{wrong}/").status_code == 404
    assert client.post(reverse("admin:audit_event_row", args=[line.reference]), {"reason": "x"}).status_code == 403


def test_search_in_the_admin_is_masked_in_the_log(auditor: User) -> None:
    browser(auditor).get(list_url(Event), {"q": "6222020000001238821"})
    assert Event.objects.filter(action="admin.listed").latest("pk").data["asked"]["q"] == "***************8821"


@pytest.mark.parametrize("person", ["80001", "81001", "82001", "82002", "84001", "85001", "87001"])
def test_nobody_else_opens_it(bank: Bank, person: str) -> None:
    client = browser(bank.people[person])
    assert not bank.people[person].has_perm(PERMISSION)
    for url in (reverse("admin:index"), list_url(Event)):
        assert client.get(url).status_code == 403


def test_signing_in_is_the_products(client: object) -> None:
    """The admin has no door of its own, nor any other page of Django's that we did not choose."""
    page = client.get(reverse("admin:index"))  # type: ignore[attr-defined]
    assert page.status_code == 302
    assert page.headers["Location"].startswith(reverse("staff:sign_in"))
    names = {key for key in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(key, str)}
    assert not names & {"login", "logout", "password_change", "autocomplete", "view_on_site"}
    assert isinstance(auditor_site, AdminSite)


def test_customers_and_accounts_are_masked(auditor: User, zhang_wei: Customer, salary_account: Account) -> None:
    """Neither list nor page shows a clear name, ID, mobile, address or account number."""
    client = browser(auditor)
    pages = [list_url(Customer), reverse("admin:customers_customer_row", args=[zhang_wei.reference])]
    pages += [list_url(Account), reverse("admin:products_account_row", args=[salary_account.reference])]
    for url in pages:
        response = client.get(url)
        assert response.status_code == 200
        text = response.content.decode()
        for clear in ("张伟", "110105198603041215", "13812345678", "zhangwei@mail.test", "东直门内大街", "6222020000001238821"):
            assert clear not in text, f"{url} shows {clear}"
    assert "110105********1215" in client.get(pages[1]).content.decode()
    look = Event.objects.filter(action="admin.viewed", target_type="customers.customer").latest("pk")
    assert (look.target_ref, look.customer) == (zhang_wei.reference, zhang_wei.reference)


HIDDEN = ("name__startswith=张", "birth_date__gte=1990-01-01", "id_number_last4=1234", "mobile_index__isnull=0", "data_key__gt=1")


@pytest.mark.parametrize("asked", HIDDEN)
def test_no_address_asks_for_a_hidden_value(auditor: User, zhang_wei: Customer, asked: str) -> None:
    """R253: the list is narrowed by what the page offers; any other column is refused, whatever it holds."""
    reader = browser(auditor)
    assert reader.get(f"{list_url(Customer)}?{asked}").status_code == 400
    assert reader.get(f"{list_url(Customer)}?kind__exact=person").status_code == 200


def test_lists_cost_the_same_for_more_rows(auditor: User, bank: Bank, zhang_wei: Customer, salary_account: Account) -> None:
    """No query per row."""
    client = browser(auditor)
    tables = [list_url(Customer), list_url(Account), list_url(Freeze)]
    for url in tables:
        client.get(url)
    place_freeze(actor=as_actor(bank.people["82001"]), customer=zhang_wei, kind="payment_stop", reason="x")
    before = [count_queries(client, url) for url in tables]
    other = person(bank, "6217000177", name="王五")
    account_of(other, "6222020000009990011")
    account_of(other, "6222020000009990022", kind="class_2")
    for customer in (other, person(bank, "6217000188", name="赵六")):
        place_freeze(actor=as_actor(bank.people["82001"]), customer=customer, kind="payment_stop", reason="x")
    assert [count_queries(client, url) for url in tables] == before
