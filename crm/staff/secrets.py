"""Tokens: made here, shown once, kept only as hashes."""

import base64
import hashlib
import hmac
import secrets
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


GROUPS, LETTERS = 3, 5
HALF = GROUPS * LETTERS


def new_half() -> str:
    """Return half of a one-time token, to be handed over on paper: 15 characters in groups of five, about 73 bits."""
    groups = ("".join(secrets.choice(ALPHABET) for _place in range(LETTERS)) for _group in range(GROUPS))
    return "-".join(groups)


def half_hash(half: str) -> str:
    """Return what is kept of a first half until somebody else adds the second."""
    return hashlib.sha256(_letters(half).encode()).hexdigest()


def joined_hash(first_hash: str, second: str) -> str:
    """Return the hash of a whole one-time token, made by whoever has the second half and never saw the first."""
    return hashlib.sha256(f"{first_hash}{_letters(second)}".encode()).hexdigest()


def spoken_hash(token: str) -> str:
    """Return the hash of a whole one-time token as a person types it: both halves, with or without hyphens and spaces."""
    letters = _letters(token)
    return joined_hash(half_hash(letters[:HALF]), letters[HALF:])


def _letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())


def same(left: str, right: str) -> bool:
    """Return whether two hashes are equal, in constant time."""
    return hmac.compare_digest(left, right)


def mark(purpose: str, value: str) -> str:
    """Return a keyed mark under which something is recognised and from which, without the key, nothing can be guessed.

    The key (``token_key``) stands in the keys file, never in the database.
    """
    key = base64.b64decode(settings.CRM_KEYS["token_key"])
    return hmac.digest(key, f"crm.staff {purpose}\x00{value}".encode(), "sha256").hex()


def sealed(purpose: str, value: str) -> str:
    """Return a short text under a key of the keys file, for rows that hold it for hours."""
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + AESGCM(bytes.fromhex(mark("seal", purpose))).encrypt(nonce, value.encode(), purpose.encode())).decode()


def opened(purpose: str, kept: str) -> str:
    """Return what was sealed, or an empty text where the key has been replaced since."""
    try:
        raw = base64.b64decode(kept)
        return AESGCM(bytes.fromhex(mark("seal", purpose))).decrypt(raw[:12], raw[12:], purpose.encode()).decode()
    except (ValueError, InvalidTag):
        return ""
