"""Every page in Chromium, in both languages, on a desk and on a phone: no policy violation, no console error, nothing untranslated, no
sideways scroll. A route that is new must say here how it is opened."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from crm.access.actor import IMPORTER, SYSTEM
from crm.access.services import may
from crm.exports import services as exports
from crm.jobs.models import Job
from crm.log.models import Event
from crm.notify.models import Notice
from crm.reviews import services as reviews
from crm.reviews.models import PersonReview
from crm.staff.models import Branch, User
from crm.tests.personas import Bank, as_actor, browser
from crm.tests.test_permission_matrix import FOUND
from crm.ui.tests.browser import chromium, fits, open_page
from customers import services as customers
from customers.models import Customer
from portal.tests.personas import give_sign_in
from products.models import Account
from reports import services as reports
from reports.models import ReportRun
from risk.models import Alert, Backtest, LargeValueRow, Rule
from risk.services import cases, inquiries, screening
from risk.tests.work import cash_in
from transactions.models import FileImport, Transaction
from transactions.services import add_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["chromium", "open_page"]
Open = Callable[..., Page]
SAID = {"purpose": "review", "words": "季度会议"}
WIDTHS = (1366, 390)
LANGUAGES = ("zh-hans", "en")
NO_PAGE = {
    "admin/": "Django's own pages in the product's look; crm/access/tests open them",
    "api/": "answers programs",
    "language/": "POST only",
    "metrics": "answers programs",
}
"""Routes that are no page of the product, by prefix, with the reason."""


@dataclass
class World:
    """One of everything, and the address of each."""

    people: dict[str, User]
    customer: User
    references: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def world(bank: Bank, zhang_wei: Customer, salary_account: Account, partner: Any) -> World:
    """A bank in which every kind of page has something to show."""
    customer = give_sign_in(zhang_wei)
    officer, manager = as_actor(bank.people["82001"]), as_actor(bank.people["80001"])
    alert = _raise_an_alert(salary_account)
    case = cases.open_case(actor=officer, alerts=[alert], summary="现金化整为零")
    inquiry = inquiries.ask(actor=officer, case=case, questions="资金来源？")
    freeze = cases.freeze_in_case(actor=officer, case=case, kind="payment_stop", reason="核实中")
    request = cases.ask_to_lift_in_case(actor=officer, case=case, freeze=freeze, reason="客户已说明")
    customers.change_customer(actor=manager, customer=zhang_wei, version=1, values={"mobile": "13611112222"}, reason="换号")
    references = {
        "customers": zhang_wei.reference,
        "products/accounts": salary_account.reference,
        "products/customers": zhang_wei.reference,
        "products/freezes": freeze.reference,
        "risk/alerts": alert.reference,
        "risk/cases": case.reference,
        "risk/inquiries": inquiry.reference,
        "approvals": request.reference,
        "exports": exports.ask(
            actor=as_actor(bank.people["81001"]), source="list", params={"list": "customers.customer"}, **SAID
        ).reference,
        "reports": _report(bank).reference,
        "reviews": _review(bank).reference,
        "transactions": Transaction.objects.latest("pk").reference,
        "staff": bank.people["80002"].reference,
    }
    return World({**bank.people, customer.number: customer}, customer, references)


def _raise_an_alert(account: Account) -> Alert:
    add_source(actor=IMPORTER, code="core", name="核心系统", already_completed=True)
    screening.judge(ids=[row.pk for row in cash_in(account)])
    alert = Alert.objects.first()
    assert alert is not None, "the world raised no alert"
    return alert


def _review(bank: Bank) -> PersonReview:
    campaign = reviews.begin(actor=as_actor(bank.people["85001"]), reason="季度复核")
    return campaign.people.get(person=bank.people["80002"])


def _report(bank: Bank) -> ReportRun:
    today = timezone.localdate()
    run = reports.ask_for_report(actor=as_actor(bank.people["82002"]), period="day", first_day=today, last_day=today, branch=None)
    reports.make_report(actor=SYSTEM, run_id=run.pk)
    return run


def _addresses(world: World) -> Iterator[tuple[str, str, Any]]:
    """Yield route, a real address and its gate for every page that can be opened."""
    for route, (_place, gate) in sorted(FOUND.items()):
        if any(route.startswith(prefix) and prefix for prefix in NO_PAGE):
            continue
        address = _address(route, world)
        if address is not None:
            yield route, address, gate


def _address(route: str, world: World) -> str | None:
    """Return a real address of a route; None where the world has nothing of the kind and the page is tested by its own app."""
    if "<" not in route and "(?P" not in route:
        return "/" + route
    rows: dict[str, Any] = {"jobs/": Job, "notices/": Notice, "transactions/files/": FileImport}
    rows |= {"risk/register/": LargeValueRow, "risk/backtests/<": Backtest}
    for prefix, model in rows.items():
        if route.startswith(prefix):
            row = model.objects.first()
            return None if row is None else "/" + re.sub(r"<ref:\w+>", row.reference, route)
    for prefix, reference in world.references.items():
        if route.startswith(prefix + "/<ref:"):
            return "/" + re.sub(r"<ref:\w+>", reference, route) if route.count("<") == 1 else None
    line = Event.objects.latest("pk")
    by_route = {
        "audit/lines/": f"/audit/lines/{line.uid}/",
        "audit/^requests/": f"/audit/requests/{line.request_id or 'none'}/",
        "risk/rules/": "/" + re.sub(r"<[^>]+>", Rule.objects.first().code, route),  # type: ignore[union-attr]
        "roles/": "/roles/risk-officer/",
        "reveal/": f"/reveal/customers.customer.mobile/{world.references['customers']}/",
    }
    found = [address for prefix, address in by_route.items() if route.startswith(prefix)]
    return found[0] if found else None


def _reader(world: World, clients: dict[str, Client], address: str, gate: Any) -> User | None:
    """Return somebody for whom the address is a page; asks those who hold what the gate asks for."""
    permission = gate if isinstance(gate, str) else gate.get("GET", "")
    for number in ("82002", "82001", "80001", "81001", "84001", "86001", "85001", "87001", "88001", "84101", world.customer.number):
        person = world.people[number]
        if "." in permission and not may(person, permission):
            continue
        if number not in clients:
            clients[number] = browser(person)
        answer = clients[number].get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            return person
        if answer.status_code == 405:
            return None  # POST only, for everybody
    return None


@cache
def catalogue() -> tuple[set[str], set[str]]:
    """Return English texts that have another Chinese one, and Chinese texts that have another English one."""
    english, chinese = set(), set()
    with (Path(settings.BASE_DIR) / "locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        for message in read_po(file):
            plain = isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
            if plain and message.id != message.string and "%" not in message.id:
                english.add(str(message.id).lower())
                chinese.add(str(message.string))
    return english, chinese


TEXTS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), out = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
        const left_out = ["SCRIPT", "STYLE"].includes(parent.tagName) || parent.closest("[lang]:not(html), code, pre, kbd");
        if (text && !left_out) out.push(text);
    }
    return out; }"""


