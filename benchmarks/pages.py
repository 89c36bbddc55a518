"""Server time of pages at 100,000 customers and 1 million transactions, as people of ten roles see them.

    python -m benchmarks.pages [--customers 100000] [--transactions 1000000] [--alerts 20000] [--rounds 24] [--only NAME]

Prints one JSON object. Every page goes through the whole WSGI stack in this process (all middleware, a signed-in session, the log's
line), the pages taking turns; some go through gunicorn as well. Beside the milliseconds stand what does not depend on the machine's
mood: processor time of this process and of its database session, number of queries. The bank is that of `benchmarks.pages_world`, on a
server with the settings of `make run`; the first run builds it (some minutes), later ones copy it.
"""

import argparse
import contextlib
import gc
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import pages_world

LIMIT_MS = 100
PROMISED = {
    "customer list": r"list customers by default",
    "deep page": r"list (customers|transactions|alerts) ((back to )?page \d+|last page)",
    "search by each key": r"search .*",
    "customer page": r"customer",
    "transaction list": r"list transactions by default",
    "alert queue": r"list alerts by default",
}
"""What stays below the limit at the 95th percentile for the branch manager and the relationship manager, by the pages it stands for."""
READERS = ("branch manager", "relationship manager")
TRUSTED = {
    "sign-in, without the hash": r"stranger: sign in .*",
    "second factor": r".*: (second factor .*|step up .*|own .*)",
    "reveal": r".*: reveal .*",
    "role pages": r".*: (role.*|people|person)",
    "auditor's pages": r"auditor: (view .*|question .*|questions|compliance|alarms|thresholds|line|chain|list log by default)",
    "why page": r".*: why .*",
    "exports": r".*: exports.*",
    "customer's own pages": r"customer: my .*",
}
"""The same for the pages of `benchmarks.pages_trust`, whoever reads them."""
WARM_UPS = 2
OVER_HTTP = 12
RARELY = 4
"""Pages that no promise names are asked for in every fourth round."""


@dataclass
class Measured:
    """What the repetitions of one page took: seconds of each, and what they cost in sum."""

    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0
    sql: float = 0.0
    queries: int = 0
    size: int = 0
    refused: bool = False
    hashing: list[float] = field(default_factory=list)
    """Seconds of the password's hash, which is slow on purpose and no part of ``seconds``."""

    def told(self) -> dict[str, Any]:
        """Return the figures of the page, times in milliseconds."""
        done = len(self.seconds)
        ranked = sorted(self.seconds)
        hashing = {"hash": round(statistics.median(self.hashing) * 1e3, 1)} if any(self.hashing) else {}
        return {
            "p50": round(statistics.median(ranked) * 1e3, 1),
            "p95": round(ranked[min(int(done * 0.95), done - 1)] * 1e3, 1),
            "cpu": round(self.cpu / done * 1e3, 1),
            "sql": round(self.sql / done * 1e3, 1),
            "queries": self.queries,
            "kb": round(self.size / 1024),
            **hashing,
        }


