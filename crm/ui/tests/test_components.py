"""Components escape what they are given and say what they must.

Requirements: R277.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, engines
from django.utils import translation

from crm.lists.cells import remaining
from crm.ui.templatetags.ui_charts import ceiling

NASTY = '<script>alert("x")</script>'


def draw(text: str, **values: Any) -> str:
    with translation.override("en"):
        return str(engines["django"].from_string(text).template.render(Context(values)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "tag",
    [
        "{% panel x count=x link=x badge=x %}a{% endpanel %}",
        "{% figure x x x x x %}",
        "{% fact x x x %}",
        "{% pair x %}{{ x }}{% endpair %}",
        "{% badge x x x x %}",
        "{% button x x x x x x %}",
        "{% link_button x x x x x %}",
        "{% post_button x x x x x x x %}",
        "{% tab x x True x %}",
        "{% chip x x True x %}",
        "{% banner x x %}{{ x }}{% endbanner %}",
        "{% error_banner x x %}",
        "{% empty_state x x x x %}",
        "{% event %}{{ x }}{% endevent %}",
        "{% masked x x x %}",
        "{% progress 1 2 x x %}",
        "{% meter 1 2 x x %}",
        "{% chart 'k' 'bar' names data x urls %}",
    ],
)
def test_nothing_escapes_escaping(tag: str) -> None:
    text = draw(tag, x=NASTY, names=[NASTY], data=[{"name": NASTY, "data": [1]}], urls=[NASTY])
    assert "<script>alert" not in text
    assert 'alert("x")' not in text


def test_a_form_says_what_is_wrong_where_it_is_wrong() -> None:
    class Sample(forms.Form):
        amount = forms.DecimalField(label="Amount", help_text="In yuan.")
        token = forms.CharField(widget=forms.HiddenInput())

        def clean(self) -> None:
            raise forms.ValidationError("The account is frozen.")

    text = draw("{% form form submit='Go' %}", form=Sample({"amount": "x", "token": "t"}))
    assert 'method="post"' in text
    assert '<a href="#id_amount">Amount</a>: Enter a number.' in text
    assert "The account is frozen." in text
    assert 'aria-invalid="true"' in text
    assert 'id="id_amount_error"' in text
    assert 'type="hidden" name="token"' in text
    assert 'class="must"' in text
    assert "novalidate" in text


def test_a_form_with_a_file_is_sent_as_one() -> None:
    class Sample(forms.Form):
        document = forms.FileField()

    assert 'enctype="multipart/form-data"' in draw("{% form form %}", form=Sample())


def test_a_clean_form_has_no_banner() -> None:
    class Sample(forms.Form):
        name = forms.CharField()

    assert "banner" not in draw("{% form form %}", form=Sample())


@pytest.mark.parametrize(
    ("left", "words", "level"),
    [
        (timedelta(hours=1, minutes=20), "1 h 20 min left", "high"),
        (timedelta(hours=9), "9 h 00 min left", "mid"),
        (timedelta(days=3), "11-24 14:30", ""),
        (timedelta(days=60), "2027-01-20 14:30", ""),
        (timedelta(hours=-5), "5 h overdue", "high"),
        (timedelta(days=-4), "4 d overdue", "high"),
    ],
)
def test_time_limits_in_words(left: timedelta, words: str, level: str) -> None:
    at = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    with translation.override("en"):
        assert remaining(at + left, at) == (words, level)


@pytest.mark.parametrize(("value", "shown"), [(Decimal("4200.5"), "+4,200.50"), (Decimal(-3), "-3.00"), (Decimal(0), "0.00")])
def test_signed_amounts(value: Decimal, shown: str) -> None:
    text = draw("{% money value signed=True %}", value=value)
    assert f">{shown}<" in text
    assert ("plus" in text, "minus" in text) == (shown.startswith("+"), shown.startswith("-"))


@pytest.mark.parametrize(("top", "round_top"), [(0, 1), (1, 1), (1.2, 2), (7, 10), (230, 250), (48_000, 50_000), (0.03, 0.05)])
def test_a_chart_ends_at_a_round_number(top: float, round_top: float) -> None:
    assert ceiling(top) == pytest.approx(round_top)


def test_nothing_is_a_dash() -> None:
    assert draw("{% money x %}{% datetime x %}{% masked x %}", x=None).count("—") == 3
