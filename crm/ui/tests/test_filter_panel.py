"""The panel of a list's conditions: what is yes or no is ticked, what is alike stands in one row (R041)."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from crm.staff.models import User
from crm.tests.personas import browser

pytestmark = pytest.mark.django_db
ADDRESS = "/risk/alerts/"


@pytest.fixture
def signed_in(supervisor: User) -> Client:
    return browser(supervisor)


def box(text: str, name: str) -> str:
    """The one input of a name inside the panel."""
    panel = text.partition('id="conditions"')[2]
    found = re.findall(rf'<input type="checkbox" name="{name}"[^>]*>', panel)
    assert len(found) == 1
    assert f'<select name="{name}"' not in panel
    return str(found[0])


def test_what_is_yes_or_no_is_a_box_to_tick_that_keeps_its_state(signed_in: Client) -> None:
    plain, asked = (signed_in.get(ADDRESS, query).content.decode() for query in ({}, {"mine": "on"}))
    assert "checked" not in box(plain, "mine")
    assert "checked" in box(asked, "mine")
    assert "checked" not in box(asked, "overdue")


def test_a_tick_narrows_the_list_and_no_tick_does_not(signed_in: Client) -> None:
    show = reverse("lists:show", args=["risk.alert"])
    assert signed_in.post(show, {"next": ADDRESS, "mine": "on"}).headers["Location"] == f"{ADDRESS}?mine=on"
    assert signed_in.post(show, {"next": ADDRESS}).headers["Location"] == ADDRESS


def test_every_condition_of_the_list_stands_in_the_panel_once(signed_in: Client) -> None:
    panel = signed_in.get(ADDRESS).content.decode().partition('id="conditions"')[2].partition("</form>")[0]
    names = re.findall(r'<(?:input|select)[^>]* name="([a-z_]+)"', panel)
    single = ["q", "rule", "amount_min", "amount_max", "raised_from", "raised_to", "finished_from", "finished_to", "branch", "officer"]
    assert [name for name in names if name in single] == single
    assert {name for name in names if names.count(name) > 1} == {"state", "band", "disposition"}
