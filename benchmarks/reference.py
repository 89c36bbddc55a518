"""The reference loop: what this machine does at this moment, in four figures, beside which every other figure is read.

    python -m benchmarks.reference

``cpu_per_s``: rounds of one fixed piece of Python a second (a SHA-256 chained, a dictionary, a Decimal), on one core.
``cpu_beside_per_s``: the same of each process while every core runs one; where it is less, the cores are not independent of each other.
``fsync_per_s``: blocks of 8 kB written and synced to disk a second, where the servers keep their data.
``copy_per_s``: rows of eight columns a second that COPY writes into a bare table with a primary key, commit included, on an embedded
PostgreSQL with the settings that the product ships.

`benchmarks.suite` runs it before and after everything else: when the two differ, the machine was not quiet. `measured` takes a
`World` (or anything with ``home`` and ``superuser()``) whose server is running; without one it starts a server of its own.
"""

import contextlib
import hashlib
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import psycopg

from crm.operations.servers.homes import Home
from crm.operations.servers.postgres import Postgres

ROUNDS = 200_000
SYNCS = 200
ROWS = 100_000
TURNS = 5


class Served(Protocol):
    """A server and the folder beside its data."""

    home: Home

    def superuser(self) -> psycopg.Connection:
        """Open a session that may create tables."""


class _Own:
    """A server that lives for the length of the loop."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.postgres = Postgres(self.home)

    def superuser(self) -> psycopg.Connection:
        return self.postgres.connect()


def measured(served: Served | None = None) -> dict[str, Any]:
    """Return the figures: medians of five interleaved turns, and what a process does beside others."""
    if served is None:
        with _own() as own:
            return measured(own)
    data = _rows()
    with served.superuser() as session:
        turns = [_turn(served, session, data) for _turn_number in range(TURNS)]
    found = {name: round(statistics.median(turn[name] for turn in turns)) for name in turns[0]}
    return found | {"cpu_beside_per_s": round(ROUNDS / _beside())}


def _turn(served: Served, session: psycopg.Connection, data: bytes) -> dict[str, float]:
    return {
        "cpu_per_s": ROUNDS / _timed(_cpu),
        "fsync_per_s": SYNCS / _timed(lambda: _sync(served.home.state)),
        "copy_per_s": ROWS / _copy(session, data),
    }


@contextlib.contextmanager
def _own() -> Iterator[_Own]:
    with tempfile.TemporaryDirectory(prefix="crm-reference-") as folder:
        own = _Own(Path(folder))
        own.home.prepare()
        try:
            own.postgres.start()
            yield own
        finally:
            own.postgres.stop()
            own.home.remove()
            Path(folder).mkdir(exist_ok=True)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cpu() -> None:
    digest, seen, total = b"", {}, Decimal(0)
    for number in range(ROUNDS):
        digest = hashlib.sha256(digest).digest()
        seen[digest[:2]] = number
        total += Decimal(number)


def _beside() -> float:
    """The seconds of the loop in one of as many processes as there are cores: the middle one of three, averaged over the processes."""
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        return statistics.mean(pool.map(_middle, range(cores)))


def _middle(_number: int) -> float:
    return statistics.median(_timed(_cpu) for _turn_number in range(3))


def _sync(folder: Path) -> None:
    block, path = os.urandom(8192), folder / f"reference.{os.getpid()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for number in range(SYNCS):
            os.pwrite(descriptor, block, number * len(block))
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink()


def _rows() -> bytes:
    row = "{n}\tT-{n:013d}\t{account}\t{amount}.50\t2026-09-30 08:00:00+00\tpayment\tmobile\t\\\\x{n:032x}\n"
    return "".join(row.format(n=n, account=n * 7 % 50_000, amount=n % 97) for n in range(ROWS)).encode()


def _copy(session: psycopg.Connection, data: bytes) -> float:
    session.execute(
        "DROP TABLE IF EXISTS reference_rows; CREATE TABLE reference_rows (id bigint PRIMARY KEY, reference text, account bigint,"
        " amount numeric(38, 18), at timestamptz, kind varchar(20), channel varchar(12), digest bytea)"
    )
    began = time.perf_counter()
    with session.cursor() as cursor, cursor.copy("COPY reference_rows FROM STDIN") as copy:
        copy.write(data)
    seconds = time.perf_counter() - began
    session.execute("DROP TABLE reference_rows")
    return seconds


if __name__ == "__main__":
    print(json.dumps(measured()))