class Meter:
    """Counts the statements of one page and their time: those of Django and those of `crm.database.prepared`, which no wrapper sees."""

    def __init__(self) -> None:
        self.queries, self.seconds = 0, 0.0

    def over(self, asked: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function of the prepared statements, measured."""

        def measured(*values: Any) -> Any:
            return self(asked, *values)

        return measured

    def __call__(self, execute: Callable[..., Any], *values: Any) -> Any:
        """Run one statement."""
        began = time.perf_counter()
        try:
            return execute(*values)
        finally:
            self.seconds += time.perf_counter() - began
            self.queries += 1


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Build or copy the bank and return the figures of every page."""
    size = pages_world.Size(options.customers, options.transactions, alerts=options.alerts)
    with pages_world.running(size) as bank:
        from benchmarks.pages_asked import naive, probes
        from crm.access import actor

        chosen = [probe for probe in probes(bank.asked) if options.only in probe.name and (not options.promised or is_promised(probe.name))]
        # All rounds take longer than a second factor counts; that it is asked for is looked at in every one of them.
        with mock.patch.object(actor, "STEP_UP_LASTS", timedelta(hours=9)):
            taken = take_turns(chosen, options.rounds)
        pages = {probe.name: {"who": probe.who, **taken[probe.name].told()} for probe in chosen}
        slowest = max(pages, key=lambda name: pages[name]["p95"])
        return {
            "customers": options.customers,
            "transactions": options.transactions,
            "alerts": options.alerts,
            "rounds": options.rounds,
            "floors": floors(pages),
            "over_limit": [name for name, page in pages.items() if page["p95"] > LIMIT_MS],
            "asked_to_narrow": [name for name in pages if taken[name].refused],
            "slowest": {"page": slowest, **pages[slowest]},
            "over_http": over_http(chosen, bank.home.path),
            "naive": naive(options.rounds),
            "pages": pages,
        }


def is_promised(name: str) -> bool:
    """Return whether one of the promises speaks of a page."""
    return any(pattern.fullmatch(name) for pattern in promises().values())


def promises() -> dict[str, re.Pattern[str]]:
    """Return what is promised and the names of the pages that it is promised for."""
    readers = "|".join(READERS)
    mine = {promise: re.compile(f"({readers}): ({pattern})") for promise, pattern in PROMISED.items()}
    return mine | {promise: re.compile(pattern) for promise, pattern in TRUSTED.items()}


def floors(pages: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return for each promise the slowest of its pages, in milliseconds at the 95th percentile, and whether it is kept."""
    found = {}
    for promise, pattern in promises().items():
        slowest = max((page["p95"] for name, page in pages.items() if pattern.fullmatch(name)), default=None)
        if slowest is not None:
            found[promise] = {"floor": LIMIT_MS, "found": slowest, "met": slowest <= LIMIT_MS}
    return found


def take_turns(probes: Sequence[Any], rounds: int) -> dict[str, Measured]:
    """Ask for the pages, round by round; return what each took, the warm-ups left out.

    What the warm-ups have loaded is kept out of the collector's way, as `crm.wsgi` does before the web serves.
    """
    taken = {probe.name: Measured() for probe in probes}
    for turn in range(-WARM_UPS, rounds):
        if turn == 0:
            gc.collect()
            gc.freeze()
        for probe in probes:
            if turn < 0 or turn % RARELY == 0 or is_promised(probe.name):
                one(probe, taken[probe.name], counted=turn >= 0)
    return taken


def one(probe: Any, into: Measured, *, counted: bool) -> None:
    """Ask for a page once."""
    from django.db import connection

    from crm.database import prepared

    client, sent = probe.form() if probe.form is not None else (probe.client, None)
    meter, hashes, before = Meter(), Meter(), cpu()
    with connection.execute_wrapper(meter), mock.patch.object(prepared, "_asked", meter.over(prepared._asked)), hashing(hashes):
        began = time.perf_counter()
        answer = client.get(probe.path) if sent is None else client.post(probe.path, sent)
        seconds = time.perf_counter() - began
    if answer.status_code != probe.answers and not (answer.status_code == 400 and probe.may_refuse):
        raise AssertionError(f"{probe.name} answered {answer.status_code}: {probe.path}")
    if counted:
        into.seconds.append(seconds - hashes.seconds)
        into.hashing.append(hashes.seconds)
        into.cpu += cpu() - before
        into.sql += meter.seconds
        into.queries, into.size, into.refused = meter.queries, len(answer.content), answer.status_code == 400


@contextlib.contextmanager
def hashing(meter: Meter) -> Iterator[None]:
    """Have the meter run over every password hash that is computed."""
    from django.contrib.auth.hashers import Argon2PasswordHasher as Hasher

    def over(asked: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *values, **named: meter(partial(asked, **named), *values)

    with mock.patch.object(Hasher, "verify", over(Hasher.verify)), mock.patch.object(Hasher, "encode", over(Hasher.encode)):
        yield


def cpu() -> float:
    """Return the processor seconds of this process and of its database session (not of parallel workers)."""
    import psutil
    from django.db import connection

    connection.ensure_connection()
    number = connection.connection.info.backend_pid
    exact = Path(f"/proc/{number}/schedstat")  # nanoseconds, where the kernel keeps them; the other way counts in hundredths
    if exact.exists():
        return time.process_time() + int(exact.read_text().split()[0]) / 1e9
    server = psutil.Process(number).cpu_times()
    return float(time.process_time() + server.user + server.system)


def over_http(probes: Sequence[Any], home: Path) -> dict[str, Any]:
    """Ask gunicorn for some pages over its socket; return milliseconds until the last byte."""
    from crm.tests.web import Visitor, web

    figures = {}
    with web(home / "logs" / "pages.log") as base:
        for probe in [probe for probe in probes if probe.over_http]:
            visitor = Visitor(base, probe.user)
            seconds = [_timed(partial(visitor.get, probe.path)) for _turn in range(OVER_HTTP)]
            ranked = sorted(seconds[WARM_UPS:])
            figures[probe.name] = {"p50": round(statistics.median(ranked) * 1e3, 1), "worst": round(ranked[-1] * 1e3, 1)}
    return figures


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def options_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options; without words the stock ones from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("customers", 100_000), ("transactions", 1_000_000), ("alerts", 20_000), ("rounds", 24)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--promised", action="store_true", help="only the pages that a promise names, some hundred of them")
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(measured(options_of()), ensure_ascii=False))
