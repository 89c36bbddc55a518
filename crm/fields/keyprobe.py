"""Whether the key file opens what is stored: one data key of each root version is unwrapped, one value of each index computed anew."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import Error, connection

from crm.fields import cipher, keyfile, keyring
from crm.fields.blind import blind_index
from crm.fields.errors import KeysUnusable, SealBroken
from crm.fields.models import SealedModel
from crm.fields.sealed import sealed_fields

_NEWEST = """
WITH RECURSIVE v(version) AS (
    (SELECT root_version FROM fields_datakey ORDER BY root_version LIMIT 1)
    UNION ALL
    SELECT (SELECT k.root_version FROM fields_datakey k WHERE k.root_version > v.version ORDER BY k.root_version LIMIT 1)
    FROM v WHERE v.version IS NOT NULL)
SELECT v.version, k.wrapped FROM v CROSS JOIN LATERAL
    (SELECT wrapped FROM fields_datakey WHERE root_version = v.version AND destroyed_at IS NULL ORDER BY id DESC LIMIT 1) k
WHERE v.version IS NOT NULL
"""


def problems() -> list[str]:
    """What is wrong with the keys, one sentence each; empty when they fit what is stored, or when the database is not there to ask."""
    try:
        keys = keyfile.read(keyring.keys_path())
    except (keyfile.BadKeyFile, KeysUnusable) as error:
        return [str(error)]
    try:
        return [*_roots(keys), *_indexes(keys)]
    except Error:
        return []  # not there, or not migrated yet: others say so
    finally:
        if not connection.in_atomic_block:
            connection.close()  # a web server forks after this


def _roots(keys: keyfile.KeyFile) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        rows = cursor.fetchall()
    for version, wrapped in rows:
        if version not in keys.roots:
            yield f"The key file lacks root key version {version}: what it wrapped cannot be opened."
            continue
        try:
            cipher.unwrap(keys.roots[version], version, bytes(wrapped))
        except SealBroken:
            yield f"Root key version {version} in the key file is not the one that wrapped the stored data keys."


def _indexes(keys: keyfile.KeyFile) -> Iterator[str]:
    if keys.index == keyring.root_keys().index:
        for model in apps.get_models():
            if issubclass(model, SealedModel) and model._meta.managed and _misfits(model):
                yield f"The index key in the key file is not the one that stored numbers of {model._meta.label} were indexed with."
                return
    else:
        yield "The index key in the key file is another one than this process began with: start it again with the right file."


def _misfits(model: type[SealedModel]) -> bool:
    for field in (field for field in sealed_fields(model) if field.index):
        rows: Any = model._base_manager.exclude(**{field.index: None}).filter(data_key__destroyed_at=None).order_by("-pk")
        row = rows.first()
        if row is None:
            continue
        try:
            return blind_index(field.label, getattr(row, field.name).open()) != bytes(getattr(row, field.index))
        except (SealBroken, KeysUnusable):
            return False  # one value that was tampered with, or a root key that is told already
    return False
