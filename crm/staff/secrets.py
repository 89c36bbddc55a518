"""Tokens: made here, shown once, kept only as hashes."""

import hashlib
import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_spoken_token() -> str:
    """Return a one-time token to be handed over on paper: 20 characters in groups of five, about 98 bits."""
    groups = ("".join(secrets.choice(ALPHABET) for _place in range(5)) for _group in range(4))
    return "-".join(groups)


def new_machine_token(code: str) -> str:
    """Return a partner's token: its code, a full stop, 256 random bits."""
    return f"{code}.{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """Return the hash under which a token is kept. The tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Return whether two hashes are equal, in constant time."""
    return hmac.compare_digest(left, right)
