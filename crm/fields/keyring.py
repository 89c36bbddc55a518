"""The keys of this process: root keys from the key file, data keys unwrapped once and kept for a while."""

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection

from crm.database.prepared import run_for
from crm.fields import cipher, keyfile
from crm.fields.errors import KeyDestroyed, KeysUnusable, SealBroken

# 20,000 unwrapped keys are some 10 MB; one bank page or one import chunk needs far fewer.
CACHE_SIZE = 20_000
# What is not used for so long is unwrapped anew, in seconds.
CACHE_SECONDS = 300.0
# A destroyed key may still be open in other processes for this long, in seconds; `reveal` asks each time.
ASK_SECONDS = 1.0
_COUNT = "SELECT count(*) FROM fields_datakey WHERE destroyed_at IS NOT NULL"


def keys_path() -> Path:
    """Where the key file is: CRM_KEYS_FILE, else inside the state folder (not in production)."""
    named = getattr(settings, "KEYS_FILE", None)
    home = Path(settings.HOME).resolve()
    path = Path(named).resolve() if named else home / "secrets" / "keys.json"
    if settings.ENV == "production" and path.is_relative_to(home):
        raise KeysUnusable("A production system keeps its keys outside the state folder: name the file with CRM_KEYS_FILE.")
    return path


_read: list[tuple[tuple[int, ...], keyfile.KeyFile]] = []
_reading = threading.Lock()


def root_keys() -> keyfile.KeyFile:
    """The root keys and the index key, read once per process (`newest_keys` looks again)."""
    return _read[0][1] if _read else newest_keys()


def newest_keys() -> keyfile.KeyFile:
    """The keys as the file says now: read again when it was put in place since, as a rotation does while this process runs."""
    path = keys_path()
    with _reading:
        try:
            mark = _mark(path)
            if not _read or _read[0][0] != mark:
                _read[:] = [(mark, keyfile.read(path))]
        except keyfile.BadKeyFile as error:
            raise KeysUnusable(str(error)) from None
        return _read[0][1]


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        keyfile.read(path)  # says in words what is wrong
        raise
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def root_key(version: int) -> bytes:
    """The root key of that version, also of one that came into the file after this process began."""
    found = root_keys().roots.get(version) or newest_keys().roots.get(version)
    if found is None:
        raise KeysUnusable(f"The key file lacks root key version {version}, which wrapped a data key.")
    return found


def index_digest(label: str, text: str) -> bytes:
    """16 bytes that are equal for equal (label, text) and tell nothing without the index key."""
    message = b"\0".join((cipher.PRODUCT, label.encode(), text.encode()))
    return hmac.digest(root_keys().index, message, hashlib.sha256)[:16]


class _Cache:
    """Unwrapped data keys, the least recently used thrown out first, none kept for long."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._keys: OrderedDict[int, tuple[float, AESGCM]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key_id: int) -> AESGCM | None:
        with self._lock:
            found = self._keys.get(key_id)
            if found is None:
                return None
            if found[0] < time.monotonic():
                del self._keys[key_id]
                return None
            self._keys.move_to_end(key_id)
            return found[1]

    def put(self, key_id: int, aead: AESGCM) -> None:
        with self._lock:
            self._keys[key_id] = (time.monotonic() + self._seconds, aead)
            self._keys.move_to_end(key_id)
            while len(self._keys) > self._size:
                self._keys.popitem(last=False)

    def drop(self, key_id: int) -> None:
        with self._lock:
            self._keys.pop(key_id, None)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()

    def __len__(self) -> int:
        return len(self._keys)


cache = _Cache(CACHE_SIZE, CACHE_SECONDS)


class _Destroyed:
    """What this process knows of keys that others destroyed."""

    def __init__(self) -> None:
        self.known = -1
        self.asked_at = float("-inf")


_destroyed = _Destroyed()


def notice_destroyed(*, at_once: bool = False) -> None:
    """Forget the remembered keys when somebody destroyed one since; the database is asked at most once a second unless ``at_once``.

    Not through Django's cursor: a statement once a second is nobody's to count.
    """
    now = time.monotonic()
    if (now - _destroyed.asked_at < ASK_SECONDS and not at_once) or connection.needs_rollback:
        return
    _destroyed.asked_at = now
    connection.ensure_connection()
    with connection.wrap_database_errors, cast(Any, connection).connection.cursor() as cursor:
        (count,) = cursor.execute(_COUNT).fetchone()
    if count != _destroyed.known:
        _destroyed.known = count
        cache.clear()


def opened(key_id: int, root_version: int, wrapped: bytes, *, label: str = "") -> AESGCM:
    """The data key of one row, unwrapped and remembered."""
    if not wrapped:
        cache.drop(key_id)
        raise KeyDestroyed.of(label)
    found = cache.get(key_id)
    if found is None:
        found = AESGCM(cipher.unwrap(root_key(root_version), root_version, bytes(wrapped)))
        cache.put(key_id, found)
    return found


def by_id(key_id: int, *, label: str = "", peers: Iterable[int | None] = ()) -> AESGCM:
    """The data key of that id; one query unless it is in the cache, which then brings its peers' keys along."""
    notice_destroyed()
    found = cache.get(key_id)
    if found is not None:
        return found
    rows = warm([key_id, *peers])
    if key_id not in rows:
        raise SealBroken.not_its_own(label)
    return opened(key_id, *rows[key_id], label=label)


def warm(key_ids: Iterable[int | None]) -> Mapping[int, tuple[int, bytes]]:
    """Unwraps many data keys with one query, so that a page of sealed values costs one query, not one each."""
    notice_destroyed()
    wanted = {key_id for key_id in key_ids if key_id is not None}
    rows = _rows([key_id for key_id in wanted if cache.get(key_id) is None])
    for key_id, (root_version, wrapped) in rows.items():
        if wrapped:
            opened(key_id, root_version, wrapped)
    return rows


def many(key_ids: Iterable[int], *, label: str = "") -> dict[int, AESGCM]:
    """The data keys of those ids, with one query for those not remembered."""
    notice_destroyed()
    found = {key_id: cache.get(key_id) for key_id in key_ids}
    rows = _rows([key_id for key_id, aead in found.items() if aead is None])
    if found.keys() - rows.keys() - {key_id for key_id, aead in found.items() if aead is not None}:
        raise SealBroken.not_its_own(label)
    fresh = {key_id: opened(key_id, *row, label=label) for key_id, row in rows.items()}
    return {key_id: aead for key_id, aead in found.items() if aead is not None} | fresh


def _rows(key_ids: list[int]) -> Mapping[int, tuple[int, bytes]]:
    if not key_ids:
        return {}
    with connection.wrap_database_errors:
        rows = run_for("SELECT id, root_version, wrapped FROM fields_datakey WHERE id = ANY(%(ids)s::bigint[])", key_ids)
    return {key_id: (root_version, bytes(wrapped)) for key_id, root_version, wrapped in rows}


def forget() -> None:
    """Drops everything read so far; the next use reads the key file again."""
    _read.clear()
    cache.clear()
    _destroyed.asked_at = float("-inf")


def _settings_changed(*, setting: str, **_kwargs: object) -> None:
    if setting in {"KEYS_FILE", "HOME", "ENV"}:
        forget()


setting_changed.connect(_settings_changed, dispatch_uid="crm.fields.keyring")
