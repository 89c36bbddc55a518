"""A select is written in Python and says what Django's templates say.

Requirements: R342.
"""

from typing import Any

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting
from django.test.html import parse_html
from django.utils.safestring import SafeString

from crm.staff.models import User
from crm.ui.renderers import Renderer

CHOICES: list[Any] = [
    ("", "Any"),
    ("<b>", "Beijing & \"Tianjin\" <script>alert('x')</script>"),
    ("South", [("110", "广州"), (7, "Shenzhen")]),
]


@pytest.mark.parametrize("widget", [forms.Select, forms.SelectMultiple])
@pytest.mark.parametrize("attrs", [{}, {"disabled": True, "hidden": False, "title": 'a "b" <c>', "size": 3}])
@pytest.mark.parametrize("value", [None, "", "<b>", "110", 7, ["110", "7"], "unknown"])
def test_a_select_is_what_django_writes(widget: type[forms.Select], attrs: dict[str, Any], value: Any) -> None:
    made = widget(choices=CHOICES)
    ours, theirs = (made.render('na"me', value, attrs, renderer=renderer) for renderer in (Renderer(), TemplatesSetting()))
    assert isinstance(ours, SafeString)
    assert parse_html(ours) == parse_html(theirs)
    assert "<script>" not in ours


@pytest.mark.django_db
@pytest.mark.parametrize(("required", "words"), [(True, "Please choose"), (False, "Not chosen")])
def test_nothing_chosen_is_said_in_words(required: bool, words: str) -> None:
    """Neither Django's row of dashes nor a dash of ours; what a form calls it itself stays."""

    class Form(forms.Form):
        user = forms.ModelChoiceField(User.objects.none(), required=required)
        kind = forms.ChoiceField(choices=[("", "—"), ("a", "A")], required=required)
        named = forms.ChoiceField(choices=[("", "Whole bank"), ("—", "—")], required=required)

    user, kind, named = (str(Form()[name]) for name in ("user", "kind", "named"))
    assert f">{words}</option>" in user
    assert "---" not in user
    assert f">{words}</option>" in kind
    assert ">Whole bank</option>" in named
    assert ">—</option>" in named


def test_everything_else_is_left_to_django() -> None:
    field = forms.CharField(widget=forms.TextInput)
    assert field.widget.render("a", "<b>", renderer=Renderer()) == field.widget.render("a", "<b>", renderer=TemplatesSetting())