# A form inside a paragraph is moved out of it by the browser, away from the element that its answer should replace.
LOST = """() => [...document.querySelectorAll('[hx-target^="closest "]')]
    .filter(one => !one.closest(one.getAttribute("hx-target").slice(8))).map(one => one.outerHTML.slice(0, 80))"""


def test_every_page_is_fit_to_be_shown(open_page: Open, world: World) -> None:
    """R221, R240, R261, R364: desk and phone, every third page, one in Chinese and the next in English; `.ci/run` looks at all in both."""
    _look_at_all(open_page, world, lambda place: (LANGUAGES[place % 2],) if place % 3 == 0 else ())


@pytest.mark.slow
def test_every_page_is_fit_to_be_shown_in_both_languages(open_page: Open, world: World) -> None:
    """R221, R240, R261, R364: desk and phone, Chinese and English."""
    _look_at_all(open_page, world, lambda _place: LANGUAGES)


def _look_at_all(open_page: Open, world: World, languages: Callable[[int], tuple[str, ...]]) -> None:
    readers = _readers(world)
    assert sorted(readers[world.customer.number]) == sorted("/" + route for route in FOUND if route.startswith("my/"))
    assert sum(map(len, readers.values())) > 45, readers
    wrong: set[str] = set()
    failures: list[Any] = []

    def heard(answer: Any) -> None:
        failures.append(answer)

    for number, addresses in readers.items():
        for language in LANGUAGES:
            page = open_page("/" if number else "/sign-in/", user=world.people.get(number), language=language)
            page.on("response", heard)
            for place, address in enumerate(addresses):
                if language in languages(place):
                    wrong |= _faults(page, address, language)
            wrong |= {f"{answer.status} {answer.url}" for answer in failures if answer.status >= 400}
            failures.clear()
            page.context.close()
    assert wrong == set(), "\n".join(sorted(wrong))


