"""Proof 4, the verbs: each asks for its right, and for a fresh second factor, by itself and before it looks at anything.

Every function of the product that takes an actor and calls `require` or `require_step_up` is called here with nothing real but the
actor: somebody who holds no right is refused by this very function (not by another one that it would have called), and somebody who holds
every right and never showed a second factor is asked for it. So the pages' gates are not all there is: a verb reached by another way says
no too.

What it cannot find: a right asked for that is the wrong one, a row asked about that is the wrong one (the verbs' own tests, the matrix).

Requirements: R253, R259.
"""

import ast
import importlib
import inspect
import traceback
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest

from crm.access import services as access
from crm.access.actor import Actor
from crm.access.errors import Refused, StepUpNeeded
from crm.access.reach import Reach
from crm.tests.house import ROOT, functions, sources

GUARDS = {"require": Refused, "require_step_up": StepUpNeeded}
# What a verb must read before it can ask, by the name that it has there: it finds rows that are not real either.
READ_FIRST = {
    "crm.approvals.services:decide": ("ChangeRequest", "handlers"),
    "crm.approvals.services:propose": ("handlers",),
    "crm.factors.services.enrolment:held_for_adding": ("User",),
    "crm.fields.services:reveal": ("sealed_field",),
    "customers.services.keeping:erase": ("Customer",),
    "customers.services.keeping:lift_hold": ("LegalHold",),
    "customers.services.labels:set_labels": ("Customer",),
    "customers.services.portfolios:give_portfolio": ("User",),
    "customers.services.portfolios:propose_portfolio": ("preview",),
    "customers.services.standins:give_stand_in": ("Customer",),
    "risk.services.backtests:make": ("jobs",),
    "risk.services.cases:join_case": ("_open", "Alert"),
    "risk.services.queue:assign": ("Alert",),
    "transactions.importers:_file_import": ("FileImport",),
    "transactions.services.statuses:change_status": ("Transaction", "CORE_SAYS", "timezone"),
}
# Answers on which it depends whether the guard is asked at all.
ANSWERS = {"first": False}


class Rows:
    """A table in which every question finds rows."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_args: Any, **_named: Any) -> Any:
        """Every question is answered by a table again."""
        return self

    def __iter__(self) -> Iterator[MagicMock]:
        return iter((MagicMock(), MagicMock()))

    def __contains__(self, _value: Any) -> bool:
        return True

    def __add__(self, _value: Any) -> Any:
        return self

    def __lt__(self, _value: Any) -> bool:
        return False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


def verbs() -> Iterator[tuple[str, str]]:
    """(guard, function with its module) of every function that takes an actor and calls the guard by itself."""
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for function in functions(path):
            named = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            if "actor" not in named or "self" in named or module == access.__name__:
                continue
            called = {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            yield from ((guard, f"{module}:{function.name}") for guard in GUARDS if guard in called)


def somebody(reach: Reach) -> Actor:
    """Return a person at a browser who holds everything so far, or nothing; without a fresh second factor."""
    user = MagicMock()
    user.reach.return_value = reach
    return Actor(number="99998", name="无名", kind="staff", role="", origin="web", user=user)


def call(name: str, actor: Actor) -> Any:
    """Call a function with an actor and nothing else that is real."""
    module, _, function = name.partition(":")
    verb = getattr(importlib.import_module(module), function)
    given: dict[str, Any] = {
        one.name: MagicMock(name=one.name)
        for one in inspect.signature(verb).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }
    done = verb(**given | {name: answer for name, answer in ANSWERS.items() if name in given} | {"actor": actor})
    return next(done) if inspect.isgenerator(done) else done


@pytest.mark.django_db
@pytest.mark.parametrize(("guard", "name"), sorted(set(verbs())))
def test_the_verb_itself_asks(guard: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by the function's own call of the guard."""
    module = importlib.import_module(name.partition(":")[0])
    for read in READ_FIRST.get(name, ()):
        monkeypatch.setattr(module, read, Rows())
    if guard == "require_step_up":
        monkeypatch.setattr(access, "_covers", lambda *_args: True)
    with pytest.raises(GUARDS[guard]) as told:
        call(name, somebody(Reach.ALL if guard == "require_step_up" else Reach.NONE))
    *_, asking, asked = traceback.extract_tb(told.tb)
    assert (asking.name, asked.name) == (name.partition(":")[2], guard)
