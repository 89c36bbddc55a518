"""Proof 4, the rows: every page that opens one row by its reference looks for it within the reader's reach, by itself.

Each view and helper that calls `get_visible` is called past its gate by somebody who reaches nothing: it must end in that very call, with
`NotVisible` (404), and no other look at the row before.

What it cannot find: a reach that is the wrong one (the matrix asks with rows in five relations).

Requirements: R246, R253.
"""

import ast
import importlib
import inspect
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from crm.access.errors import NotVisible
from crm.access.reach import Reach
from crm.tests.house import ROOT, functions, sources
from crm.tests.proofs.test_verbs_ask_first import somebody

# Tried by the matrix and the verbs' own tests: what must find something else before the row.
ELSEWHERE = {
    "audit.services.alarms:handle_alarm": "the note is read before",
    "audit.services:look_at": "a number is looked for",
    "audit.views.pages:_target_url": "nothing found is an answer",
    "crm.approvals.views:request_decide": "requests of one's own are seen without a right",
    "crm.approvals.views:request_detail": "requests of one's own are seen without a right",
    "crm.approvals.views:request_withdraw": "requests of one's own are seen without a right",
    "crm.fields.views:reveal": "the field is found first",
    "customers.services.portfolios:_manager": "answers in words of its own",
    "reports.providers:_to_export": "reads a permit's parameters",
    "risk.providers:_to_export": "reads a permit's parameters",
    "risk.views.alerts:alert_join_case": "the alert is looked for before the case",
    "transactions.api.views:_own": "asks as a partner",
    "transactions.views.ledger:transaction_act": "the act is known first",
}


def openers() -> Iterator[str]:
    """Every function that opens one row by `get_visible`."""
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for function in functions(path):
            calls = {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            named = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            if "get_visible" in calls and named & {"request", "actor"} and "self" not in named:
                yield f"{module}:{function.name}"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(set(openers()) - set(ELSEWHERE)))
def test_a_row_is_opened_within_reach(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not visible, by the function's own look."""
    module = importlib.import_module(name.partition(":")[0])
    function = inspect.unwrap(getattr(module, name.partition(":")[2]))
    for guard in ("may", "require", "require_step_up"):
        monkeypatch.setattr(module, guard, lambda *_args: True, raising=False)
    nobody = somebody(Reach.NONE)
    request: Any = RequestFactory().post("/")
    request.actor, request.user = nobody, nobody.user
    known = {"request": request, "actor": nobody}
    needed = [one.name for one in inspect.signature(function).parameters.values() if one.default is one.empty]
    with pytest.raises(NotVisible) as told:
        function(**{one: known.get(one, "X-22222222") for one in needed})
    frames = [frame.name for frame in traceback.extract_tb(told.tb)]
    assert frames[-2:] == [name.partition(":")[2], "get_visible"]
