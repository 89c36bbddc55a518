"""Every model knows who may see which of its rows, or says why nobody need ask.

Requirements: R259.
"""

import ast

import pytest
from django.apps import apps
from django.db.models import Model

from crm.access.scopes import ScopedQuerySet
from crm.tests.house import ROOT, name_of, sources, tree

PART = "a part of {}: read through it and never by an address or a list of its own"
CATALOGUE = "the same for everybody whose role holds the permission: {}"
# Parts of something scoped, each with what it is a part of: no page may begin a query at one of these.
PARTS = {
    "customers.IdentityCheck": PART.format("the customer"),
    "customers.CustomerFigures": PART.format("the customer"),
    "fields.RetiredRoot": "numbers of root keys that are gone",
    "exports.ExportDownload": PART.format("the permit"),
    "fields.DataKey": PART.format("the customer"),
    "products.BalanceReport": PART.format("the account"),
    "products.CoreInstruction": PART.format("the freeze"),
    "risk.AlertHit": PART.format("the alert"),
    "risk.AlertNote": PART.format("the alert"),
    "risk.CaseEntry": PART.format("the case"),
    "risk.BacktestHit": PART.format("the back-test"),
    "risk.Hit": PART.format("the assessment"),
    "risk.Snooze": "set and read by risk officers, who see every customer; no page lists it",
    # Versions are read through crm.fields.history, by those who see the row.
    **dict.fromkeys(
        (
            "customers.CustomerGrantHistory",
            "customers.PortfolioGrantHistory",
            "customers.CustomerHistory",
            "customers.CustomerMove",
            "customers.CustomerFormer",
            "products.AccountFormer",
            "products.AccountHistory",
            "risk.RuleHistory",
            "risk.RuleSetHistory",
            "risk.RuleVersionHistory",
            "staff.RoleAssignmentHistory",
            "staff.RoleHistory",
            "staff.RolePermissionHistory",
            "staff.UserFormer",
        ),
        PART.format("the row whose versions they are"),
    ),
    "transactions.RowError": PART.format("the file"),
    "transactions.StatusEvent": PART.format("the transaction"),
}
# Everything else without a scope, each with the reason.
UNSCOPED = PARTS | {
    "calendar.BusinessDay": CATALOGUE.format("days of the bank"),
    "money.Rate": CATALOGUE.format("published rates"),
    "risk.DatedValue": CATALOGUE.format("references of rules, such as a corridor's risk"),
    "risk.RuleSet": CATALOGUE.format("what is live when"),
    "risk.RuleVersion": CATALOGUE.format("versions of the rules"),
    "transactions.ColumnMapping": CATALOGUE.format("how a source names its columns"),
    "transactions.Source": CATALOGUE.format("the systems that send transactions"),
    "risk.JudgingDelay": "when verdicts came late, without a word about anybody",
    "risk.RuleFailure": "shown with its rule, which is scoped",
    "audit.AlarmCursor": "the sweep's own note; no page shows it",
    "audit.Network": CATALOGUE.format("where ranges of addresses are"),
    "audit.PatternSetting": CATALOGUE.format("thresholds of alarms"),
    "jobs.SweepState": "the clock's own notes; no page shows them",
    "exports.RowCap": CATALOGUE.format("rows that a role may take on a person's own word"),
    "lists.SavedView": "kept and read by its owner's number alone (crm.lists.services)",
    "reports.Subscription": "kept and read by its owner's number alone; reports go out in the recipient's own reach",
    "log.Attestation": "seals of the log, without a word about anybody",
    "log.Head": "seals of the log, without a word about anybody",
    "log.Leaf": "seals of the log, without a word about anybody",
    "log.Seal": "seals of the log, without a word about anybody",
    "staff.DutyConflict": CATALOGUE.format("which duties cannot meet"),
    "log.Event": "written here; read through audit.Event, which is scoped",
}
NARROWING = ("Exists", "Subquery")
DOORS = {"views", "api", "admin", "providers", "templatetags"}
OURS = sorted(
    (model for model in apps.get_models() if "site-packages" not in str(model._meta.app_config.path)),
    key=lambda model: model._meta.label,
)


def _answers_visible_to(model: type[Model]) -> bool:
    """Whether its manager narrows rows to a reader's: by ``scope()`` of the shared queryset, or by a ``visible_to`` of its own."""
    kind = type(model._default_manager.all())
    if not issubclass(kind, ScopedQuerySet):
        return False
    return kind.scope is not ScopedQuerySet.scope or kind.visible_to is not ScopedQuerySet.visible_to


@pytest.mark.parametrize("model", [model for model in OURS if model._meta.label not in UNSCOPED], ids=lambda model: model._meta.label)
def test_every_model_is_scoped(model: type[Model]) -> None:
    """Its queryset says which rows are within a reader's reach."""
    assert _answers_visible_to(model), f"{model._meta.label}: give it a manager from a ScopedQuerySet, or say in UNSCOPED why not"


def test_parts_are_read_through_their_whole() -> None:
    """No page, API view, provider or tag begins a query at a model without scope; parts of a row found by its scope may be counted."""
    names = {label.split(".")[1] for label in PARTS}
    found = []
    for path in sources():
        if DOORS & {path.stem, *path.parent.relative_to(ROOT).parts}:
            nodes = list(ast.walk(tree(path)))
            calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NARROWING]
            narrowing = {id(inner) for call in calls for inner in ast.walk(call)}
            queries = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "objects" and id(node) not in narrowing]
            found += [f"{name_of(path)}:{q.lineno}" for q in queries if isinstance(q.value, ast.Name) and q.value.id in names]
    assert found == []


def test_every_exemption_is_needed() -> None:
    """A model that is gone, or has a scope now, leaves the list."""
    assert [label for label in UNSCOPED if _answers_visible_to(apps.get_model(label))] == []
