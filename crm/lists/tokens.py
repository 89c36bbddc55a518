"""Sealed parameters: a place in a list travels in the address without telling its sort values or keys."""

import base64
import binascii
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.crypto import salted_hmac

NONCE = 12
LONGEST = 2_000


class BadToken(ValueError):
    """Not written by us, or cut off on the way."""


@lru_cache(maxsize=256)
def _cipher(purpose: str) -> AESGCM:
    """One cipher a purpose: a list seals fifty places a page."""
    return AESGCM(salted_hmac("crm.lists.tokens", purpose, algorithm="sha256").digest())


def seal(purpose: str, content: Any) -> str:
    """A text fit for an address that only this product can read and write."""
    nonce = os.urandom(NONCE)
    body = json.dumps(content, default=_tagged, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(nonce + _cipher(purpose).encrypt(nonce, body, purpose.encode())).rstrip(b"=").decode()


def unseal(purpose: str, token: str) -> Any:
    """What was sealed for this purpose, else `BadToken`."""
    if len(token) > LONGEST:
        raise BadToken("too long")
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        body = _cipher(purpose).decrypt(raw[:NONCE], raw[NONCE:], purpose.encode())
    except (UnicodeEncodeError, binascii.Error, InvalidTag, ValueError) as error:
        raise BadToken("not ours") from error
    return json.loads(body, object_hook=_untagged)


def _tagged(value: Any) -> dict[str, str]:
    for kind, tag in ((datetime, "t"), (date, "d"), (Decimal, "n"), (UUID, "u")):
        if isinstance(value, kind):
            return {f"${tag}": value.isoformat() if isinstance(value, date) else str(value)}
    raise TypeError(f"A list cannot be sorted by values of type {type(value).__name__}.")


_READERS: dict[str, Callable[[str], Any]] = {"$t": datetime.fromisoformat, "$d": date.fromisoformat, "$n": Decimal, "$u": UUID}


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        tag, text = next(iter(found.items()))
        if tag in _READERS:
            return _READERS[tag](text)
    return found
