"""Proof 7: a million data keys get another root key while readers that remember nothing read on.

Each key seals a value here; every hundredth is read again and again from another session of the database. Afterwards every key is
unwrapped by the new root key and compared with what it was. A rotation that wraps wrongly must be told by it.

What it cannot find: a read in the moment in which a version is retired (`test_rotation`: that waits until nothing needs it); readers in
other processes with other key files; the time of a machine with slower disks, which is not claimed.

Requirements: R269.
"""

import hashlib
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from crm.fields import cipher, keyring, rotation
from crm.fields.tests.test_rotation import LABEL, key_file, reader

__all__ = ["key_file"]
pytestmark = pytest.mark.django_db(transaction=True)
READ_EACH = 100


def planted(count: int) -> list[tuple[int, Any, bytes]]:
    """Make so many data keys in one sweep; return the sealed values that are read."""
    root, now, keys = keyring.root_key(1), timezone.now(), {}
    with connection.cursor() as cursor, cursor.copy("COPY fields_datakey (id, root_version, wrapped, created_at) FROM STDIN") as rows:
        for key_id in range(1, count + 1):
            key = AESGCM.generate_key(256)
            rows.write_row((key_id, 1, cipher.wrap(root, 1, key), now))
            if key_id % READ_EACH == 0:
                keys[key_id] = key
    read = []
    for key_id, key in keys.items():
        seal_id = uuid4()
        read.append((key_id, seal_id, cipher.encrypt(AESGCM(key), key_id, LABEL, seal_id, f"value {key_id}")))
    return read


def digest() -> tuple[int, str]:
    """Return how many keys there are, and one hash over all of them, unwrapped."""
    told, counted, after = hashlib.sha256(), 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, root_version, wrapped FROM fields_datakey WHERE id > %s ORDER BY id LIMIT 20000", [after])
            rows = cursor.fetchall()
        for _id, version, wrapped in rows:
            told.update(cipher.unwrap(keyring.root_key(version), version, bytes(wrapped)))
        counted, after = counted + len(rows), rows[-1][0] if rows else after
        if not rows:
            return counted, told.hexdigest()


@pytest.mark.parametrize("count", [2_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_no_read_fails_at_any_size(key_file: Path, count: int) -> None:
    """R269: 0 failed reads, every key as it was, all of them under the new version."""
    rows = planted(count)
    before = digest()
    done, failed, read = threading.Event(), list[Exception](), list[int]()
    readers = [threading.Thread(target=reader(part, done, failed, read)) for part in (rows[::2], rows[1::2])]
    for thread in readers:
        thread.start()
    began = time.monotonic()
    try:
        call_command("rotate_keys", "--new-root")
    finally:
        seconds = time.monotonic() - began
        done.set()
        for thread in readers:
            thread.join()
    print(f"\nrotation: {count} data keys in {seconds:.0f} s, {len(read)} reads beside it, {len(failed)} failed")
    assert failed == []
    assert len(read) >= len(rows)
    assert rotation.versions_in_use() == {2: count}
    assert digest() == before


def test_a_rotation_that_wraps_wrongly_is_told(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One key exchanged for another: the hash over all tells it."""
    planted(200)
    before, wrap = digest(), cipher.wrap
    monkeypatch.setattr(cipher, "wrap", lambda root, version, key: wrap(root, version, key[::-1]))
    call_command("rotate_keys", "--new-root")
    assert digest() != before
