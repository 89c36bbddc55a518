"""Rotation while the product runs, the end of an old root version, keys in two halves, keys that are lost.

Requirements: R269, R270.
"""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from crm.access import roles
from crm.access.actor import SYSTEM
from crm.access.reach import Reach
from crm.fields import cipher, halves, keyfile, keyprobe, keyring, rotation
from crm.fields.checks import keys_open_what_is_stored
from crm.fields.errors import KeyDestroyed, KeysUnusable
from crm.fields.models import DataKey
from crm.fields.services import new_data_keys, seal_value
from crm.fields.tests.test_keys import write
from crm.log.models import Event
from crm.operations import views
from crm.tests.personas import Bank, browser
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)
LABEL = "tests.rotation"


@pytest.fixture
def key_file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = write(tmp_path / "keys.json")
    settings.KEYS_FILE = path
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.ALL])
    yield path
    keyring.forget()


def sealed(count: int) -> list[tuple[int, Any, bytes]]:
    rows = []
    for key in new_data_keys(count):
        seal_id = uuid4()
        rows.append((key.pk, seal_id, seal_value(key, LABEL, seal_id, f"value {key.pk}")))
    return rows


def reader(rows: list[tuple[int, Any, bytes]], done: threading.Event, failed: list[Exception], read: list[int]) -> Callable[[], None]:
    """A thread that opens every value again and again, each time with nothing remembered."""

    def run() -> None:
        while not done.is_set() or not read:
            for key_id, seal_id, data in rows:
                keyring.cache.drop(key_id)
                try:
                    assert cipher.decrypt(keyring.by_id(key_id), LABEL, seal_id, data) == f"value {key_id}"
                except Exception as error:  # noqa: BLE001 - whatever fails is what this test is about
                    failed.append(error)
                read.append(key_id)
        connection.close()

    return run


def rotated_beside_readers(count: int, step: int) -> tuple[int, list[Exception]]:
    """Rotate under two readers; return how many values they read meanwhile, and what failed."""
    rows = sealed(count)
    done, failed, read = threading.Event(), list[Exception](), list[int]()
    readers = [threading.Thread(target=reader(rows, done, failed, read)) for _number in range(2)]
    for thread in readers:
        thread.start()
    try:
        call_command("rotate_keys", "--new-root", "--step", str(step))
    finally:
        done.set()
        for thread in readers:
            thread.join()
    return len(read), failed


