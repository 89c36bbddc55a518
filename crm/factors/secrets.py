"""One-time codes and how their secrets are kept: sealed, under a data key of each factor's own.

The secret is a plain column of bytes and no `SealedTextField`: no policy could ever reveal it, not even by a change of a role.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from uuid import UUID

from django.conf import settings
from django_otp.oath import hotp

from crm.fields import cipher, keyring
from crm.fields.errors import SealBroken
from crm.fields.models import DataKey
from crm.fields.services import seal_value

LABEL = "factors.factor.secret"
SECRET_BYTES = 20
"""As long as the hash that codes are made with (RFC 4226, section 4: at least 16, 20 recommended)."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RECOVERY_LETTERS = 12


def new_secret() -> bytes:
    """Return a fresh secret."""
    return secrets.token_bytes(SECRET_BYTES)


def seal(data_key: DataKey, seal_id: UUID, secret: bytes) -> bytes:
    """Return the secret as it is stored: bound to its row."""
    return seal_value(data_key, LABEL, seal_id, secret.hex())


def unseal(data_key_id: int, seal_id: UUID, sealed: bytes) -> bytes:
    """Return the secret; ``SealBroken`` when the bytes are not this row's own."""
    if cipher.key_id_of(sealed, LABEL) != data_key_id:
        raise SealBroken.not_its_own(LABEL)
    return bytes.fromhex(cipher.decrypt(keyring.by_id(data_key_id, label=LABEL), LABEL, seal_id, sealed))


def spoken(secret: bytes) -> str:
    """Return the secret as people type it into an app: base 32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def code_at(secret: bytes, counter: int, digits: int = 6) -> str:
    """Return the one-time code of a time step or event."""
    return str(hotp(secret, counter, digits=digits)).zfill(digits)


def same_code(left: str, right: str) -> bool:
    """Return whether two codes are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def normal_code(text: str) -> str:
    """Return a code as it is compared: full-width digits, spaces and hyphens are no obstacle."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum() and letter.isascii())


def new_recovery_code() -> str:
    """Return a recovery code in groups of four, about 58 bits."""
    text = "".join(secrets.choice(ALPHABET) for _place in range(RECOVERY_LETTERS))
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def recovery_mark(code: str) -> str:
    """Return what is kept of a recovery code: a keyed hash, useless without the key file."""
    key = str(settings.CRM_KEYS.get("token_key", "")) or settings.SECRET_KEY
    return hmac.new(key.encode(), b"recovery-code\0" + normal_code(code).encode(), hashlib.sha256).hexdigest()
