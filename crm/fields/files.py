"""Bytes on disk: sealed in pieces under a data key of their own, which is destroyed when they are removed."""

import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from crm.access.errors import DomainError
from crm.fields import keyring
from crm.fields.services import new_data_key

MAGIC = b"CRMF\x01"
PIECE = 1024 * 1024
NONCE, TAG = 12, 16
_HEADER = struct.Struct(">5sQ16s")
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">Q?")


class SealedFiles:
    """The sealed files of one purpose: a folder below ``MEDIA_ROOT``, and the label that binds each piece to it.

    ``gone`` is raised where a file is not there any more, was cut or changed.
    """

    def __init__(self, folder: str, label: str, gone: type[DomainError]) -> None:
        self.folder, self.label, self.gone = folder, label, gone

    def path(self, name: str) -> Path:
        """Where a file lies; the folder itself for an empty name."""
        return Path(settings.MEDIA_ROOT) / self.folder / name

    def store(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Seal the bytes into a new file and return its name and the id of its data key. Complete and on disk when this returns."""
        key = new_data_key()
        aead = keyring.opened(key.pk, key.root_version, bytes(key.wrapped), label=self.label)
        mark = secrets.token_bytes(16)
        name = mark.hex()
        path = self.path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_HEADER.pack(MAGIC, key.pk, mark))
            for number, (piece, is_last) in enumerate(_with_end(_even(pieces))):
                nonce = os.urandom(NONCE)
                sealed = aead.encrypt(nonce, piece, self._bound_to(mark, number, is_last))
                file.write(_LENGTH.pack(len(sealed)) + nonce + sealed)
            file.flush()
            os.fsync(file.fileno())
        return name, key.pk

    def load(self, name: str) -> bytes:
        """Return the bytes in clear; raises ``gone`` when the file was removed, cut or changed."""
        try:
            with self.path(name).open("rb") as file:
                magic, key_id, mark = _HEADER.unpack(file.read(_HEADER.size))
                if magic != MAGIC or mark.hex() != name:
                    raise self.gone
                aead = keyring.by_id(key_id, label=self.label)
                content = bytearray()
                number, is_last = 0, False
                while not is_last:
                    is_last = self._piece(file.read, aead, mark, number, content)
                    number += 1
                return bytes(content)
        except (FileNotFoundError, IsADirectoryError, struct.error, InvalidTag) as broken:
            raise self.gone from broken

    def key_id_of(self, name: str) -> int | None:
        """Return the id of the data key that seals the file, None when the file is gone."""
        try:
            with self.path(name).open("rb") as file:
                return int(_HEADER.unpack(file.read(_HEADER.size))[1])
        except (FileNotFoundError, IsADirectoryError, struct.error):
            return None

    def remove(self, name: str) -> None:
        """Remove the file; no error when it is gone already."""
        self.path(name).unlink(missing_ok=True)

    def names_older_than(self, moment: float) -> list[str]:
        """Return the files whose last change lies before that time (seconds since 1970): what a killed process left behind too."""
        folder = self.path("")
        if not folder.is_dir():
            return []
        return [path.name for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < moment]

    def _bound_to(self, mark: bytes, number: int, is_last: bool) -> bytes:
        # Place and end are part of the seal: pieces cannot be dropped, swapped or taken from another file unnoticed.
        return self.label.encode() + b"\0" + mark + _PLACE.pack(number, is_last)

    def _piece(self, read: Callable[[int], bytes], aead: AESGCM, mark: bytes, number: int, content: bytearray) -> bool:
        """Open one piece into *content*; returns whether it was the last one."""
        (length,) = _LENGTH.unpack(read(_LENGTH.size))
        nonce, sealed = read(NONCE), read(length)
        for is_last in (False, True):
            try:
                content += aead.decrypt(nonce, sealed, self._bound_to(mark, number, is_last))
            except InvalidTag:
                if is_last:
                    raise
            else:
                return is_last
        raise InvalidTag


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    yield bytes(held)


def _with_end(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    before: bytes | None = None
    for piece in pieces:
        if before is not None:
            yield before, False
        before = piece
    yield before or b"", True
