"""The bell in the bar: who owns notices says how many are unread and where they are read.

`crm.notify` lies below, so it is asked by url name and by the callable that it or an upper app registers::

    from crm.ui import bell
    bell.register(unread=lambda user: user.notices.unread().count(), url_name="notify:notices")
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

_source: list[tuple[Callable[[Any], int], str]] = []


@dataclass(frozen=True)
class Bell:
    """What the bell shows."""

    url: str
    unread: int


def register(unread: Callable[[Any], int], url_name: str) -> None:
    """Let the bell ring: one source; the last one registered counts."""
    _source[:] = [(unread, url_name)]


def bell_of(user: Any) -> Bell | None:
    """The reader's bell; None where notices have no page."""
    for unread, url_name in _source:
        try:
            return Bell(reverse(url_name), unread(user))
        except NoReverseMatch:
            return None
    return None