def test_no_read_fails_while_keys_rotate(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R269: two readers that remember nothing, and a writer that makes keys, beside the rotation."""
    read, failed = rotated_beside_readers(120, 20)
    assert failed == []
    assert read >= 120
    assert rotation.versions_in_use() == {2: 120}
    assert "120 keys wrapped by root version 2" in capsys.readouterr().out
    assert Event.objects.filter(action="data_keys.rewrapped").count() == 6
    print(f"{read} reads beside a rotation of 120 keys, {len(failed)} failed")


def test_a_rotation_that_was_cut_off_goes_on(key_file: Path) -> None:
    rows = sealed(50)
    rotation.add_root(actor=SYSTEM)
    next(rotation.rotate(actor=SYSTEM, limit=20))
    assert rotation.versions_in_use() == {1: 30, 2: 20}
    assert [step.done for _user, step in rotation.rotate(actor=SYSTEM, limit=20)] == [20, 10]
    keyring.cache.clear()
    assert all(cipher.decrypt(keyring.by_id(key_id), LABEL, seal_id, data) == f"value {key_id}" for key_id, seal_id, data in rows)


def test_a_version_retires_only_when_nothing_needs_it(key_file: Path) -> None:
    sealed(3)
    rotation.add_root(actor=SYSTEM)
    with pytest.raises(CommandError, match=r"version 1 is still needed by data keys of customers and files \(3\)"):
        call_command("rotate_keys", "--retire", "1")
    with pytest.raises(CommandError, match="add a new one first"):
        call_command("rotate_keys", "--retire", "2")
    assert sorted(keyfile.read(key_file).roots) == [1, 2]
    call_command("rotate_keys")
    call_command("rotate_keys", "--retire", "1")
    assert sorted(keyfile.read(key_file).roots) == [2]
    assert Event.objects.filter(action="root_key.retired").count() == 1
    with pytest.raises(IntegrityError, match="retired"), transaction.atomic():  # a process that knows an old file makes no key by it
        DataKey.objects.create(root_version=1, wrapped=b"x" * 61)
    assert rotation.add_root(actor=SYSTEM) == 3


def test_another_user_of_root_keys_is_named_and_taken_along(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {1: 2}

    def rewrap(version: int, after: int, limit: int) -> rotation.Step:
        moved = held.pop(1, 0)
        return rotation.Step(done=moved, after=None)

    user = rotation.KeyUser(key="other", name="files of a test", versions=lambda: held, rewrap=rewrap, tables=())
    monkeypatch.setitem(rotation._users, "other", user)
    rotation.add_root(actor=SYSTEM)
    with pytest.raises(rotation.StillNeeded, match=r"files of a test \(2\)"):
        rotation.retire(actor=SYSTEM, version=1)
    assert [found.key for found, _step in rotation.rotate(actor=SYSTEM)] == ["other"]
    rotation.retire(actor=SYSTEM, version=1)


def test_a_running_process_meets_the_new_version(key_file: Path) -> None:
    """Added beside it (another process wrote the file), not yet in use until it is said so."""
    assert keyring.root_keys().current == 1
    keyfile.add_root(key_file, use=False)
    assert new_data_keys(1)[0].root_version == 1
    assert keyring.root_key(2)
    keyfile.use_newest(key_file)
    assert new_data_keys(1)[0].root_version == 2


def test_two_halves_make_the_file_again(key_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R270: each half alone holds nothing of the keys; the log says that they were written."""
    call_command("split_key", str(tmp_path))
    one, two, target = tmp_path / "crm-key-half-1.json", tmp_path / "crm-key-half-2.json", tmp_path / "again.json"
    assert [path.stat().st_mode & 0o777 for path in (one, two)] == [0o600, 0o600]
    for half in (one, two):
        content = halves._parsed(half.read_text()).body
        assert content != key_file.read_bytes()
        assert b"root_keys" not in content
    call_command("join_key", str(two), str(one), str(target))
    assert target.read_bytes() == key_file.read_bytes()
    assert Event.objects.filter(action="root_key.split").count() == 1
    assert "sealed envelope" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nothing is overwritten"):
        call_command("join_key", str(one), str(two), str(target))


def test_halves_that_do_not_fit_are_told_apart(key_file: Path) -> None:
    (one, two), (other, _rest) = halves.split(b"x" * 40), halves.split(b"x" * 40)
    slip = json.loads(one.text())
    slip["body"][0] = "A" + slip["body"][0][1:] if slip["body"][0][0] != "A" else "B" + slip["body"][0][1:]
    for first, second, words in (
        (one.text(), one.text(), "two copies of half 1"),
        (other.text(), two.text(), "not made together"),
        (json.dumps(slip), two.text(), "has a slip"),
        ("paper", two.text(), "not a half"),
    ):
        with pytest.raises(halves.BadHalves, match=words):
            halves.join(first, second)


LOST: dict[str, tuple[dict[str, Any], str]] = {
    "version missing": ({"root_keys": {"7": "A" * 43 + "="}}, "lacks root key version 1"),
    "another root key": ({"root_keys": {"1": "A" * 43 + "="}}, "is not the one that wrapped"),
    "another index key": ({"index_key": "A" * 43 + "="}, "indexed with"),
}


@pytest.mark.parametrize("case", LOST)
def test_lost_keys_are_told_at_start_and_by_health(case: str, zhang_wei: Customer, tmp_path: Path, settings: Any) -> None:
    """R270: no server starts with keys that do not open what is stored, health says so, a page says it in a sentence."""
    assert list(keys_open_what_is_stored(None)) == []
    changes, words = LOST[case]
    settings.KEYS_FILE = write(tmp_path / "keys.json", **(json.loads(keyring.keys_path().read_text()) | changes))
    found = keys_open_what_is_stored(None)
    assert [problem.id for problem in found] == ["fields.E007"]
    assert words in found[0].msg
    assert "join_key" in str(found[0].hint)
    views._Keys.looked_at = float("-inf")
    answer = Client().get("/health/")
    assert (answer.status_code, answer.json()["keys"]) == (503, "unusable")
    views._Keys.looked_at = float("-inf")


def test_a_page_without_its_key_is_a_sentence_and_no_500(
    bank: Bank, sun_yue: Any, zhang_wei: Customer, tmp_path: Path, settings: Any
) -> None:
    settings.KEYS_FILE = write(
        tmp_path / "keys.json", **{**json.loads(keyring.keys_path().read_text()), "root_keys": {"7": "A" * 43 + "="}}
    )
    page = browser(sun_yue).get(f"/customers/{zhang_wei.reference}/")
    assert page.status_code == 503
    assert "keys of this system are missing" in page.content.decode()
    with pytest.raises(KeysUnusable):
        Customer.objects.get(pk=zhang_wei.pk).mobile.open()


def test_a_key_destroyed_elsewhere_is_dropped_at_the_next_look(key_file: Path, superuser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process destroys; this one, which remembers the key, asks the database before it opens again."""
    [(key_id, _seal_id, _data)] = sealed(1)
    keyring.by_id(key_id)
    superuser.execute("UPDATE fields_datakey SET wrapped = '', destroyed_at = now() WHERE id = %s", [key_id])
    superuser.commit()
    monkeypatch.setattr(keyring, "ASK_SECONDS", 0.0)
    with pytest.raises(KeyDestroyed):
        keyring.by_id(key_id)


def test_without_the_probe_nothing_would_be_told(zhang_wei: Customer) -> None:
    assert keyprobe.problems() == []
