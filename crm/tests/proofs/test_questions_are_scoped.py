"""Proof 4, the questions: every list, tile, search and figure asks the database nothing for somebody who holds no right.

`visible_to` of nobody's reach is an empty question, and Django sends none. So with the `visible_to` away, or narrowed by something else
than the reader's reach, a statement goes out and is seen. The functions' own `may` is taken as a yes: the scope alone must do.

What it cannot find: a scope that opens too much to somebody who holds the right (the oracle and the matrix do).

Requirements: R246, R253.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from crm.access.errors import NotVisible
from crm.access.reach import Reach
from crm.lists.definitions import ListDefinition, all_known
from crm.lists.terms import Query
from crm.tests.house import ROOT, functions, sources
from crm.tests.proofs.test_verbs_ask_first import somebody

# What a search looks for, so that each of its branches is entered.
WORDS = ("13812345678", "T-22222222", "F-22222222", "W-22222222", "K-22222222", "Q-22222222")
# The codes of the sources are no secret.
OPEN_TABLE = "transactions_source"
# Lists in which everybody finds what she asked for herself.
ONES_OWN = ("approvals.request",)


def providers() -> Iterator[str]:
    """Every function of a `providers.py` that asks within somebody's reach."""
    for path in (path for path in sources() if path.name == "providers.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for function in functions(path):
            names = [argument.arg for argument in function.args.args]
            calls = {node.func.attr for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
            if "visible_to" in calls and names in (["actor"], ["user"], ["user", "query"]):
                yield f"{module}:{function.name}"


def lists() -> list[type[ListDefinition]]:
    """Every list of the product; the lists that tests declare for themselves, loaded before or not, are none."""
    return [one for one in all_known() if one.name not in ONES_OWN and ".tests." not in one.__module__]


def asked(question: Any) -> list[str]:
    """The statements that a question sends."""
    with CaptureQueriesContext(connection) as sent, suppress(NotVisible):
        found = question()
        if isinstance(found, QuerySet):
            list(found)
    return [one["sql"] for one in sent.captured_queries if f'FROM "{OPEN_TABLE}"' not in one["sql"]]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(providers()))
def test_a_tile_or_search_asks_nothing_for_nobody(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement for somebody without rights."""
    module = importlib.import_module(name.partition(":")[0])
    function = getattr(module, name.partition(":")[2])
    for yes in ("may", "may_probe"):
        monkeypatch.setattr(module, yes, lambda *_args: True, raising=False)
    nobody = somebody(Reach.NONE)
    searches = "query" in inspect.signature(function).parameters
    for given in [(nobody, Query(word)) for word in WORDS] if searches else [(nobody,)]:
        assert asked(lambda given=given: function(*given)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("definition", lists(), ids=lambda one: one.name)
def test_a_list_asks_nothing_for_nobody(definition: type[ListDefinition]) -> None:
    """No statement for somebody without rights, whether the list belongs to something or not."""
    assert asked(lambda: definition().queryset(somebody(Reach.NONE))) == []
