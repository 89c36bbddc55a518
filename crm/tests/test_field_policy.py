"""One policy table for every channel: no filter, sort, search, serializer or admin goes round the mask of a sealed field (R269, R281).

Requirements: R259, R263, R281. Not seen: a value computed from an opened one (`crm/fields/tests/test_who_opens.py`).
"""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from rest_framework import serializers

from crm.access.admin import auditor_site
from crm.fields.models import SealedModel
from crm.fields.policy import policy_of
from crm.fields.sealed import sealed_fields
from crm.lists.definitions import ListDefinition
from crm.staff.services.role_table import permission_label
from crm.tests.house import ROOT, name_of, sources, tree
from transactions.api.serializers import ClosedSerializer

SEALED = [
    (model, field)
    for model in apps.get_models()
    if issubclass(model, SealedModel) and model.__module__.partition(".")[2].find("tests") < 0
    for field in sealed_fields(model)
]
# Columns beside the sealed one: whoever filters or sorts by them reads it without opening it. The last four stand in the mask.
HIDDEN = {name for _model, field in SEALED for name in (field.name, field.index) if name}
# Where a typed number is compared with a blind index, each with why that is no way round the policy.
COMPARES = {
    "customers/providers.py": "only for who may probe (policy); counted by the search page",
    "products/providers.py": "only for who may probe (policy); counted by the search page",
    "products/services/accounts.py": "a new account's own number: a clash out of reach is told to operations, not to the asker",
    "transactions/services/comparing.py": "the same row sent again: its own counterparty, by the feed",
    "transactions/services/recording.py": "seals the row's own counterparty",
    "transactions/services/resolving.py": "the account a row names, within the actor's scope",
    "crm/fields/keyprobe.py": "proves the index key with a text of its own",
    "crm/fields/services.py": "offers the function to services",
    "crm/fields/sealed.py": "fills the index",
    "crm/fields/blind.py": "makes the index",
}


def subclasses(kind: Any) -> Iterator[Any]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


@pytest.mark.parametrize(("model", "field"), SEALED, ids=[field.label for _model, field in SEALED])
def test_every_sealed_field_has_a_policy_that_people_can_read(model: Any, field: Any) -> None:
    policy = policy_of(field.label)
    assert policy is not None
    assert policy.sensitivity in ("C2", "C3")
    assert str(policy.purpose)
    assert permission_label(policy.permission) != policy.permission


def test_step_up_stands_before_identities_and_accounts() -> None:
    """decisions.md: identity numbers and account numbers ask for a fresh second factor; a mobile is one logged click."""
    stepped = {field.label for _model, field in SEALED if (policy := policy_of(field.label)) and policy.step_up}
    assert stepped == {"customers.customer.id_number", "products.account.number", "transactions.transaction.counterparty_account"}


def is_hidden(path: str, owner: str) -> bool:
    """Whether a field path ends in a hidden column; people have a ``number`` too, which is none."""
    *way, last = path.lstrip("-").split("__")
    if last == "number":
        return way[-1:] == ["account"] or (not way and owner == "products")
    return last in HIDDEN and owner != "audit"  # a line of the log has the network address of a request


def test_no_list_sorts_or_filters_by_a_hidden_value() -> None:
    found = []
    for definition in {one for one in subclasses(ListDefinition) if ".tests." not in one.__module__}:
        paths = [path for column in definition.columns for path in column.sort_paths]
        paths += [getattr(one, "field", "") or one.name for one in definition.filters]
        paths += list(definition.default_sort)
        found += [f"{definition.__name__}: {path}" for path in paths if is_hidden(path, definition.permission.partition(".")[0])]
    assert found == []


def test_no_serializer_reads_a_hidden_value_out() -> None:
    """What shares a sealed field's name in an answer is a `CharField`, which shows a mask. Closed ones take in only."""
    found = []
    for kind in {one for one in subclasses(serializers.BaseSerializer) if not one.__module__.startswith("rest_framework")} - set(
        subclasses(ClosedSerializer)
    ):
        for name, field in getattr(kind, "_declared_fields", {}).items():
            source = (getattr(field, "source", None) or name).split(".")[-1]
            if source.endswith("_index") or (source in HIDDEN and not field.write_only and not isinstance(field, serializers.CharField)):
                found.append(f"{kind.__name__}.{name}")
    assert found == []


def test_no_admin_looks_through_the_mask() -> None:
    found = []
    indexes = {field.index for _model, field in SEALED if field.index}
    for model, admin in auditor_site._registry.items():
        names = [*admin.search_fields, *admin.list_filter, *(admin.ordering or ())]
        found += [f"{model.__name__}: {name}" for name in names if str(name).strip("=^@-").split("__")[-1] in HIDDEN]
        found += [f"{model.__name__}: {name}" for name in [*admin.list_display, *(admin.fields or ())] if name in indexes]
    assert found == []


def test_a_typed_number_is_compared_nowhere_else() -> None:
    found = {
        name_of(path)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == "blind_index" or getattr(node.func, "attr", "") == "blind_index")
        and path.is_relative_to(ROOT)
    }
    assert found - set(COMPARES) == set()
