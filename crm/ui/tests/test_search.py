"""One search box: what was typed never stands in an address or in the log in clear; hits are grouped and say why.

Requirements: R039.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.log.models import Event
from crm.tests.personas import browser
from crm.ui import search
from crm.ui.search import Hit, Query

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """One place to look that answers for Sun Yue only."""

    def look(user: Any, query: Query) -> list[Hit]:
        if user.number != "80001":
            return []
        return [Hit("People", "<b>李秀英</b>", query.masked, f"/x/{n}/", "Mobile") for n in range(search.LIMIT + 3)]

    monkeypatch.setattr(search, "_providers", [look, look])


def post(client: Client, text: str) -> Any:
    return client.post(reverse("ui:search"), {"q": text}, follow=True)


def test_hits_are_grouped_limited_escaped_and_say_why(provider: None, sun_yue: Any) -> None:
    text = post(browser(sun_yue), "13812345678").content.decode()
    assert text.count("&lt;b&gt;李秀英&lt;/b&gt;") == search.LIMIT  # the second provider finds the same pages
    assert "Matched: Mobile" in text or "Mobile" in text
    assert text.count("<h2>People</h2>") == 1


def test_a_number_stands_neither_in_the_address_nor_in_the_log(provider: None, sun_yue: Any) -> None:
    response = post(browser(sun_yue), "138 1234 5678")
    address = response.redirect_chain[0][0]
    assert "12345678" not in address.replace("%20", "")
    line = Event.objects.get(action="search.made")
    assert line.data == {"query": "138****5678", "hits": {"People": search.LIMIT}}
    assert line.actor_number == "80001"


def test_an_address_serves_its_owner_only(provider: None, sun_yue: Any, other_manager: Any) -> None:
    address = post(browser(sun_yue), "110105199003071234").redirect_chain[0][0]
    response = browser(other_manager).get(address)
    assert response.status_code == 400
    assert "110105199003071234" not in response.content.decode()


@pytest.mark.parametrize("parameters", [{"s": "AAAA"}, {"s": "中"}, {"q": "x" * 81}, {"q": "a\x00b"}])
def test_bad_searches_are_refused_in_words(parameters: dict[str, str], sun_yue: Any) -> None:
    response = browser(sun_yue).get(reverse("ui:search"), parameters)
    assert response.status_code == 400
    assert b'role="alert"' in response.content


def test_one_letter_finds_nothing_and_is_not_logged(provider: None, sun_yue: Any) -> None:
    response = post(browser(sun_yue), "李")
    assert response.status_code == 200
    assert not Event.objects.filter(action="search.made").exists()


def test_nothing_found_is_said(sun_yue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_providers", [])
    assert b'class="nothing"' in post(browser(sun_yue), "nobody at all").content


def test_strangers_are_sent_to_sign_in(db: None) -> None:
    assert Client().post(reverse("ui:search"), {"q": "张伟"}).status_code == 302
