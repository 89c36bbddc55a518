"""The keyed MACs of the log. The key lives in the keys file, never in the database or its backup."""

import base64
import hashlib
import hmac
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@lru_cache(maxsize=8)
def _subkey(encoded: str, purpose: bytes) -> bytes:
    key = base64.b64decode(encoded)
    if len(key) < 32:
        raise ImproperlyConfigured("log_mac_key in the keys file must be at least 32 bytes in base64.")
    return hmac.digest(key, b"crm.log " + purpose, "sha256")


def _master() -> str:
    encoded = settings.CRM_KEYS.get("log_mac_key")
    if not encoded:
        raise ImproperlyConfigured("The keys file has no log_mac_key: without it no line can be written. See docs/operations.md.")
    return str(encoded)


def line_mac(body: bytes) -> bytes:
    """The MAC of one line: only a process that holds the key can have written it."""
    return hmac.digest(_subkey(_master(), b"line"), body, "sha256")


def leaf_hash(reference: str, content: bytes) -> bytes:
    """The keyed hash of one row of a batch. Keyed, because a bare hash of a few known fields can be guessed."""
    return hmac.digest(_subkey(_master(), b"leaf"), reference.encode() + b"\x00" + content, "sha256")


def head_mac(*, log_id: str, seq: int, digest: bytes, count: int, at: str) -> bytes:
    """The MAC over the head of the chain and the number of lines, as attested at a time."""
    text = "|".join((log_id, str(seq), digest.hex(), str(count), at))
    return hmac.digest(_subkey(_master(), b"head"), text.encode(), "sha256")


def checkpoint_mac(*, log_id: str, seq: int, digest: bytes, count: int, at: str) -> bytes:
    """The MAC over a checkpoint: up to which position lines were purged, by somebody who holds the key."""
    text = "|".join((log_id, str(seq), digest.hex(), str(count), at))
    return hmac.digest(_subkey(_master(), b"checkpoint"), text.encode(), "sha256")


def session_mark(session: str) -> str:
    """A mark that tells sessions apart in the log without being the session's key."""
    return hashlib.sha256(session.encode()).hexdigest()[:16] if session else ""
