"""The frame of every page: policy, language, theme, print header, unit of money.

Requirements: R277.
"""

from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from crm.tests.personas import browser

pytestmark = pytest.mark.django_db


def test_a_page_names_its_language_theme_and_reader(zhou_min: Any) -> None:
    client = browser(zhou_min)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    text = client.get(reverse("ui:styleguide")).content.decode()
    assert f'data-theme="{zhou_min.theme}"' in text
    assert "82001 周敏" in text
    assert 'class="print-head"' in text


def test_no_inline_style_or_script_and_a_policy_that_forbids_them(zhou_min: Any) -> None:
    response = browser(zhou_min).get(reverse("ui:styleguide"))
    assert " style=" not in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert "script-src 'self'" in policy


def test_htmx_may_neither_evaluate_nor_write_styles_nor_keep_pages(zhou_min: Any) -> None:
    text = browser(zhou_min).get(reverse("ui:styleguide")).content.decode()
    for setting in ('"allowEval":false', '"includeIndicatorStyles":false', '"historyCacheSize":0', '"selfRequestsOnly":true'):
        assert setting in text


def test_the_styleguide_is_absent_in_production(zhou_min: Any, settings: Any) -> None:
    settings.ENV = "production"
    assert browser(zhou_min).get(reverse("ui:styleguide")).status_code == 404


@pytest.mark.parametrize(
    ("back", "lands"), [("/search/", "/search/"), ("https://elsewhere.test/", "/"), ("//elsewhere.test/", "/"), ("", "/")]
)
def test_the_unit_of_money_is_remembered_and_leads_back(zhou_min: Any, back: str, lands: str) -> None:
    client = browser(zhou_min)
    response = client.post(reverse("ui:unit"), {"unit": "wan", "next": back})
    assert (response.status_code, response["Location"]) == (302, lands)
    assert client.session["unit"] == "wan"
    assert client.post(reverse("ui:unit"), {"unit": "pound"}).status_code == 400
    assert client.get(reverse("ui:unit")).status_code == 405
