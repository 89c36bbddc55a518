"""The steps between the servers and the web."""

import gettext
from pathlib import Path

import pytest

from crm.operations import first_steps

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Freeze"
msgstr "冻结"

#, fuzzy
msgid "Guess"
msgstr "猜"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one catalogue."""
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO)
    monkeypatch.setattr(first_steps, "ROOT", tmp_path)
    return folder


def test_messages_are_compiled_without_gettext(checkout: Path) -> None:
    """Guesses marked fuzzy stay out."""
    first_steps.compile_messages()
    with (checkout / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Freeze") == "冻结"
    assert catalogue.gettext("Guess") == "Guess"


def test_messages_are_compiled_again_only_when_changed(checkout: Path) -> None:
    first_steps.compile_messages()
    before = (checkout / "django.mo").stat().st_mtime_ns
    first_steps.compile_messages()
    assert (checkout / "django.mo").stat().st_mtime_ns == before
