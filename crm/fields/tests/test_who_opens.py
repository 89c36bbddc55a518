"""Clear text is for services: pages, APIs, tags and templates show masks and call `reveal` (R281)."""

import ast

import pytest
from django.template import Context, Template

from crm.fields.services import new_data_key
from crm.fields.tests.vault import Vault
from crm.tests.house import ROOT, name_of, sources, tree

DOORS = {"views", "api", "admin", "providers", "templatetags", "receivers", "forms", "tasks"}
# Doors that may, each with the reason.
MAY_OPEN = {"customers/forms.py": "checks birth date and sex against the ID number on record; nothing of it is shown"}


def test_no_door_opens_a_sealed_value() -> None:
    """A file is opened with a mode there; a bare ``.open()`` would be a sealed value."""
    found = []
    for path in sources():
        if DOORS & {path.stem, *path.parent.relative_to(ROOT).parts}:
            calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
            bare = [call for call in calls if call.func.attr == "open" and not call.args and not call.keywords]  # type: ignore[attr-defined]
            found += [f"{name_of(path)}:{call.lineno}" for call in bare]
    assert [place for place in found if place.partition(":")[0] not in MAY_OPEN] == []
    assert set(MAY_OPEN) <= {place.partition(":")[0] for place in found}


@pytest.mark.usefixtures("vault")
def test_a_template_can_not_open_one() -> None:
    row = Vault.objects.create(data_key=new_data_key(), id_number="11010519491231002X")
    shown = Template("{{ row.id_number.open }}|{{ row.id_number }}|{{ row.id_number.data }}").render(Context({"row": row}))
    assert "11010519491231002X" not in shown
    assert "|110105********002X|" in shown
