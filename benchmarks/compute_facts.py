"""`manage.py compute_facts` on a shuffled file like the simulated card transactions of the fraud-detection handbook: twelve facts a row.

    python -m benchmarks.compute_facts [--rows 1750000] [--sample 10]

Prints one JSON object: rows a second; processor seconds of the command and of its server process; the same file by plain COPY in and out
of a bare temporary table (text as it stands, nothing computed); and the same windows by two pointers in pure Python over every tenth
customer (``--sample``), whose cells are compared with the command's. Ends with status 1 when a cell differs.
"""

import argparse
import csv
import io
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from crm.operations.testing import Run

RUN = Run()
HEADING = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]
DAYS = (1, 7, 30)
OF_KEY = [fact for days in DAYS for fact in (f"count({days}d)", f"mean(amount, {days}d)")]
OF_OTHER = [f"{fact}(label, {days}d) per counterparty" for days in DAYS for fact in ("count", "rate")]
COLUMNS = {"id": HEADING[0], "time": HEADING[1], "key": HEADING[2], "counterparty": HEADING[3], "amount": HEADING[4], "label": HEADING[5]}
BARE = "CREATE TEMPORARY TABLE bare (id text, at text, key text, other text, amount text, label text) ON COMMIT DROP"
SECOND = 1_000_000
START = datetime(2018, 4, 1, tzinfo=UTC)


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """Return what this part can be told, from the command line or with its usual values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 1_750_000), ("sample", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args(words)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    RUN.enter()
    try:
        RUN.start()
        RUN.renew_database()
        os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
        import django

        django.setup()
        with tempfile.TemporaryDirectory() as folder:
            return _measured(Path(folder), options.rows, options.sample)
    finally:
        RUN.leave()


def _measured(folder: Path, rows: int, sample: int) -> dict[str, Any]:
    source, out = folder / "events.csv", folder / "facts.csv"
    write_events(source, rows)
    before = copied(source)
    seconds, client, server = computed(source, out)
    after = copied(source)
    taken, spent, count, differing = in_python(source, out, sample)
    copy = (before + after) / 2
    return {
        "rows": rows,
        "facts": len(OF_KEY + OF_OTHER),
        "file_mb": round(source.stat().st_size / 2**20, 1),
        "seconds": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "cpu_s_command": round(client, 1),
        "cpu_s_server": round(server, 1),
        "copy_in_and_out_s": round(copy, 1),
        "times_copy": round(seconds / copy, 2),
        "python_sample_rows": count,
        "python_rows_per_s": round(count / taken),
        "times_python": round(rows / seconds / (count / taken), 2),
        "rows_per_cpu_s": round(rows / (client + server)),
        "python_rows_per_cpu_s": round(count / spent),
        "compared_cells": count * len(OF_KEY),
        "floors": {"differing_cells": {"floor": 0, "found": differing, "met": differing == 0}},
    }


def write_events(path: Path, rows: int) -> None:
    """Write a file of events in random order: about two a day and customer over half a year, to the second, ids in the order of time."""
    drawn = random.Random(2018)
    customers, terminals = max(rows // 350, 5), max(rows // 175, 10)
    moments = sorted(drawn.randrange(183 * 86_400) for _event in range(rows))
    lines = []
    for number, second in enumerate(moments):
        customer = drawn.randrange(customers)
        at = (START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")
        amount = drawn.lognormvariate(3.6, 0.8)
        bad = int(drawn.random() < 0.01)
        lines.append(f"{number},{at},{customer},{(customer * 7 + drawn.randrange(12)) % terminals},{amount:.2f},{bad}\n")
    drawn.shuffle(lines)
    path.write_text(",".join(HEADING) + "\n" + "".join(lines))


def computed(source: Path, out: Path) -> tuple[float, float, float]:
    """Run the command; return seconds, and processor seconds of this process and of its server process."""
    import psutil
    from django.core.management import call_command
    from django.db import connection

    connection.ensure_connection()
    server = psutil.Process(connection.connection.info.backend_pid)
    began, own, other = time.perf_counter(), time.process_time(), sum(server.cpu_times()[:2])
    facts = ", ".join(OF_KEY + OF_OTHER)
    call_command("compute_facts", source, out=out, facts=facts, label_delay="7d", zone="UTC", stdout=io.StringIO(), **COLUMNS)
    return time.perf_counter() - began, time.process_time() - own, sum(server.cpu_times()[:2]) - other


def copied(source: Path) -> float:
    """Return the seconds that the same file takes through a bare table and out again, as text and in no order."""
    from django.db import connection, transaction

    began = time.perf_counter()
    with transaction.atomic():
        cursor = connection.connection.cursor()
        cursor.execute(BARE)
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as into, source.open("rb") as file:
            while block := file.read(2**18):
                into.write(block)
        with cursor.copy("COPY bare TO STDOUT (FORMAT csv)") as out, source.with_suffix(".copy").open("wb") as file:
            for piece in out:
                file.write(piece)
    return time.perf_counter() - began


def in_python(source: Path, out: Path, sample: int) -> tuple[float, float, int, int]:
    """Compute customers' facts by two pointers in pure Python; return seconds, processor seconds, rows, and cells that differ.

    Half of the command's facts, of every ``sample``-th customer; reading and parsing count, as they do for the command.
    """
    began, own = time.perf_counter(), time.process_time()
    histories: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    with source.open() as file:
        for line in file:
            number, at, customer, _other, amount, _label = line.split(",")
            if customer.isdigit() and int(customer) % sample == 0:
                since = datetime.fromisoformat(at).replace(tzinfo=UTC) - START
                histories[customer].append(((since // timedelta(microseconds=1)), int(number), int(amount.replace(".", ""))))
    found: dict[int, list[Decimal]] = {}
    for history in histories.values():
        history.sort()
        by_window = [_window(history, days * 86_400 * SECOND) for days in DAYS]
        for (_at, number, _cents), *windows in zip(history, *by_window, strict=True):
            found[number] = [cell for window in windows for cell in window]
    seconds, spent = time.perf_counter() - began, time.process_time() - own
    with out.open() as file:
        rows = csv.reader(file)
        next(rows)
        told = {int(number): cells for number, *cells in rows if int(number) in found}
    differing = sum(
        Decimal(cell) != mine for number, cells in told.items() for cell, mine in zip(cells[: len(OF_KEY)], found[number], strict=True)
    )
    return seconds, spent, len(found), differing + len(OF_KEY) * (len(found) - len(told))


def _window(history: list[tuple[int, int, int]], length: int) -> list[tuple[Decimal, Decimal]]:
    cells = []
    low = cents = 0
    for place, (at, _number, amount) in enumerate(history):
        cents += amount
        while history[low][0] <= at - length:
            cents -= history[low][2]
            low += 1
        count = place - low + 1
        cells.append((Decimal(count), (Decimal(cents) / (100 * count)).quantize(Decimal("1e-8"), ROUND_HALF_UP)))
    return cells


if __name__ == "__main__":
    answer = measured(options_of())
    print(json.dumps(answer))
    sys.exit(bool(answer["floors"]["differing_cells"]["found"]))
