"""The public simulation: both sides of every transfer are stored and judged once, whatever is loaded again.

Requirements: R114.
"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from demo.loading.simulation import FIRST_DAY, both_sides, moments, read_transfers
from transactions.choices import Screening
from transactions.models import Transaction

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "amlsim"

ACCOUNTS = "nodeid,isFraud,init_balance,fraudStep\n0,0,184.44,-1\n1,1,175.80,3\n2,1,142.06,3\n3,0,125.89,-1\n"
TRANSFERS = "sourceNodeId,targetNodeId,value,time\n0,1,600.00,1\n3,1,590.00,1\n1,2,1180.00,1\n2,3,163.30,2\n0,3,12.5,3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a simulation of four accounts and five transfers."""
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "transactions.csv").write_text(TRANSFERS)
    return tmp_path


def run(folder: Path, **options: object) -> dict[str, object]:
    """Return the JSON object of the last line printed."""
    out = StringIO()
    call_command("load_amlsim", folder, stdout=out, processes=1, **options)
    answer: dict[str, object] = json.loads(out.getvalue().strip().splitlines()[-1])
    return answer


def test_transfers_of_a_day_keep_the_order_of_the_file(folder: Path) -> None:
    """One step is one day, and no two transfers of a day happen at once."""
    transfers = read_transfers(folder)
    times = moments(transfers)
    assert times == sorted(set(times))
    assert [(at.date() - FIRST_DAY).days + 1 for at in times] == [transfer.step for transfer in transfers]


def test_two_sides_have_ids_of_their_own(folder: Path) -> None:
    """The external id is file:line:side, the heading being line 1."""
    (first, *_rest) = read_transfers(folder)
    sides = [row for _node, row in both_sides(first, moments([first])[0], ["甲", "乙"], first.amount / first.amount)]
    assert [row.external_id for row in sides] == ["transactions.csv:2:D", "transactions.csv:2:C"]
    assert sides[0].counterparty_account == sides[1].account
    assert sides[0].transfer_id == sides[1].transfer_id


@pytest.mark.django_db(transaction=True)
def test_loading_again_adds_nothing(folder: Path) -> None:
    """Everything is stored and judged once; the last line says what was found."""
    first = run(folder, scale="100")
    assert (first["rows"], first["transactions"], first["new"]) == (5, 10, 10)
    assert set(Transaction.objects.values_list("screening", flat=True)) == {Screening.JUDGED}
    assert {"seconds_import", "seconds_judge", "alerts", "precision", "recall"} <= first.keys()
    # 59,000 and 60,000 come in and 118,000 leave on one day: the second account lets money through.
    assert (first["precision"], first["recall"]) == (1.0, 0.5)
    second = run(folder, scale="100")
    assert (second["rows"], second["transactions"], second["new"]) == (5, 10, 0)
    assert Transaction.objects.count() == 10
    with pytest.raises(CommandError, match="amount"):
        run(folder, scale="50")


@pytest.mark.django_db
def test_other_folders_are_refused(tmp_path: Path) -> None:
    """The message names what is missing."""
    with pytest.raises(CommandError, match="accounts"):
        run(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the public simulation is not beside this clone (../shared/data/amlsim)")
def test_real_file_has_the_rows_it_should() -> None:
    """120,558 transfers over 20,000 accounts."""
    assert len(read_transfers(REAL)) == 120_558
