"""`manage.py load_transactions`: the file pages' work by a command, with the same answers.

Requirements: R087, R183.
"""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from crm.log.models import Event
from crm.staff.models import User
from products.models import Account
from transactions import importers
from transactions.models import FileImport, Source, Transaction
from transactions.tests.test_files import line, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("salary_account")]
KINDS = ["--default", "kind=transfer", "--default", "channel=batch"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three rows."""
    path = tmp_path / "night.csv"
    path.write_bytes(text(line(1), line(2), line(3)))
    return path


def load(path: Path, *words: str, number: str = "84001") -> dict[str, Any]:
    """What the command printed."""
    out = StringIO()
    call_command("load_transactions", str(path), "--source", "core", "--as", number, *KINDS, *words, stdout=out)
    return dict(json.loads(out.getvalue()))


def test_a_file_is_loaded_once(file: Path, core: Source, operations: User) -> None:
    first, again = load(file), load(file)
    assert (first["rows_new"], again["rows_new"], again["rows_same"]) == (3, 0, 3)
    assert Transaction.objects.filter(source=core, entered_by=operations).count() == 3
    uploaded = Event.objects.filter(action="file_import.uploaded").latest("pk")
    assert (uploaded.actor_number, uploaded.origin) == ("84001", "command")


def test_a_bad_row_keeps_the_file_out_and_is_named(file: Path, core: Source, operations: User) -> None:
    file.write_bytes(text(line(1), line(2, debit="1O0.00")))
    with pytest.raises(CommandError, match=r"1 bad rows.\nRow 3, 借方金额: .*1O0\.00"):
        load(file)
    assert not Transaction.objects.exists()
    assert load(file, "--skip-bad-rows")["rows_new"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "cores"], "no source cores"),
        (["--as", "99999"], "nobody with the number 99999"),
        (["--mapping", "old"], "no column mapping old"),
        (["--default", "kind"], "FIELD=VALUE"),
    ],
)
def test_what_is_wrong_is_said(file: Path, core: Source, operations: User, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        load(file, *words)
    assert not Transaction.objects.exists()


def test_accounts_that_are_busy_for_too_long_are_said_and_the_file_can_be_loaded_again(
    file: Path, core: Source, operations: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_values: object) -> None:
        raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")

    with monkeypatch.context() as patch:
        patch.setattr(importers, "_load_whole", gives_up)
        with pytest.raises(CommandError, match=r"due to lock timeout\. Load the file again"):
            load(file)
    assert FileImport.objects.get().state == "failed"
    assert load(file)["rows_new"] == 3


def test_nobody_loads_without_the_right(file: Path, core: Source, sun_yue: User) -> None:
    with pytest.raises(CommandError, match="80001 may not"):
        load(file, number="80001")
    assert not FileImport.objects.exists()


def test_a_missing_file_is_named(tmp_path: Path, core: Source, operations: User, salary_account: Account) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        load(tmp_path / "absent.csv")
