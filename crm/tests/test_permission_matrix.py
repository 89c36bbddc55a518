"""Every route × everybody: strangers to the sign-in page, holders in, all others 403, nobody a 5xx.

What is expected comes from two tables, not from the views: `route_table.ROUTES` (route → permission) and the apps' `roles.py`. A route
that is missing in the table, or stands there with another gate, fails.

Requirements: R245, R253, R257, R259.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters
from django.urls.resolvers import RoutePattern

from crm.access.gate import OPEN, SIGNED_IN
from crm.staff.choices import STAFF_ROLES
from crm.staff.services.role_table import stock_permissions
from crm.tests.personas import Bank, browser
from crm.tests.route_table import ROUTES, SECOND_ASKED

EXAMPLES = ("X-22222222", "none", "customers.customer.mobile", "00000000-0000-4000-8000-000000000000", "2026-01-31", "1", "csv")
Gate = str | dict[str, str]
# Its routes follow from what the apps register there.
ADMIN, ADMIN_GATE = "admin/", "audit.open_admin"
# People of the bank do not enter with their sessions; partners enter nothing else.
API = "api/"
DAILY = ("relationship-manager", "risk-officer", "service-agent", "security-officer", "auditor")
"""Roles tried by `make test`, where the slice of the proof (crm/tests/proofs/test_matrix.py) has all; `.ci/run` tries each."""


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str, Gate]]:
    """(route as the URLconf writes it, an address on it, its gate) of every route."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            route = prefix + str(pattern.pattern)
            yield route, address(route, isinstance(pattern.pattern, RoutePattern)), gate_of(pattern)


def address(route: str, is_plain: bool) -> str:
    """An address that the route takes and that belongs to no row."""
    if is_plain:
        return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: example(found[1] or "str"), route)
    plain = re.sub(r"\(\?P<\w+>([^()]*)\)", lambda found: first_choice(found[1]), route)
    return "/" + plain.replace("^", "").replace("$", "").replace("\\", "")


def example(converter: str) -> str:
    """A text that a path converter takes."""
    return next(text for text in EXAMPLES if re.fullmatch(get_converters()[converter].regex, text))


def first_choice(expression: str) -> str:
    """One text that a group of alternatives, or of any characters, takes."""
    choice = expression.split("|", maxsplit=1)[0]
    return choice if choice.isidentifier() else EXAMPLES[0]


def gate_of(pattern: URLPattern) -> Gate:
    """The permission that a view asks for."""
    view: Any = pattern.callback
    holders = (view, getattr(view, "cls", None), getattr(view, "view_class", None))
    gates = (getattr(holder, "gate", None) for holder in holders)
    return next((gate for gate in gates if gate is not None), "")


FOUND = {route: (place, gate) for route, place, gate in walk(get_resolver().url_patterns)}


def test_the_table_names_every_route_with_its_gate() -> None:
    """Whoever adds a page adds its line, so that somebody reads which permission opens it."""
    present = {route: gate for route, (_place, gate) in FOUND.items() if not route.startswith(ADMIN)}
    admin = {gate for route, (_place, gate) in FOUND.items() if route.startswith(ADMIN)}
    assert admin == {ADMIN_GATE}, "every page of the auditors' admin stands behind one permission, and then behind the table's own"
    lines = [f"    {route!r}: {gate!r}," for route, gate in sorted(present.items()) if ROUTES.get(route) != gate]
    assert lines == [], "crm/tests/route_table.py lacks:\n" + "\n".join(lines)
    assert set(ROUTES) - set(present) == set(), "crm/tests/route_table.py names routes that are gone"


def wrong(status: int, location: str, route: str, gate: Gate, holds: bool | None, method: str) -> bool:
    """Whether an answer is not what the tables say; `holds` is None for strangers."""
    at_the_door = status == 401 or (status == 302 and location.startswith("/sign-in/?next="))
    if status >= 500:
        return True
    if gate == OPEN:
        return at_the_door or status == 403
    if holds is None:
        return not at_the_door
    if holds:
        return at_the_door or (status == 403 and route not in SECOND_ASKED and not route.startswith(ADMIN))
    # A view may refuse the method before it asks who comes: that tells nobody anything.
    return status != 403 and not (status == 405 and method == "POST")


def asked(gate: Gate, method: str) -> str:
    return gate if isinstance(gate, str) else gate.get(method, "")


def answers(client: Client, held: set[str] | None, *, as_partner: bool = False) -> list[str]:
    """What is answered wrongly.

    One gate for all methods asks before the method is looked at: what refuses a POST is not asked by GET as well, unless it refused the
    method and not the person.
    """
    failures = []
    for route, (place, gate) in FOUND.items():
        refused = False
        for method in ("POST", "GET"):
            permission = asked(gate, method)
            stranger = held is None or route.startswith(API) != as_partner
            holds = None if stranger or held is None else permission == SIGNED_IN or permission in held
            if method == "POST" and (holds or gate == OPEN):
                continue  # would act; what acting does is told beside each service
            if method == "GET" and refused and isinstance(gate, str):
                continue
            answer = client.generic(method, place)
            refused = answer.status_code == 403
            if wrong(answer.status_code, answer.get("Location", ""), route, gate, holds, method):
                failures.append(f"{method} {route} ({gate}): {answer.status_code}")
    return failures


@pytest.mark.django_db
def test_strangers(bank: Bank) -> None:
    """Nothing but the open list answers them."""
    client = Client(raise_request_exception=False)
    assert answers(client, None) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role if role in DAILY else pytest.param(role, marks=pytest.mark.slow) for role in STAFF_ROLES])
def test_each_role(bank: Bank, role: str) -> None:
    """R246–R252, R261: the pages of the role open, all others answer 403."""
    client = browser(bank.somebody(role))
    client.raise_request_exception = False
    assert answers(client, held_by(role)) == []


@pytest.mark.django_db
def test_partners(partner_headers: dict[str, str]) -> None:
    """R251: preset interfaces only."""
    client = Client(raise_request_exception=False, headers=partner_headers)
    assert answers(client, held_by("partner"), as_partner=True) == []


def held_by(role: str) -> set[str]:
    """The permissions of a stock role that reach anything."""
    return {permission for (holder, permission), (reach, _level) in stock_permissions().items() if holder == role and reach != "none"}
