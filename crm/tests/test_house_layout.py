"""The house stands as drawn: floors complete, rooms by their names, files and functions small."""

import tomllib
from typing import Any

import pytest
from django.conf import settings

from crm.tests.house import APPS, HOUSE, OUTSIDE, PLAIN, ROOT, functions, name_of, sources

LARGEST_FILE = 400
LONGEST_FUNCTION = 40
# docs/architecture.md says what each room holds and never holds.
ROOMS = {
    "apps", "urls", "views", "api", "admin", "receivers", "templatetags", "providers", "tasks", "forms", "importers", "services",
    "facts", "rules", "engine", "definitions", "scoring", "models", "validators", "signals", "roles", "choices",
    "migrations", "tests", "management", "static",
}  # fmt: skip
NOWHERE = {"utils", "util", "helpers", "common", "misc", "shared", "lib", "managers", "selectors", "constants"}
NO_PACKAGES = {"__pycache__", "node_modules"}
TOP_FILES = {"conftest.py", "manage.py"}
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def _contracts() -> list[dict[str, Any]]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"])


def test_every_package_stands_on_a_floor() -> None:
    """A new app that is missing in the layers contract could import anything."""
    floors = set(next(c for c in _contracts() if c["name"].startswith("Floors"))["layers"])
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - set(OUTSIDE) - {"crm"}
    ground = {f"crm.{path.parent.name}" for path in (ROOT / "crm").glob("*/__init__.py")} - {"crm.tests"}
    assert floors == packages | ground


def test_the_top_level_holds_what_is_known() -> None:
    """Whatever else appears there needs a decision."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert folders - NO_PACKAGES <= {*HOUSE, *OUTSIDE, *PLAIN}
    assert {path.name for path in ROOT.glob("*.py")} == TOP_FILES


def test_every_package_is_installed() -> None:
    """An app that is not installed has neither tables nor checks."""
    packages = {"crm." + path.parent.name for path in (ROOT / "crm").glob("*/__init__.py")} - {"crm.tests"}
    assert packages | set(APPS) <= set(settings.INSTALLED_APPS)


@pytest.mark.parametrize("app", APPS)
def test_rooms_carry_names_of_the_table(app: str) -> None:
    """No `utils.py` in a hurry: where does this go has one answer."""
    found = {path.stem for path in (ROOT / app).iterdir() if not path.name.startswith("__") and (path.is_dir() or path.suffix == ".py")}
    assert found <= ROOMS, f"{app} has rooms without a name: {sorted(found - ROOMS)}"


def test_no_room_for_everything() -> None:
    """Names that say nothing hold everything; the ground has its own rooms, but none of these."""
    nameless = [name_of(path) for path in sources(tests=True, outside=True) if path.stem in NOWHERE]
    assert nameless == []


def test_files_are_small() -> None:
    """A file over the limit is two files."""
    long = {name_of(p): n for p in sources(tests=True, outside=True) if (n := len(p.read_text().splitlines())) > LARGEST_FILE}
    assert {name: lines for name, lines in long.items() if name not in LONG_FILES} == {}


def test_functions_are_small() -> None:
    """A function over the limit has a part that deserves a name."""
    long = {}
    for path in sources(tests=True, outside=True):
        for function in functions(path):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > LONGEST_FUNCTION:
                long[f"{name_of(path)}:{function.name}"] = length
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
