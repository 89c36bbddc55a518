"""Every page that shows a customer leaves a line with the customer's reference: the routes are walked, none is named here.

Requirements: R267, R308, R315.
"""

from typing import Any

import pytest
from django.urls import reverse

from crm.access import looks
from crm.log import services as log
from crm.log.models import Event
from crm.tests.personas import Bank, browser
from crm.tests.test_every_page import World, _addresses, world
from customers.models import Customer

__all__ = ["world"]
pytestmark = pytest.mark.django_db(transaction=True)
# Routes that show something of a customer and leave no line -> why.
SILENT = {
    "jobs/": "a job carries no customer; its file's download is a line",
    "transactions/<ref:reference>/status/": "polled by the page of the transaction, whose look is a line",
}
ABOUT = ("customers/", "products/", "transactions/", "risk/alerts", "risk/cases", "risk/inquiries", "risk/register")


def _lines_of(number: str, address: str, people: Any) -> tuple[int, list[Event]]:
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    answer = browser(people[number]).get(address)
    return answer.status_code, list(Event.objects.filter(pk__gt=newest, actor_number=number))


def test_every_page_about_a_customer_leaves_one_line(world: World) -> None:
    """One look, one line; lists say what was asked."""
    seen = 0
    for route, address, _gate in _addresses(world):
        if not route.startswith(ABOUT) or route in SILENT:
            continue
        for number in ("82002", "82001", "80001", "84001", "81001"):
            status, lines = _lines_of(number, address, world.people)
            if status != 200:
                continue
            about = [line for line in lines if line.customer or line.action in ("list.viewed", "search.made")]
            if "<ref:" in route and "files/" not in route and "backtests/" not in route:
                assert [line for line in about if line.customer], f"{route}: {number} looked and no line says at whom ({lines})"
            assert len([line for line in lines if line.action in ("page.viewed", "list.viewed")]) <= 1, route
            seen += 1
            break
    assert seen > 15, "the walk opened hardly anything"


def test_a_list_says_what_was_asked_and_hides_numbers(bank: Bank, zhang_wei: Customer) -> None:
    """What somebody typed is told; an ID number in it is not."""
    newest = Event.objects.latest("pk").pk
    reader = browser(bank.people["80001"])
    assert reader.get(reverse("customers:customer_list"), {"q": "张伟"}).status_code == 200
    reader.get(reverse("customers:customer_list"), {"q": "110105199003071234"}, follow=True)
    lines = list(Event.objects.filter(pk__gt=newest, action="list.viewed").order_by("pk"))
    assert [line.data["asked"]["q"] for line in lines] == ["张伟", "11************1234"]
    assert lines[0].data["list"] == "customers.customer" and lines[0].origin == "web"


def test_a_look_that_cannot_be_written_is_not_shown(bank: Bank, zhang_wei: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail-closed: no line, no page."""

    def broken(*_what: Any) -> None:
        raise log.LogUnavailable("full")

    address = reverse("customers:customer_list")
    assert browser(bank.people["80001"]).get(address).status_code == 200
    monkeypatch.setattr(looks, "write_down", broken)
    answer = browser(bank.people["80001"]).get(address)
    assert answer.status_code == 503 and "张伟" not in answer.content.decode()


def test_the_bell_leaves_no_line_and_a_header_hides_nobody(bank: Bank, zhang_wei: Customer) -> None:
    """What a page asks by itself is no look; which views those are is said by the view, not by whoever asks."""
    newest = Event.objects.latest("pk").pk
    reader = browser(bank.people["80001"])
    reader.get(reverse("notify:bell"))
    assert not Event.objects.filter(pk__gt=newest).exists()
    for address in (reverse("customers:customer_list"), reverse("customers:customer", args=[zhang_wei.reference])):
        assert reader.get(address, headers={"X-Poll": "1"}).status_code == 200
    lines = Event.objects.filter(pk__gt=newest).order_by("pk")
    assert lines.filter(action="list.viewed").exists()
    assert lines.filter(customer=zhang_wei.reference).exists()
