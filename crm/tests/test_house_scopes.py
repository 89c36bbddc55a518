"""Every model that reaches a customer knows who may see which of its rows."""

import ast

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model, OneToOneField

from crm.access.scopes import ScopedQuerySet
from crm.tests.house import ROOT, name_of, sources, tree

PART = "a part of {}: read through it and never by an address or a list of its own"
# Models that reach a customer and have no scope, each with the reason.
UNSCOPED = {
    "customers.CustomerFigures": PART.format("the customer"),
    "products.BalanceReport": PART.format("the account"),
    "products.CoreInstruction": PART.format("the freeze"),
    "risk.AlertHit": PART.format("the alert"),
    "risk.AlertNote": PART.format("the alert"),
    "risk.CaseEntry": PART.format("the case"),
    "risk.Hit": PART.format("the assessment"),
    "risk.Snooze": "set and read by risk officers, who see every customer; no page lists it",
    "transactions.StatusEvent": PART.format("the transaction"),
}
DOORS = {"views", "api", "admin", "providers", "templatetags"}


def _reaching(goal: type[Model]) -> list[type[Model]]:
    """Our models from which foreign keys lead to `goal`, and `goal` itself."""
    ours = [model for model in apps.get_models() if "site-packages" not in str(model._meta.app_config.path)]
    found = {goal}
    while True:
        more = {
            model
            for model in ours
            if model not in found
            and any(isinstance(f, ForeignKey | OneToOneField) and f.related_model in found for f in model._meta.get_fields())
        }
        if not more:
            return sorted(found, key=lambda model: model._meta.label)
        found |= more


REACHING = _reaching(apps.get_model("customers", "Customer"))


@pytest.mark.parametrize("model", REACHING, ids=lambda model: model._meta.label)
def test_every_model_that_reaches_a_customer_is_scoped(model: type[Model]) -> None:
    """Its manager answers `visible_to`, and its queryset says what is within reach."""
    if model._meta.label in UNSCOPED:
        pytest.skip(UNSCOPED[model._meta.label])
    queryset = model._default_manager.all()
    assert isinstance(queryset, ScopedQuerySet), f"{model._meta.label} reaches customers: give it a manager from a ScopedQuerySet"
    assert type(queryset).scope is not ScopedQuerySet.scope, f"{type(queryset).__name__} does not write scope()"


def test_parts_are_read_through_their_whole() -> None:
    """No page, API view, provider or tag begins a query at a model without scope; asking whether a part exists narrows the whole."""
    names = {label.split(".")[1] for label in UNSCOPED}
    found = []
    for path in sources():
        if DOORS & {path.stem, *path.parent.relative_to(ROOT).parts}:
            nodes = list(ast.walk(tree(path)))
            calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Exists"]
            narrowing = {id(inner) for call in calls for inner in ast.walk(call)}
            queries = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "objects" and id(node) not in narrowing]
            found += [f"{name_of(path)}:{q.lineno}" for q in queries if isinstance(q.value, ast.Name) and q.value.id in names]
    assert found == []


def test_every_exemption_is_needed() -> None:
    """A model that is gone, or has a scope now, leaves the list."""
    for label in UNSCOPED:
        assert not isinstance(apps.get_model(label)._default_manager.all(), ScopedQuerySet), label
