"""Pages in Chromium: policy, width, keys, menu without JavaScript, themes."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from crm.ui.tests.browser import chromium, fits, open_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["chromium", "open_page"]
Open = Callable[..., Page]


@pytest.mark.parametrize("width", [390, 1366, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_component_fits_and_keeps_the_policy(open_page: Open, zhou_min: Any, width: int, theme: str) -> None:
    page = open_page("/styleguide/", user=zhou_min, width=width, theme=theme)
    assert page.locator(".panel").count() > 10
    assert fits(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(243, 245, 247)") == (theme == "light")


def test_ctrl_k_goes_to_search_and_keys_press_what_they_name(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min)
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("nj")  # letters typed into a field are letters
    assert page.input_value("#search") == "nj"
    assert page.url.endswith("/styleguide/")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr[aria-selected=true]").inner_text().startswith("64")
    page.keyboard.press("k")
    assert page.locator("tr[aria-selected=true]").inner_text().startswith("88")
    page.keyboard.press("n")
    assert page.url.endswith("#")


def test_keys_are_silent_while_an_input_method_is_composing(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min)
    page.evaluate("document.dispatchEvent(new CompositionEvent('compositionstart', {bubbles: true}))")
    page.keyboard.press("Control+k")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id") != "search"
    assert page.url.endswith("/styleguide/")


def test_the_menu_opens_on_a_phone_without_javascript(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min, width=390, scripts=False)
    rail = page.locator("#rail")
    assert not rail.is_visible()
    page.locator(".bar-menu").click()
    assert rail.is_visible()
    page.locator(".rail-close").click()
    rail.wait_for(state="hidden")


def test_the_users_own_menu_closes_with_escape(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min)
    page.locator(".who > summary").click()
    assert page.locator(".who-menu").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".who-menu").is_visible()


def test_the_theme_is_kept(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min)
    page.locator(".who > summary").click()
    page.locator("button[name=theme][value=dark]").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.url.endswith("/styleguide/")


def test_amounts_change_their_unit(open_page: Open, zhou_min: Any) -> None:
    page = open_page("/styleguide/", user=zhou_min)
    assert page.locator("#tables td.num data").first.inner_text() == "486,000.00"
    page.locator(".who > summary").click()
    page.locator("button[name=unit][value=wan]").click()
    assert page.locator("#tables td.num data").first.inner_text() == "48.60"


def test_a_list_pages_and_filters_in_place(open_page: Open, security_officer: Any) -> None:
    page = open_page("/staff/", user=security_officer)
    page.locator("[data-toggle=conditions]").click()
    page.locator("#conditions input[name=q]").fill("8000")
    page.locator("#conditions button").first.click()
    page.wait_for_url("**q=8000**")
    assert page.locator("#list tbody tr").count() == 3
    page.locator("#list thead a").first.click()
    page.wait_for_url("**sort=**")
    assert page.locator("#list tbody tr").count() == 3
    page.go_back()
    page.wait_for_url(lambda url: "sort=" not in url)
    page.locator("h1").wait_for()
    assert page.locator("#list tbody tr").count() == 3
