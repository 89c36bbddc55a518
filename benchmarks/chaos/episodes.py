"""What goes wrong without a death: the broker forgets everything, does not answer for a while, the database's disk is full."""

import os
import signal
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from benchmarks.chaos.disk import Volume
from benchmarks.chaos.product import Product, until
from crm.operations.servers.valkey import Valkey

if TYPE_CHECKING:
    from benchmarks.chaos.storm import Storm

FULL_SECONDS = 15
FULL_PATIENCE = 120


def schedule(kills: int, *, broker_down: float, has_disk: bool) -> dict[int, Callable[["Storm"], None]]:
    """Return which incident happens before which kill."""
    found: dict[int, Callable[[Storm], None]] = {kills // 4: forget, kills // 4 + kills // 3: forget}
    if broker_down:
        found[kills // 2] = lambda storm: silence(storm, broker_down)
    if has_disk:
        found[kills * 2 // 3] = full_disk
    return found


def forget(storm: "Storm") -> None:
    """FLUSHALL: every message is gone. The kill before this may have been the broker's own: it is asked until it is up again."""
    address = str(Valkey(storm.product.home).socket)
    until(lambda: _flushed(address), "the broker forgets everything")
    storm.told["flushed"] = storm.told.get("flushed", 0) + 1


def _flushed(address: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(address)
            client.sendall(b"FLUSHALL\r\n")
            return client.recv(64).startswith(b"+OK")
    except OSError:
        return False


def silence(storm: "Storm", seconds: float) -> None:
    """The broker takes connections and answers none, while transactions go on being accepted; alerts come when it is back."""
    traffic, broker = storm.traffic, until(lambda: storm.product.child("broker"), "the broker is up")
    before = traffic.tally.answered
    unhappy = sum(n for status, n in traffic.tally.statuses.items() if not status.startswith("2"))
    slowest, traffic.tally.slowest = traffic.tally.slowest, 0.0
    os.kill(broker.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        while time.monotonic() - began < seconds:
            traffic.gate.allowed = min(1.0, traffic.gate.allowed + 0.0005)
            time.sleep(0.1)
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    eye = storm.product.eye()
    first = eye.number("SELECT coalesce(max(id), 0) FROM risk_assessment")
    back = time.monotonic()
    until(lambda: eye.number("SELECT coalesce(max(id), 0) FROM risk_assessment") > first, "judging goes on", every=0.05)
    now_unhappy = sum(n for status, n in traffic.tally.statuses.items() if not status.startswith("2"))
    storm.told["broker_silent"] = {
        "seconds": seconds,
        "answered_meanwhile": traffic.tally.answered - before,
        "not_answered_well": now_unhappy - unhappy,
        "slowest_request_s": round(traffic.tally.slowest, 2),
        "next_verdict_s": round(time.monotonic() - back, 1),
    }
    traffic.tally.slowest = max(slowest, traffic.tally.slowest)
    eye.close()


def full_disk(storm: "Storm") -> None:
    """The database's disk takes no byte more, its log of changes included, until space is given back."""
    volume, traffic = cast(Volume, storm.product.volume), storm.traffic
    before: Any = dict(traffic.tally.statuses)
    restarts = storm.product.output().count("starting it again")
    free = volume.fill()
    eye, began, answered = storm.product.eye(), time.monotonic(), traffic.tally.answered
    refused = 0
    while time.monotonic() - began < FULL_PATIENCE:
        traffic.gate.allowed = min(1.0, traffic.gate.allowed + 0.0005)
        eye.see("SELECT pg_switch_wal()")  # the next segment has no room: the server panics
        volume.fill()
        refused = traffic.tally.statuses["503"] - before.get("503", 0)
        if refused and time.monotonic() - began > FULL_SECONDS:
            break
        time.sleep(0.2)
    lasted = time.monotonic() - began
    volume.empty()
    back = time.monotonic()
    done = traffic.tally.answered
    until(lambda: traffic.tally.answered > done or not traffic.busy, "requests are answered again", every=0.05)
    storm.told["disk_full"] = {
        "seconds": round(lasted, 1),
        "bytes_taken": free,
        "answered_503": refused,
        "answered_well_meanwhile": done - answered,
        "server_panicked": "PANIC" in _postgres_log(storm.product),
        "children_started_again": storm.product.output().count("starting it again") - restarts,
        "next_answer_s": round(time.monotonic() - back, 1),
    }
    eye.close()


def _postgres_log(product: Product) -> str:
    return (product.home.state / "postgres.log").read_text(errors="replace")
