"""The bulk path, from the bytes of a file to verdicts, alerts and lines of the log, beside a plain COPY of the same rows.

    python -m benchmarks.bulk [--transactions 200000] [--hot 20000] [--accounts 50000] [--history 5000000] [--quick]

As in operation: a file is released, a worker loads it piece by piece, and the other worker judges what was recorded, each by the
product's own tasks through the broker. The file is cut into five slices. Each slice is timed from its release to the last verdict; then
its rows, as the ledger holds them, are copied into the same table (indexes, foreign keys, triggers, the same history) of another copy of
the bank, and into a bare table with a primary key. Shares are of one slice each, medians of five.

Afterwards, in one process: what each stage costs in processor time; what a movement of an ordinary account and of a merchant's costs to
judge (the slope per 100 rows within reach); the same at a tenth of the accounts and history, which is the same density; what the log
takes of it; and how quickly its lines are verified. `measured` returns it all.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks import bulk_stages
from benchmarks.world import Size, World, running
from crm.operations.first_steps import ROOT

if TYPE_CHECKING:
    import psycopg

SLICES = 5
OTHER = "copied"
PATIENCE = 1_800
STORED = "COPY (SELECT {columns} FROM transactions_transaction WHERE id > {last} ORDER BY id) TO STDOUT"
FLOORS = {"per_s": 2_500, "share_of_copy": 0.25, "share_of_bare_copy": 0.08, "verified_per_s": 500_000}
CEILINGS = {"audit_share": 0.15, "cost_at_ten_times": 1.2}


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """Return what this part can be told, from the command line or with its usual values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("transactions", 200_000), ("hot", 20_000), ("accounts", 50_000), ("history", 5_000_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of everything: does it run at all?")
    return parser.parse_args(words)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    size = Size(options.accounts, options.history)
    count, hot = options.transactions, options.hot
    if options.quick:
        size, count, hot = Size(max(size.accounts // 50, 200), size.history // 50), count // 50, hot // 50
    with running(size, broker=True) as world:
        world.renew(OTHER)
        worker = _worker(world)
        try:
            slices = _slices(world, count, hot)
        finally:
            worker.terminate()
            worker.wait(30)
        result = _summary(slices) | {"transactions": count, "hot": hot, "accounts": size.accounts, "history": size.history}
        result |= bulk_stages.measured(world, sample=max(count // 10, 1_000), hot=hot // 10)
    result["cost_at_ten_times"] = _compared(size, result["cold"]["judged_us"] + result["cold"]["recorded_us"], count)
    return result | {"floors": floors(result)}


def floors(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each floor and ceiling, what was found, and whether it is met."""
    above = {name: {"floor": floor, "found": found[name], "met": found[name] >= floor} for name, floor in FLOORS.items()}
    return above | {name: {"floor": f"≤ {most}", "found": found[name], "met": found[name] <= most} for name, most in CEILINGS.items()}


def _slices(world: World, count: int, hot: int) -> list[dict[str, float]]:
    fresh = world.draw(count, hot=hot)
    each = count // SLICES
    found = []
    with world.superuser() as ours, world.superuser(OTHER) as theirs:
        theirs.execute("CREATE TABLE bare (LIKE transactions_transaction); ALTER TABLE bare ADD PRIMARY KEY (id)")
        for number in range(SLICES):
            content = fresh.csv(number * each + 1, (number + 1) * each)
            last = _last(ours)
            found.append(_one(world, ours, content, each) | _copies(ours, theirs, last))
    return found


def _one(world: World, session: "psycopg.Connection", content: bytes, rows: int) -> dict[str, float]:
    """Release one file and wait until everything of it is judged."""
    file, actor = bulk_stages.taken_in(content, rows)
    from transactions.services import imports

    before, began = _processors(), time.perf_counter()
    imports.release(actor=actor, row=file, mode="skip_bad_rows")
    loaded = _until(session, "SELECT state = 'done' FROM transactions_fileimport WHERE id = %s", file.pk) - began
    _until(session, "SELECT NOT EXISTS (SELECT FROM transactions_transaction WHERE screening = 'owed') AND %s::bigint > 0", file.pk)
    seconds = time.perf_counter() - began
    file.refresh_from_db()
    if file.rows_new != rows:
        raise RuntimeError(f"{file.rows_new} of {rows} rows were stored, {file.rows_bad} were bad")
    return {"per_s": rows / seconds, "loaded_per_s": rows / loaded, "cpu_us": (_processors() - before) / rows * 1e6}


def _until(session: "psycopg.Connection", question: str, about: int) -> float:
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        row = session.execute(question, (about,)).fetchone()
        if row and row[0]:
            return time.perf_counter()
        time.sleep(0.02)
    raise TimeoutError(question)


def _worker(world: World) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "crm.celery", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    log = (world.home.path / "worker.log").open("wb")
    return subprocess.Popen([*command, "--loglevel", "WARNING"], cwd=ROOT, env=world.environment, stdout=log, stderr=log)


def _processors() -> float:
    """The processor seconds that this program, its workers and its server have had, in all; the server is a child of this program, too."""
    import psutil

    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))


def _last(session: "psycopg.Connection") -> int:
    row = session.execute("SELECT coalesce(max(id), 0) FROM transactions_transaction").fetchone()
    return int(row[0]) if row else 0


def _copies(ours: "psycopg.Connection", theirs: "psycopg.Connection", last: int) -> dict[str, float]:
    """COPY the rows of the slice into both tables; rows a second."""
    names = ours.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = 'transactions_transaction'::regclass AND attnum > 0 AND NOT attisdropped"
    ).fetchone()
    columns = str(names[0]) if names else ""
    data = _out(ours, STORED.format(columns=columns, last=last))
    rows = data.count(b"\n")
    found = {}
    for name, table in (("copy_per_s", "transactions_transaction"), ("bare_copy_per_s", "bare")):
        began = time.perf_counter()
        with theirs.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as into:
            into.write(data)
        found[name] = rows / (time.perf_counter() - began)
    return found


def _out(session: "psycopg.Connection", statement: str) -> bytes:
    with session.cursor() as cursor, cursor.copy(statement.encode()) as out:
        return b"".join(bytes(part) for part in out)


def _summary(slices: list[dict[str, float]]) -> dict[str, Any]:
    for one in slices:
        one["share_of_copy"] = one["per_s"] / one["copy_per_s"]
        one["share_of_bare_copy"] = one["per_s"] / one["bare_copy_per_s"]
    middle = {name: statistics.median(one[name] for one in slices) for name in slices[0]}
    rounded = {name: round(value, 3 if name.startswith("share") else 0) for name, value in middle.items()}
    return rounded | {"slices": [{name: round(value, 3) for name, value in one.items()} for one in slices]}


def _compared(size: Size, cost: float, count: int) -> float:
    """The cost of a movement here as a share of that in a bank of a tenth of the accounts and the history, in a process of its own."""
    small = ["--accounts", str(size.accounts // 10), "--history", str(size.history // 10), "--sample", str(max(count // 10, 1_000))]
    done = subprocess.run([sys.executable, "-m", "benchmarks.bulk_stages", *small], cwd=ROOT, capture_output=True, text=True, check=True)
    other: dict[str, float] = json.loads(done.stdout.splitlines()[-1])["cold"]
    return round(cost / sum(other.values()), 3)


if __name__ == "__main__":
    print(json.dumps(measured(options_of()), ensure_ascii=False, indent=1))
