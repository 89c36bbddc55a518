"""The same judging through another broker and with more workers: what changes when the queue moves off this machine's Valkey?

    python -m benchmarks.brokers [--broker amqp://guest:guest@localhost:5672//] [--workers 1,2,4] [--fresh 20000]

For each broker and number of workers: messages a second that do nothing (the sweep of an empty queue), and transactions a second that
are judged when the messages name 500 each; a worker is killed with -9 in the middle of a last round, and the seconds until nothing is
owed are told. With Valkey this is what `make run` starts; any address that Celery knows may stand beside it.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.world import Size, World, running
from crm.operations.first_steps import ROOT
from crm.operations.servers.processes import end, spawn
from crm.operations.servers.valkey import Valkey

NOTHING = 2_000
PIECE = 500
PATIENCE = 600


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures by broker and number of workers."""
    found: dict[str, Any] = {"fresh": options.fresh, "history": options.history}
    with running(Size(options.accounts, options.history)) as world:
        valkey = Valkey(world.home)
        valkey.start()
        try:
            brokers = {"valkey": valkey.url(0)} | ({"other": options.broker} if options.broker else {})
            for name, address in brokers.items():
                for workers in (int(number) for number in str(options.workers).split(",")):
                    found[f"{name} × {workers}"] = _with(world, address, workers, options.fresh)
        finally:
            valkey.stop()
    return found


def _with(world: World, address: str, workers: int, fresh: int) -> dict[str, float]:
    with _working(world, address, workers) as process:
        _send(address, [("risk.judge_owed", {})] * 20)
        _until(lambda: not _owed())
        time.sleep(3)
        nothing = _seconds(lambda: _send(address, [("risk.judge", {"ids": []})] * NOTHING), lambda: _depth(address) == 0)
        judged = _judged(world, address, fresh)
        killed = _judged(world, address, fresh, lambda: _kill_a_child(process))
    return {"messages_per_s": round(NOTHING / nothing), "judged_per_s": round(fresh / judged), "with_a_kill_s": round(killed, 1)}


def _judged(world: World, address: str, fresh: int, then: Any = None) -> float:
    """Insert rows that owe, hand them out, and return the seconds until none owes."""
    world.draw(fresh, who="ordinary").insert()
    ids = _owed()
    pieces = [ids[start : start + PIECE] for start in range(0, len(ids), PIECE)]
    began = time.perf_counter()
    _send(address, [("risk.judge", {"ids": piece}) for piece in pieces])
    if then:
        time.sleep(0.5)
        then()
    _until(lambda: not _owed(1), sweep=lambda: _send(address, [("risk.judge_owed", {})]))
    return time.perf_counter() - began


def _send(address: str, messages: list[tuple[str, dict[str, Any]]]) -> None:
    from celery import Celery

    app = Celery(broker=address)
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        for name, arguments in messages:
            app.send_task(name, kwargs=arguments, producer=producer)


def _depth(address: str) -> int:
    from amqp.exceptions import ChannelError
    from celery import Celery

    app = Celery(broker=address)
    with app.connection_for_read() as connection, connection.channel() as channel:
        try:
            declared: Any = app.amqp.queues["celery"].bind(channel).queue_declare(passive=True)
        except ChannelError:
            return 0  # an empty list is no list there
        return int(declared.message_count)


def _owed(limit: int = 1_000_000) -> list[int]:
    from django.db import close_old_connections

    from risk.services import screening

    close_old_connections()
    return screening.owed_ids(limit=limit)


def _seconds(begin: Any, done: Any) -> float:
    began = time.perf_counter()
    begin()
    _until(done)
    return time.perf_counter() - began


def _until(fact: Any, *, sweep: Any = None) -> None:
    deadline, swept = time.monotonic() + PATIENCE, time.monotonic()
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError("the queue does not empty")
        if sweep and time.monotonic() - swept > 5:  # what beat does in operation
            sweep()
            swept = time.monotonic()
        time.sleep(0.02)


@contextmanager
def _working(world: World, address: str, workers: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "celery", "-A", "crm.celery", "worker", "--concurrency", str(workers), "--without-gossip"]
    environment = world.environment | {"CRM_BROKER_URL": address}
    log = Path(world.home.path) / "brokers.log"
    process = spawn([*command, "--without-mingle", "--loglevel", "WARNING"], log=log, environment=environment, folder=ROOT)
    try:
        yield process
    finally:
        end(process, asking=signal.SIGTERM, patience=20)


def _kill_a_child(process: "subprocess.Popen[bytes]") -> None:
    import psutil

    children = psutil.Process(process.pid).children()
    if children:
        children[0].kill()


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("history", 500_000), ("accounts", 5_000), ("fresh", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--broker", default="", help="address of another broker, for example RabbitMQ's")
    parser.add_argument("--workers", default="1,2,4")
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(measured(options_of()), ensure_ascii=False))
