"""Making data keys, sealing in bulk, and letting a person see a value in clear."""

import os
from uuid import UUID

from crm.fields import cipher, keyring
from crm.fields.blind import blind_index
from crm.fields.models import DataKey

__all__ = ["blind_index", "new_data_key", "new_data_keys", "seal_value"]


def new_data_key() -> DataKey:
    """A new data key, stored wrapped; everything of one customer is sealed under it."""
    return new_data_keys(1)[0]


def new_data_keys(count: int) -> list[DataKey]:
    """``count`` new data keys in one insert."""
    version = keyring.root_keys().current
    root = keyring.root_key(version)
    return DataKey.objects.bulk_create(
        DataKey(root_version=version, wrapped=cipher.wrap(root, version, os.urandom(cipher.KEY_BYTES)))
        for _ in range(count)
    )


def seal_value(data_key: DataKey, label: str, seal_id: UUID, text: str) -> bytes:
    """The sealed bytes of one value, for rows written without a model (COPY); pure but for the nonce."""
    aead = keyring.opened(data_key.pk, data_key.root_version, data_key.wrapped, label=label)
    return cipher.encrypt(aead, data_key.pk, label, seal_id, text)
