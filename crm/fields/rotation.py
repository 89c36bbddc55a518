"""Rotation of the root key, online: whatever it wraps is wrapped anew in steps, and an old version goes when nothing needs it.

A part that wraps something of its own by a root key registers a `KeyUser` in ``AppConfig.ready()``; rotation then takes it along, and a
version that it still needs is not retired. Values are never touched: only the keys that opened them are wrapped anew.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.fields import cipher, keyfile, keyring
from crm.fields.models import DataKey, RetiredRoot
from crm.log import services as log

STEP = 5_000
PERMISSION = "fields.rewrap_data_keys"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step did: how many were wrapped anew, and after which id the next one begins (None: nothing is left)."""

    done: int
    after: int | None


@dataclass(frozen=True, kw_only=True)
class KeyUser:
    """One kind of thing that root keys wrap."""

    key: str
    name: str | Promise
    versions: Callable[[], dict[int, int]]
    """How many things each root version still wraps."""
    rewrap: Callable[[int, int, int], Step]
    """``rewrap(to_version, after_id, limit)``: one step, inside the caller's transaction; locks what it changes."""
    tables: tuple[str, ...]
    """Locked against writers while a version is retired, so that nothing new can come to need it."""


_users: dict[str, KeyUser] = {}
_lock = threading.Lock()


def register(user: KeyUser) -> None:
    """Make rotation know one more user of root keys; the same key twice replaces the first."""
    with _lock:
        _users[user.key] = user


def registered() -> list[KeyUser]:
    """All users of root keys, in the order in which they came."""
    return list(_users.values())


class StillNeeded(DomainError):
    """Something is still wrapped by this version."""

    code = "root_still_needed"

    def __init__(self, version: int, who: str) -> None:
        super().__init__(
            _("Root key version %(version)s is still needed by %(who)s. Run rotate_keys first.") % {"version": version, "who": who}
        )


class CurrentVersion(DomainError):
    """The version that wraps new keys does not retire."""

    code = "root_is_current"
    message = _("This root key version wraps new data keys: add a new one first.")


class UnknownVersion(DomainError):
    """The key file has no such version."""

    code = "root_unknown"
    message = _("The key file has no root key of this version.")


def versions_in_use() -> dict[int, int]:
    """How many things each root version wraps, all users together."""
    found: dict[int, int] = {}
    for user in registered():
        for version, count in user.versions().items():
            found[version] = found.get(version, 0) + count
    return found


def add_root(*, actor: Actor, use: bool = True) -> int:
    """The version of a new root key in the key file; the line in the log is written first, the file is the act."""
    require(actor, PERMISSION)
    with transaction.atomic():
        retired = RetiredRoot.objects.aggregate(most=Max("version"))["most"] or 0
        version = max([retired, *keyring.newest_keys().roots]) + 1
        log.record(actor=actor, action="root_key.added", data={"root_version": version, "in_use": use})
        keyfile.add_root(keyring.keys_path(), use=use, above=retired)
    keyring.newest_keys()
    return version


def rotate(*, actor: Actor, limit: int = STEP) -> Iterator[tuple[KeyUser, Step]]:
    """Wrap everything by the key file's current version, step by step; each step is a transaction of its own with its line.

    Stopped anywhere, the next call goes on with what is left: a thing's own root version says whether it is done.
    """
    require(actor, PERMISSION)
    for user in registered():
        after: int | None = 0
        while after is not None:
            step = rewrap_step(actor=actor, user=user, after=after, limit=limit)
            if step.done:
                yield user, step
            after = step.after


@transaction.atomic
def rewrap_step(*, actor: Actor, user: KeyUser, after: int = 0, limit: int = STEP) -> Step:
    """One step for one user of root keys; at most ``limit`` things with an id above ``after``."""
    require(actor, PERMISSION)
    version = keyring.newest_keys().current
    step = user.rewrap(version, after, limit)
    if step.done:
        log.record(actor=actor, action="data_keys.rewrapped", data={"kind": user.key, "keys": step.done, "root_version": version})
    return step


def retire(*, actor: Actor, version: int) -> None:
    """Take a root version out of use and out of the key file; StillNeeded names who needs it.

    What was wrapped by it in older backups cannot be opened any more from then on, erased people included: that is its purpose.
    """
    require(actor, PERMISSION)
    keys = keyring.newest_keys()
    if version == keys.current:
        raise CurrentVersion
    if version not in keys.roots:
        raise UnknownVersion
    with transaction.atomic():
        _refuse_writers()
        needed = [format_lazy("{} ({})", user.name, count) for user in registered() if (count := user.versions().get(version))]
        if needed:
            raise StillNeeded(version, ", ".join(str(part) for part in needed))
        RetiredRoot.objects.get_or_create(version=version, defaults={"retired_at": timezone.now()})
        log.record(actor=actor, action="root_key.retired", data={"root_version": version})
    keyfile.remove_root(keyring.keys_path(), version)
    keyring.forget()


def _refuse_writers() -> None:
    with connection.cursor() as cursor:
        for table in sorted({table for user in registered() for table in user.tables}):
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN SHARE MODE")


# -- the first user: the data keys


_LOOSE = """
WITH RECURSIVE v(version) AS (
    (SELECT root_version FROM fields_datakey ORDER BY root_version LIMIT 1)
    UNION ALL
    SELECT (SELECT k.root_version FROM fields_datakey k WHERE k.root_version > v.version ORDER BY k.root_version LIMIT 1)
    FROM v WHERE v.version IS NOT NULL)
SELECT v.version, (SELECT count(*) FROM fields_datakey k WHERE k.root_version = v.version AND k.destroyed_at IS NULL)
FROM v WHERE v.version IS NOT NULL
"""
_WRITE = """
UPDATE fields_datakey k SET root_version = %s, wrapped = n.wrapped
FROM unnest(%s::bigint[], %s::bytea[]) AS n(id, wrapped) WHERE k.id = n.id
"""


def _data_key_versions() -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_LOOSE)
        return {version: count for version, count in cursor.fetchall() if count}


def _rewrap_data_keys(version: int, after: int, limit: int) -> Step:
    root = keyring.root_key(version)
    waiting = DataKey.objects.exclude(root_version=version).filter(destroyed_at=None, pk__gt=after).order_by("pk")
    keys = list(waiting.select_for_update(no_key=True, of=("self",))[:limit])
    fresh = [cipher.wrap(root, version, _unwrapped(key)) for key in keys]
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [version, [key.pk for key in keys], fresh])
    if keys or not after:
        return Step(done=len(keys), after=keys[-1].pk if keys else None)
    # Keys that another process made or wrapped below the cursor meanwhile: once more from the beginning, until there are none.
    return Step(done=0, after=0 if waiting.model.objects.exclude(root_version=version).filter(destroyed_at=None).exists() else None)


def _unwrapped(key: DataKey) -> bytes:
    return cipher.unwrap(keyring.root_key(key.root_version), key.root_version, bytes(key.wrapped))


DATA_KEYS = KeyUser(
    key="data_keys",
    name=_("data keys of customers and files"),
    versions=_data_key_versions,
    rewrap=_rewrap_data_keys,
    tables=("fields_datakey",),
)
