"""A typed number stands in no address, no saved view and no process log; harmless conditions stay readable and can be shared.

Requirements: R269, R284.
"""

import logging
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.http import QueryDict
from django.test import Client

from crm.lists import sealing
from crm.lists.errors import BadParameters
from crm.lists.models import SavedView
from crm.lists.requests import Asked
from crm.lists.tests.test_list_page import Views
from crm.log.masking import HideNumbers, hide_numbers, holds_number
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser

pytestmark = pytest.mark.django_db
PRIVATE = [
    "110105199003078888",
    "11010519900307888X",
    "138 1234 5678",
    "6222 0200 0000 1238 821",
    "１３８１２３４５６７８",
    "张伟 13812345678",
    "a@b.cn",
]
HARMLESS = ["张伟", "80001", "C-7K3MQ2XW", "2026-11-21", "6217000999", "110101"]
LIST = "/staff/"


@pytest.fixture
def name_of_list(security_officer: User) -> str:
    from crm.staff.views.lists import PersonList

    return PersonList.name


@pytest.mark.parametrize("text", PRIVATE)
def test_a_number_travels_sealed_whichever_door(text: str, security_officer: User, name_of_list: str) -> None:
    client = browser(security_officer)
    address = str(client.post(f"/lists/{name_of_list}/show/", {"next": LIST, "q": text, "off": ""})["Location"])
    redirected = client.get(LIST, {"q": text})
    for met in (address, redirected["Location"]):
        assert text not in unquote_plus(met)
        assert met.startswith(f"{LIST}?q=~")
    page = client.get(address)
    assert page.status_code == 200
    assert page.context["asked"].form["q"].value() == text
    assert text not in page.context["query_string"]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_conditions_stay_readable_and_are_shared(text: str, security_officer: User, name_of_list: str) -> None:
    client = browser(security_officer)
    address = str(client.post(f"/lists/{name_of_list}/show/", {"next": LIST, "q": text, "off": "on"})["Location"])
    assert unquote_plus(address) == f"{LIST}?q={text}&off=on"
    assert client.get(address).status_code == 200


def test_a_sealed_address_serves_its_owner_only(sun_yue: User, colleague: User) -> None:
    sealed = sealing.close("13812345678", as_actor(sun_yue))
    query = f"q={sealed}&list_name=a"
    assert Asked(Views(), as_actor(sun_yue), QueryDict(query), "/").values["q"] == "13812345678"
    for other in (query.replace("~", "~A"), query[:-20] + "x" * 8):
        with pytest.raises(BadParameters):
            Asked(Views(), as_actor(sun_yue), QueryDict(other), "/")
    with pytest.raises(BadParameters):
        Asked(Views(), as_actor(colleague), QueryDict(query), "/")


def test_a_saved_view_keeps_the_number_sealed_and_still_works(security_officer: User, name_of_list: str) -> None:
    client = browser(security_officer)
    client.post(f"/lists/{name_of_list}/views/save/", {"label": "mine", "query": "q=13812345678", "next": LIST})
    view = SavedView.objects.get()
    assert "13812345678" not in view.query
    page = client.get(f"{LIST}?{view.query}")
    assert page.context["asked"].values["q"] == "13812345678"
    assert page.context["query_string"] == view.query
    assert "13812345678" not in str(list(Event.objects.values_list("data", flat=True)))


def test_the_way_leads_to_our_own_pages_only(security_officer: User, name_of_list: str) -> None:
    answer = browser(security_officer).post(f"/lists/{name_of_list}/show/", {"next": "https://evil.example/", "q": "x"})
    assert answer["Location"] == "/?q=x"
    assert browser(security_officer).post("/lists/no.such.list/show/", {"next": "/", "q": "x"}).status_code == 404


@pytest.mark.parametrize("text", ["110105199003078888", "138 1234 5678"])
def test_the_way_in_does_not_hand_the_number_on(text: str, db: None) -> None:
    answer = Client().get(LIST, {"q": text})
    assert answer.status_code == 302
    assert text.replace(" ", "") not in unquote_plus(answer["Location"]).replace(" ", "")
    assert "next=/staff/%3Fq%3D" in Client().get(LIST, {"q": "张伟"})["Location"]


def test_process_logs_hold_no_query_and_one_request_number(security_officer: User, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    answer = browser(security_officer).get("/staff/", {"q": "110105199003078888"})
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict) and "request" in record.msg]
    assert [line["event"] for line in lines] == ["request_started", "request_finished"]
    assert {line["request_id"] for line in lines} == {answer["X-Request-ID"]}
    assert {line["request"] for line in lines} == {"GET /staff/"}


def test_whoever_writes_the_line_the_number_is_hidden() -> None:
    def written(message: Any, *values: object) -> Any:
        record = logging.LogRecord("x", logging.INFO, "x", 1, message, values, None)
        assert HideNumbers().filter(record)
        return record.msg

    request = "25388393efde4514a4835b64e3a94cfa"
    assert written("Not Found: %s", "/x/6222 0200 0000 1238 821/") == f"Not Found: /x/{'*' * 18}8 821/"
    assert written({"event": "id 11010519900307888X", "request_id": request, "n": 12345678901}) == {
        "event": f"id {'*' * 14}888X",
        "request_id": request,
        "n": 12345678901,
    }
    assert written("took 1234 ms of 2026-11-21T10:00:00.123456") == "took 1234 ms of 2026-11-21T10:00:00.123456"


def test_long_numbers_are_known_however_they_are_grouped() -> None:
    assert hide_numbers("6222 0200 0000 1238 821") == f"{'*' * 18}8 821"
    assert hide_numbers("2026-11-21 10:15") == "2026-11-21 10:15"
    assert holds_number("1101 0519 9003 0788 88")
    assert not holds_number("/transactions/?made_from=2026-11-01&made_to=2026-11-30&q=80001")
