"""The rail: which pages a person is offered, in which order, with which counts.

An app registers its entries in `AppConfig.ready()`::

    from crm.ui import menu
    menu.register(menu.MenuItem("risk:alert_list", _("Alert queue"), "risk.view_alert", group="work", order=20, badge=open_alerts))

Groups stand in the order of `GROUPS`; unknown groups come last. An entry is shown when its permission (or one of a tuple)
is granted; an entry without permission is shown to everyone signed in. `badge(user)` answers a count or None, in one query that stops
counting where the rail stops telling: `counted(rows)`. Every page pays for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

GROUPS = (
    "work",
    "customers",
    "search",
    "products",
    "rules",
    "reports",
    "audit",
    "staff",
    "system",
)

MOST = 99
"""The rail says "99+" where there is more."""


@dataclass(frozen=True)
class MenuItem:
    """One line of the rail."""

    url_name: str
    label: str | Promise
    permission: str | tuple[str, ...] = ""
    group: str = "work"
    order: int = 100
    badge: Callable[[Any], int | None] | None = None
    for_customers: bool = False
    """Customers are offered nothing else, whatever they may see of their own."""


@dataclass(frozen=True)
class Entry:
    """A menu line as one reader sees it."""

    label: str
    url: str
    current: bool
    badge: str


_items: dict[str, MenuItem] = {}


def register(*items: MenuItem) -> None:
    """Offer pages in the rail; the same url name again replaces the former entry."""
    for item in items:
        _items[item.url_name] = item


def registered() -> list[MenuItem]:
    """All entries, in the order of the rail, whoever reads."""
    rank = {group: position for position, group in enumerate(GROUPS)}
    return sorted(
        _items.values(),
        key=lambda item: (
            rank.get(item.group, len(GROUPS)),
            item.group,
            item.order,
            item.url_name,
        ),
    )


def _allowed(user: Any, permission: str | tuple[str, ...]) -> bool:
    wanted: Iterable[str] = (permission,) if isinstance(permission, str) else permission
    return any(not code or user.has_perm(code) for code in wanted)


def menu_for(request: HttpRequest) -> list[list[Entry]]:
    """The groups of entries that this reader may open, the current page marked."""
    user = request.user
    if not user.is_authenticated:
        return []
    is_customer = getattr(getattr(request, "actor", None), "kind", "") == "customer"
    found: list[tuple[MenuItem, str]] = []
    for item in registered():
        if not _allowed(user, item.permission) or (is_customer and not item.for_customers):
            continue
        try:
            found.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            continue  # an app of another edition may be absent; its page cannot be offered
    current = max((url for _item, url in found if _covers(url, request.path)), key=len, default="")
    groups: dict[str, list[Entry]] = {}
    for item, url in found:
        badge = told(item.badge(user) if item.badge else None)
        groups.setdefault(item.group, []).append(Entry(str(item.label), url, url == current, badge))
    return list(groups.values())


def counted(rows: QuerySet[Any]) -> int:
    """Return how many rows there are, or the first number that the rail does not tell any more."""
    return rows.order_by()[: MOST + 1].count()


def told(count: int | None) -> str:
    """Return such a count in figures; nothing where there is nothing."""
    if not count:
        return ""
    return f"{MOST}+" if count > MOST else str(count)


def _covers(url: str, path: str) -> bool:
    return path == url or (url != "/" and url.endswith("/") and path.startswith(url))
