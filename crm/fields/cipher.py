"""Bytes in, bytes out: the layout of a sealed value and of a wrapped data key.

A sealed value is ``version (1) | suite (1) | data key id (8) | nonce (12) | ciphertext and tag``.
A wrapped data key is ``suite (1) | nonce (12) | ciphertext and tag (48)``; the version of the root
key that wrapped it is kept beside it in its row.
"""

import os
import struct
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm.fields.errors import SealBroken

PRODUCT = b"crm"
LAYOUT = 1
SUITE_AES_256_GCM = 1  # 2 is kept for SM4-GCM
HEADER = struct.Struct(">BBQ")
NONCE = 12
KEY_BYTES = 32


def associated_data(label: str, seal_id: UUID) -> bytes:
    """What a ciphertext is bound to: the product, the field's fixed label and its record."""
    return b"\0".join((PRODUCT, label.encode(), seal_id.bytes))


def encrypt(aead: AESGCM, key_id: int, label: str, seal_id: UUID, text: str) -> bytes:
    """The sealed bytes of ``text`` under the data key ``key_id``."""
    nonce = os.urandom(NONCE)
    body = aead.encrypt(nonce, text.encode(), associated_data(label, seal_id))
    return HEADER.pack(LAYOUT, SUITE_AES_256_GCM, key_id) + nonce + body


def key_id_of(data: bytes, label: str) -> int:
    """The id of the data key that sealed ``data``."""
    if len(data) < HEADER.size + NONCE + 16:
        raise SealBroken.unknown_layout(label)
    layout, suite, key_id = HEADER.unpack_from(data)
    if layout != LAYOUT or suite != SUITE_AES_256_GCM:
        raise SealBroken.unknown_layout(label)
    return int(key_id)


def decrypt(aead: AESGCM, label: str, seal_id: UUID, data: bytes) -> str:
    """The clear text of ``data``; SealBroken when it was not sealed for this field and record."""
    start = HEADER.size
    try:
        clear = aead.decrypt(data[start : start + NONCE], data[start + NONCE :], associated_data(label, seal_id))
    except InvalidTag:
        raise SealBroken.not_its_own(label) from None
    return clear.decode()


def _wrap_data(root_version: int) -> bytes:
    return b"\0".join((PRODUCT, b"data-key", str(root_version).encode()))


def wrap(root: bytes, root_version: int, key: bytes) -> bytes:
    """``key`` encrypted under the root key of that version."""
    nonce = os.urandom(NONCE)
    return bytes([SUITE_AES_256_GCM]) + nonce + AESGCM(root).encrypt(nonce, key, _wrap_data(root_version))


def unwrap(root: bytes, root_version: int, wrapped: bytes) -> bytes:
    """The data key inside ``wrapped``."""
    if len(wrapped) != 1 + NONCE + KEY_BYTES + 16 or wrapped[0] != SUITE_AES_256_GCM:
        raise SealBroken.unknown_layout("data key")
    try:
        return AESGCM(root).decrypt(wrapped[1 : 1 + NONCE], wrapped[1 + NONCE :], _wrap_data(root_version))
    except InvalidTag:
        raise SealBroken.not_its_own("data key") from None
