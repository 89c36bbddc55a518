"""After the sign-in one lands on a page; what takes forms only says so in words; a character that no text may hold is told, not broken on.

Requirements: R247, R259.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from crm.staff.models import User
from crm.tests.personas import Bank, browser
from crm.tests.test_permission_matrix import FOUND

pytestmark = pytest.mark.django_db
HERE = "http://testserver/customers/?size=100"


def way_back(path: str, before: str) -> str:
    answer = Client().post(path, headers={"Referer": before})
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer["Location"]).query)["next"][0]


def test_a_form_sent_after_the_end_leads_back_to_its_page(bank: Bank) -> None:
    """R247: to the page it was sent from where that is one of ours, else home; never to an address that takes forms only."""
    path = reverse("risk:alert_claim_next")
    assert way_back(path, HERE) == "/customers/?size=100"
    for foreign in ("", "https://elsewhere.test/risk/", "http://testserver//elsewhere.test/"):
        assert way_back(path, foreign) == "/"
    assert parse_qs(urlsplit(Client().get(path)["Location"]).query)["next"] == [path]


def test_an_ended_session_is_explained(sun_yue: User) -> None:
    """R247: that it ended, and of a form that it was not sent; a stranger, who had none, is told nothing of the kind."""
    said = "Your session has ended"

    def ended() -> Client:
        reader = browser(sun_yue)
        reader.session.flush()
        return reader

    read, sent = ended().get("/customers/"), ended().post(reverse("risk:alert_claim_next"), headers={"Referer": HERE})
    assert read["Location"] == "/sign-in/?ended=page&next=/customers/"
    assert sent["Location"] == "/sign-in/?ended=form&next=/customers/%3Fsize%3D100"
    assert said in (page := Client().get(read["Location"]).content.decode()) and "was not sent" not in page
    assert said in (page := Client().get(sent["Location"]).content.decode()) and "was not sent" in page
    fragment = ended().get("/customers/", headers={"HX-Request": "true", "HX-Current-URL": HERE})
    assert fragment["HX-Redirect"] == "/sign-in/?ended=page&next=/customers/%3Fsize%3D100"
    stranger = Client().get("/customers/")
    assert stranger["Location"] == "/sign-in/?next=/customers/" and said not in Client().get(stranger["Location"]).content.decode()


def test_what_takes_forms_only_says_so(bank: Bank) -> None:
    """Every such address, read by somebody who may: a page in words with the way home, and what it does take."""
    seen = 0
    for number in ("82002",):
        reader = browser(bank.people[number])
        for route, (place, _gate) in FOUND.items():
            answer = reader.get(place) if not route.startswith(("api/", "admin/")) else None
            if answer is not None and answer.status_code == 405:
                seen += 1
                assert "POST" in answer["Allow"], route
                assert answer["Content-Type"].startswith("text/html") and b"<h1" in answer.content, route
    assert seen > 10


def test_a_nul_is_told(sun_yue: User) -> None:
    """Where no form looks at it first."""
    reader = browser(sun_yue)
    for path, name in (
        (reverse("lists:view_save", args=["customers.customer"]), "label"),
        (reverse("lists:view_delete", args=["customers.customer"]), "reference"),
    ):
        assert reader.post(path, {name: "a\x00b", "query": "", "next": "/"}).status_code in (302, 400, 404), path
