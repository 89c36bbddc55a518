"""What must be said above the pages of those whom it concerns, for as long as it is so.

An app registers a provider in `AppConfig.ready()`; it answers None while there is nothing to say::

    banners.register(banners.Banner("risk.delay", "risk.see_delay", ("risk:alert_list",), delay_banner))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Said:
    """A title and a sentence, with a level as of badges."""

    title: str | Promise
    text: str | Promise
    level: str = "mid"


@dataclass(frozen=True)
class Banner:
    """Who may read it (a permission), on which pages (url names), and what is said there."""

    name: str
    permission: str
    pages: tuple[str, ...]
    call: Callable[[Any], Said | None]


_banners: dict[str, Banner] = {}


def register(*added: Banner) -> None:
    """Let these be shown."""
    for banner in added:
        _banners[banner.name] = banner


def said_on(request: HttpRequest) -> list[Said]:
    """Return what is to be said on this page to this reader."""
    page = request.resolver_match.view_name if request.resolver_match else ""
    user: Any = request.user
    wanted = [_banners[name] for name in sorted(_banners) if page in _banners[name].pages]
    found = [banner.call(user) for banner in wanted if user.is_authenticated and user.has_perm(banner.permission)]
    return [said for said in found if said is not None]