def _readers(world: World) -> dict[str, list[str]]:
    """Return every page that can be opened, under the number of somebody who may; strangers under an empty one."""
    readers: dict[str, list[str]] = {}
    clients: dict[str, Client] = {}
    for _route, address, gate in _addresses(world):
        if gate == "open":
            answer = Client().get(address)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                readers.setdefault("", []).append(address)
        elif person := _reader(world, clients, address, gate):  # nobody: POST only, or a fragment; the matrix test speaks for it
            readers.setdefault(person.number, []).append(address)
    return readers


def _faults(page: Page, address: str, language: str) -> set[str]:
    english, chinese = catalogue()
    wrong = set()
    page.set_viewport_size({"width": WIDTHS[0], "height": 768})
    page.goto(address)
    if left := _untranslated(page, english if language == "zh-hans" else chinese, language):
        wrong.add(f"{address} {language}: {sorted(left)[:6]}")
    if lost := page.evaluate(LOST):
        wrong.add(f"{address}: answers have no place: {lost}")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 768})
        if not fits(page):
            wrong.add(f"{address} {language} {width}: scrolls sideways")
    return wrong


def _untranslated(page: Page, foreign: set[str], language: str) -> set[str]:
    texts = set(page.evaluate(TEXTS)) - _data()
    if language == "zh-hans":
        return {text for text in texts if text.lower() in foreign and not is_code(text)}
    return texts & foreign


def is_code(text: str) -> bool:
    """Return whether a text is a code that is the same in every language: CNY, POST, risk-officer, occurred_at."""
    return text.isupper() or re.fullmatch(r"[a-z][a-z0-9_-]*", text) is not None


def _data() -> set[str]:
    """Return what the bank itself has named in Chinese."""
    return {*Branch.objects.values_list("name", flat=True), *User.objects.values_list("title", flat=True), "手机银行"}


def test_the_pages_say_what_is_wrong(open_page: Open, world: World) -> None:
    """Errors: a form sent empty, a bad address, a bad parameter; each page holds together and says what to do."""
    cases_of_error = [
        ("80001", "/customers/new/"),
        ("82001", f"/products/accounts/{world.references['products/accounts']}/freeze/"),
        ("84001", "/transactions/new/"),
    ]
    for number, address in cases_of_error:
        for width in WIDTHS:
            page = open_page(address, user=world.people[number], width=width, language="en")
            page.evaluate("document.querySelectorAll('main form').forEach(form => form.noValidate = true)")
            page.locator("main form button[type=submit]").last.click()
            page.locator(".errors, [role=alert]").first.wait_for()
            assert fits(page), f"{address} with errors scrolls sideways at {width}"
