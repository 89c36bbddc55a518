"""One clock for people: the bank's, whoever asks and from where."""

import ast
from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.conf import settings
from django.utils import timezone

from crm.calendar.services import today
from crm.tests.house import name_of, sources, tree

SMALL_HOURS = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
"""Half past one in the night of the 21st in Beijing."""


def test_there_is_one_zone() -> None:
    assert settings.TIME_ZONE == settings.BANK_ZONE


def test_nobody_sets_another_clock() -> None:
    """`timezone.activate` or `override` would make what is typed and what is "today" depend on the reader."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "timezone"
        and node.attr in ("activate", "override")
    ]
    assert found == []


def test_typed_times_are_the_bank_s() -> None:
    """Six in the evening, typed, is ten in the morning in Greenwich."""
    field = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"])
    assert field.clean("2027-01-05T18:00") == datetime(2027, 1, 5, 10, 0, tzinfo=UTC)


def test_the_local_day_is_the_bank_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: SMALL_HOURS)
    assert timezone.localdate() == today() == (SMALL_HOURS + timedelta(hours=8)).date()
