"""Reading the environment for the settings. What cannot be read is remembered here, and a check says what to write (`operations.E021`)."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

UNREADABLE: dict[str, str] = {}
"""Variables whose text cannot be read, each with what to write; never the text, which may hold a password."""


def number(name: str, default: int, text: str | None = None) -> int:
    """Return the whole number in a variable (or in ``text``), the default where it is empty or unreadable."""
    found = (os.environ.get(name, "") if text is None else text).strip()
    if not found:
        return default
    if found.isascii() and found.isdigit() and len(found) < 10:
        return int(found)
    UNREADABLE[name] = f"Write digits only, for example {default}."
    return default


def one_of(name: str, *known: str) -> str:
    """Return the word in a variable; the first of those known where it is empty or another one."""
    found = os.environ.get(name) or known[0]
    if found in known:
        return found
    UNREADABLE[name] = f"Write one of {', '.join(known)}."
    return known[0]


def zone(name: str, default: str) -> str:
    """Return the time zone in a variable, the default where there is no such zone."""
    found = os.environ.get(name) or default
    try:
        return ZoneInfo(found).key
    except (KeyError, OSError, ValueError):
        UNREADABLE[name] = f"Write a zone of the tz database, for example {default}."
        return default


def mail_server(name: str) -> tuple[SplitResult, int]:
    """Return the parts of the mail server's address and its port, 25 unless given."""
    hint = "Write smtp://, smtps:// or smtp+tls://, then user:password@host:port; special signs of the password as %40."
    try:
        parts = urlsplit(os.environ.get(name, ""))
        port = parts.port or 25
    except ValueError:
        UNREADABLE[name] = hint
        return urlsplit(""), 25
    if parts.geturl() and (parts.scheme not in ("smtp", "smtps", "smtp+tls") or not parts.hostname):
        UNREADABLE[name] = hint
    return parts, port


def names(name: str) -> list[str]:
    """Return the names in a variable, separated by commas."""
    return [text.strip() for text in os.environ.get(name, "").split(",") if text.strip()]


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, or an empty one where the file is not there yet."""
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise ImproperlyConfigured(f"{path} does not hold a JSON object: take it from its copy.") from None


def database(url: str) -> dict[str, Any]:
    """Return Django's dictionary for postgresql://role:password@host:port/name?host=/socket/folder&option=value."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured("Database addresses begin with postgresql://; this product runs on PostgreSQL only.")
    try:
        port = str(parts.port or "")
    except ValueError:
        raise ImproperlyConfigured("The port in a database address is no number; special signs of a password are written as %40.") from None
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or (parts.hostname or ""),
        "PORT": query.pop("port", "") or port,
        # A new connection plans the hot statements anew (the judging one takes longest): once an hour, not once a minute.
        "CONN_MAX_AGE": 3600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }
