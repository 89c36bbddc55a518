"""The bytes of a line: the text that is hashed, keyed and stored, and never built a second time."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

VERSION = 1


def clean(value: Any) -> Any:
    """The value as plain JSON: numbers exact, times in ISO form, no character that PostgreSQL or UTF-8 refuses.

    A name that cannot be stored must not keep a line from being written, so NUL and lone surrogates become "?".
    Decimals become text, because a float would round them. A type that has no exact JSON form raises `TypeError`.
    """
    match value:
        case None | bool() | int():
            return value
        case Promise() | str():
            return str(value).replace("\x00", "?").encode("utf-8", "replace").decode("utf-8")
        case float():
            return value
        case Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return {str(clean(str(key))): clean(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [clean(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    raise TypeError(f"{type(value).__name__} has no place in a log line; give text, a number or a time.")


def body_of(fields: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a line: JSON in UTF-8, keys sorted, no spaces, no NaN. `fields` must be clean."""
    text = json.dumps({"v": VERSION, **fields}, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")
