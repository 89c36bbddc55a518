"""Every URL stands behind a gate, or on the short open list with its reason.

Requirements: R259.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from crm.access.gate import OPEN, SIGNED_IN
from crm.staff.models import RolePermission

Route = tuple[str, str, URLPattern]
GATE_HOLDERS = ("cls", "view_class", "model_admin", "admin_site")

# Pages for everybody. Whoever adds one says why here and at the view.
OPEN_PAGES = {
    "health/": "load balancers and the supervisor ask without signing in",
    "staff:sign_in": "the way in",
    "staff:sign_out": "the way out, also of a session that has ended",
    "staff:half": "the way in, between password and second factor",
    "factors:code": "the way in, after the password",
    "factors:enrol": "the way in, after the first password",
    "factors:enrol_picture": "the picture of the page above, for the browser that began the set-up",
    "staff:token": "partner systems show their secret here; nothing else opens",
    "staff:redeem": "whoever holds a one-time token has no password yet",
    "staff:language": "the sign-in page is read in either language",
}


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "", spaces: tuple[str, ...] = ()) -> Iterator[Route]:
    """(name as one reverses it, path, pattern) of every route."""
    for pattern in patterns:
        assert not isinstance(pattern.pattern, LocalePrefixPattern)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern), inner)
        else:
            path = prefix + str(pattern.pattern)
            yield ":".join((*spaces, pattern.name)) if pattern.name else path, path, pattern


ROUTES = list(_routes(get_resolver().url_patterns))


def _gate(pattern: URLPattern) -> Any:
    view: Any = pattern.callback
    for holder in (view, *(getattr(view, name, None) for name in GATE_HOLDERS)):
        gate = getattr(holder, "gate", None)
        if gate is not None:
            return gate
    return None


@pytest.mark.parametrize(("name", "path", "pattern"), ROUTES, ids=[path or "/" for _, path, _ in ROUTES])
def test_every_url_has_a_gate(name: str, path: str, pattern: URLPattern) -> None:
    """A view without `gate` answers anybody."""
    gate = _gate(pattern)
    assert gate is not None, f"{path} has no gate: put @gated('app.verb_noun') on its view"
    if gate == OPEN:
        assert name in OPEN_PAGES or path in OPEN_PAGES, f"{path} is open and not on the open list"
    else:
        assert name not in OPEN_PAGES, f"{path} is on the open list and has a gate: take it off the list"


@pytest.mark.django_db
def test_every_gate_is_held_by_some_role() -> None:
    """A misspelt permission is a page that nobody can open."""
    known = set(RolePermission.objects.values_list("permission", flat=True))
    named = set()
    for _, _, pattern in ROUTES:
        gate = _gate(pattern)
        named |= set(gate.values()) if isinstance(gate, dict) else {gate}
    assert {gate for gate in named if isinstance(gate, str)} - {OPEN, SIGNED_IN} - known == set()


def test_no_route_takes_a_number() -> None:
    """Integer keys in addresses can be counted, and stock converters accept what looks like a digit in any script."""
    ours = {config.name for config in apps.get_app_configs() if "site-packages" not in config.path}
    wrong = []
    for _, path, pattern in ROUTES:
        module = getattr(pattern.callback, "__module__", "")
        if any(module.startswith(name) for name in ours):
            wrong += [path for converter in pattern.pattern.converters.values() if type(converter).__name__ == "IntConverter"]
    assert wrong == []
