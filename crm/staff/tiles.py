"""The home page's tiles: upper apps register theirs, each reader sees those of the own role.

In ``AppConfig.ready()``::

    from crm.staff import tiles
    tiles.register(tiles.Tile("risk.queue", _("Alerts"), "risk.view_alert", queue_tile, order=10))

``queue_tile(actor)`` returns the context of the template, or None to show nothing. Two templates are in stock: ``STOCK_TEMPLATE`` takes
``{"figures": [tiles.Figure(label, value, note, url, level)]}``, ``LINES`` takes ``{"lines": [tiles.Line(label, url, detail, note, level)],
"nothing": "what it says when there are none"}``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from crm.access.actor import Actor

STOCK_TEMPLATE = "staff/_tile_figures.html"
LINES = "staff/_tile_lines.html"
LONGEST = 6
"""A tile shows so many lines; its link opens the list with the rest."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with its label; ``url`` opens the list behind it."""

    label: "str | Promise"
    value: Any
    note: "str | Promise" = ""
    url: str = ""
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to open: what it is, whose it is, and when it is due or happened."""

    label: "str | Promise"
    url: str
    detail: str = ""
    note: str = ""
    level: str = ""


@dataclass(frozen=True)
class Tile:
    """A box on the home page, shown to holders of ``permission`` (empty: its context decides). ``span`` counts of twelve columns."""

    key: str
    label: "str | Promise"
    permission: str
    context: Callable[[Actor], Mapping[str, Any] | None]
    order: int = 100
    template: str = STOCK_TEMPLATE
    span: int = 12
    url_name: str = ""
    url_label: "str | Promise" = ""


@dataclass(frozen=True)
class Shown:
    """A tile as one reader sees it."""

    tile: Tile
    content: SafeString
    url: str


_tiles: dict[str, Tile] = {}


def register(*tiles: Tile) -> None:
    """Offer tiles; the same key again replaces the former one."""
    for tile in tiles:
        _tiles[tile.key] = tile


def registered() -> list[Tile]:
    """Return every tile in its order."""
    return sorted(_tiles.values(), key=lambda tile: (tile.order, tile.key))


def tiles_for(request: HttpRequest, actor: Actor) -> list[Shown]:
    """Return the tiles of this reader, rendered."""
    shown = []
    for tile in registered():
        if tile.permission and not actor.reach(tile.permission):
            continue
        context = tile.context(actor)
        if context is not None:
            content = render_to_string(tile.template, {**context, "actor": actor, "tile": tile}, request)
            shown.append(Shown(tile, content, reverse(tile.url_name) if tile.url_name else ""))
    return shown
