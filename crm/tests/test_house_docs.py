"""The documents name what exists: every command, setting, role and word of make; and what they name exists."""

import re
from functools import cache

import pytest

from crm.staff.choices import ROLE_LABELS
from crm.tests.house import HOUSE, OUTSIDE, ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
SETTING = re.compile(r"\bCRM_[A-Z]+(?:_[A-Z]+)*\b")
# Environment names that are no settings of the product, each with the reason.
INTERNAL = {
    "CRM_TEST_HOME": "handed from a test run to its workers",
    "CRM_ORACLE_SEED": "repeats the drawn worlds of a test run",
    "CRM_ORACLE_WORLDS": "how many worlds a test run draws",
    "CRM_ORACLE_SHRINK": "looks for the smallest world that a test fails on",
}


@cache
def _text() -> str:
    return "\n".join(path.read_text() for path in DOCUMENTS)


def _commands() -> set[str]:
    return {path.stem for top in (*HOUSE, *OUTSIDE) for path in (ROOT / top).rglob("management/commands/[a-z]*.py")}


def _settings() -> set[str]:
    files = [ROOT / "crm" / "settings.py", *(ROOT / "crm" / "operations").rglob("*.py"), *(ROOT / "demo").rglob("*.py")]
    found = {name for path in files if "tests" not in path.parts for name in SETTING.findall(path.read_text())}
    return found - set(INTERNAL) - {"CRM_KEYS"}


def _words() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", _text()), f"no document names `manage.py {name}`"


@pytest.mark.parametrize("name", sorted(_settings()))
def test_every_setting_is_documented(name: str) -> None:
    assert name in _text(), f"no document names {name}"


@pytest.mark.parametrize("code", sorted(map(str, ROLE_LABELS)))
def test_every_role_is_documented(code: str) -> None:
    assert code in _text(), f"no document names the role {code}"


@pytest.mark.parametrize("word", sorted(_words()))
def test_every_word_of_make_is_documented(word: str) -> None:
    assert f"make {word}" in _text(), f"no document names `make {word}`"


def test_documents_name_only_settings_that_exist() -> None:
    assert set(SETTING.findall(_text())) - _settings() - set(INTERNAL) == set()
