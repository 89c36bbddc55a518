"""How long a sign-in lasts: idle and absolute limits. What a page asks by itself is no activity."""

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"
# A write per minute is enough to keep count of fifteen.
GRAIN_SECONDS = 60


def idle_seconds() -> int:
    """Return after how many idle seconds a session ends (setting ``SESSION_IDLE_SECONDS``)."""
    return int(settings.SESSION_IDLE_SECONDS)


def absolute_seconds() -> int:
    """Return after how many seconds a session ends in any case (setting ``SESSION_COOKIE_AGE``)."""
    return int(settings.SESSION_COOKIE_AGE)


def start(session: Any) -> None:
    """Begin counting, at sign-in."""
    session[SIGNED_IN_AT] = session[SEEN_AT] = int(time.time())


def is_over(session: Any) -> bool:
    """Return whether a signed-in session has reached one of its limits."""
    now = int(time.time())
    seen, began = session.get(SEEN_AT), session.get(SIGNED_IN_AT)
    if seen is None or began is None:
        # Signed in by something else than complete_sign_in (a test client): count from now.
        start(session)
        return False
    return bool(now - seen > idle_seconds() or now - began > absolute_seconds())


def is_polling(request: HttpRequest, view: Any = None) -> bool:
    """Return whether the page asked by itself: the view says so, or the request does (header ``X-Poll: 1``)."""
    return bool(getattr(view, "polling", False)) or request.headers.get("X-Poll") == "1"


def touch(session: Any) -> None:
    """Note that the person did something."""
    now = int(time.time())
    if now - session.get(SEEN_AT, 0) >= GRAIN_SECONDS:
        session[SEEN_AT] = now
