"""Proof 4, verbs and pages: each asks for its right, and for a fresh second factor, by itself and before it looks at anything.

Every function of the product that takes an actor and calls `require` or `require_step_up` is called here with nothing real but the
actor: somebody who holds no right is refused by this very function (not by another one that it would have called), and somebody who holds
every right and never showed a second factor is asked for it. So the pages' gates are not all there is: a verb reached by another way says
no too. Every view of the URLconf is called in the same way, past the middleware: its own gate refuses, or leads to the sign-in page.

What it cannot find: a right asked for that is the wrong one, a row asked about that is the wrong one (the verbs' own tests, the matrix).

Requirements: R253, R259.
"""

import ast
import importlib
import inspect
import traceback
from collections.abc import Iterable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver
from rest_framework.exceptions import NotAuthenticated
from rest_framework.views import APIView

from crm.access import gate
from crm.access import services as access
from crm.access.actor import Actor, anonymous
from crm.access.errors import Refused, StepUpNeeded
from crm.access.gate import OPEN, SIGNED_IN
from crm.access.reach import Reach
from crm.tests.house import HOUSE, ROOT, functions, sources

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


def views(patterns: Iterable[Any]) -> Iterator[tuple[str, Any, list[str]]]:
    """(name, view, arguments) of every view of the house behind a gate."""
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            yield from views(pattern.url_patterns)
        elif getattr(pattern.callback, "gate", OPEN) != OPEN and pattern.callback.__module__.startswith((*HOUSE,)):
            yield f"{pattern.callback.__module__}:{pattern.callback.__name__}", pattern.callback, [*pattern.pattern.converters]


PAGES = {name: (view, arguments) for name, view, arguments in views(get_resolver().url_patterns) if isinstance(view.gate, str)}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(name for name, (view, _) in PAGES.items() if not hasattr(view, "view_class")))
def test_the_page_itself_asks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by the gate of this very view; where signing in is enough, a stranger is led to do so."""
    view, arguments = PAGES[name]
    monkeypatch.setattr(gate, "to_sign_in", lambda _request: HttpResponse("the gate's word", status=401))
    for method in ("get", "post"):
        request: Any = getattr(RequestFactory(), method)("/")
        request.actor = anonymous() if view.gate == SIGNED_IN else somebody(Reach.NONE)
        answer = answered(view, request, arguments)
        if answer != 405:
            break
    assert answer == ("the gate's word" if view.gate == SIGNED_IN else (view.gate, "entered", "require"))


def answered(view: Any, request: Any, arguments: list[str]) -> object:
    """Return 405 for a method that the view does not know, its text, or which permission was refused and where."""
    try:
        answer = view(request, **{argument: MagicMock() for argument in arguments})
    except Refused as refused:
        *_, asking, asked = traceback.extract_tb(refused.__traceback__)
        return refused.permission, asking.name, asked.name
    return 405 if answer.status_code == 405 else answer.content.decode()


# Tests of the API's own classes make some more.
DOORS: list[Any] = [view for view in APIView.__subclasses__() if ".tests." not in view.__module__]


@pytest.mark.parametrize("door", [view for view in DOORS if view.__module__.startswith((*HOUSE,)) and view.gate != OPEN])
def test_the_door_itself_asks(door: Any) -> None:
    """A view of the API lets nobody in who has shown no token."""
    request = MagicMock(user=None, method="OPTIONS", successful_authenticator=None)
    with pytest.raises(NotAuthenticated):
        door(request=request).check_permissions(request)
