"""Root keys come from a file only their owner can read; rotation re-wraps data keys and nothing else (R269)."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from crm.access import roles
from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.access.reach import Reach
from crm.fields import keyfile, keyring
from crm.fields.errors import KeysUnusable
from crm.fields.models import DataKey
from crm.fields.rotation import DATA_KEYS, rewrap_step
from crm.fields.services import destroy_data_key, new_data_key
from crm.fields.tests.vault import Vault
from crm.log.models import Event

ID = "11010519491231002X"


def write(path: Path, /, **changes: Any) -> Path:
    key = base64.b64encode(os.urandom(32)).decode()
    content = {"secret_key": "other part", "root_keys": {"1": key}, "index_key": key, **changes}
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path


@pytest.fixture
def key_file(tmp_path: Path, settings: Any) -> Path:
    path = write(tmp_path / "keys.json")
    settings.KEYS_FILE = path
    return path


@pytest.fixture
def system_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.ALL])


def test_missing_file_says_what_to_do(tmp_path: Path, settings: Any) -> None:
    settings.KEYS_FILE = tmp_path / "none.json"
    with pytest.raises(KeysUnusable, match="make run"):
        keyring.root_keys()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_others_can_read_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        keyring.root_keys()


@pytest.mark.parametrize("changes", [{"root_keys": {}}, {"root_keys": {"1": "c2hvcnQ="}}, {"index_key": "%"}, {"root_keys": 5}])
def test_a_malformed_file_is_refused(key_file: Path, changes: dict[str, Any]) -> None:
    write(key_file, **changes)
    with pytest.raises(KeysUnusable):
        keyring.root_keys()


def test_production_refuses_keys_inside_the_state_folder(tmp_path: Path, settings: Any) -> None:
    settings.HOME = tmp_path
    settings.KEYS_FILE = write(tmp_path / "keys.json")
    settings.ENV = "production"
    with pytest.raises(KeysUnusable, match="CRM_KEYS_FILE"):
        keyring.root_keys()
    settings.HOME = tmp_path / "state"
    assert keyring.root_keys().current == 1


@pytest.mark.usefixtures("vault", "system_may")
def test_rotation_wraps_data_keys_anew_and_leaves_values_alone(key_file: Path) -> None:
    row = Vault.objects.create(data_key=new_data_key(), id_number=ID)
    before, index = row.id_number.data, bytes(row.id_number_index)
    assert keyfile.add_root(key_file) == 2
    assert json.loads(key_file.read_text())["secret_key"] == "other part"
    keyring.forget()
    call_command("rotate_keys")
    assert not DataKey.objects.filter(root_version=1).exists()
    assert Event.objects.filter(action="data_keys.rewrapped").count() == 1
    roots = json.loads(key_file.read_text())
    del roots["root_keys"]["1"]  # version 1 wraps nothing any more
    write(key_file, **roots)
    keyring.forget()
    again = Vault.objects.get(pk=row.pk)
    assert again.id_number.open() == ID
    assert again.id_number.data == before
    assert bytes(again.id_number_index) == index
    assert rewrap_step(actor=SYSTEM, user=DATA_KEYS).done == 0


@pytest.mark.usefixtures("vault", "system_may")
def test_destroying_a_key_erases_its_values_and_is_written_down() -> None:
    row = Vault.objects.create(data_key=new_data_key(), id_number=ID)
    destroy_data_key(actor=SYSTEM, data_key=row.data_key, reason="asked for erasure", customer="C-TEST2345")
    assert bytes(DataKey.objects.get(pk=row.data_key_id).wrapped) == b""
    assert str(Vault.objects.get(pk=row.pk).id_number) not in ("", ID)
    line = Event.objects.get(action="data_key.destroyed")
    assert (line.customer, line.reason) == ("C-TEST2345", "asked for erasure")


@pytest.mark.usefixtures("vault")
def test_people_do_not_rotate_or_destroy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.NONE])
    key = new_data_key()
    for act in (
        lambda: rewrap_step(actor=SYSTEM, user=DATA_KEYS),
        lambda: destroy_data_key(actor=replace(SYSTEM), data_key=key, reason="x"),
    ):
        with pytest.raises(Refused):
            act()
    assert DataKey.objects.get(pk=key.pk).destroyed_at is None


def test_the_cache_is_bounded_and_forgets() -> None:
    cache = keyring._Cache(size=3, seconds=60)
    for number in range(5):
        cache.put(number, object())  # type: ignore[arg-type]
    assert len(cache) == 3
    assert cache.get(0) is None
    assert cache.get(4) is not None
    stale = keyring._Cache(size=3, seconds=-1)
    stale.put(1, object())  # type: ignore[arg-type]
    assert stale.get(1) is None
