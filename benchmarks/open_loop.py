"""Requests at given moments, whether the one before was answered or not; waiting counts from the moment a request was due.

A client that waits for each answer sends less when the server is slow, and so never sees how slow it is (coordinated omission).
"""

import http.client
import queue
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

SENDERS = 48
KEPT_OPEN = 1.0
"""Seconds that a connection is used again after its last answer; gunicorn closes it after two."""
FAILED = float("inf")
SUCCESS = (200, 201)


@dataclass(frozen=True)
class Call:
    """One request: to which path, with what, and what it is counted under."""

    path: str
    body: bytes
    kind: str


@dataclass(frozen=True)
class Answer:
    """How long a request took from the moment it was due, in milliseconds; infinite when it failed."""

    kind: str
    milliseconds: float
    late: float
    """Milliseconds from the due moment until it was sent: the client's own delay."""
    status: int
    """0 where no answer came."""
    said: str = ""
    """The beginning of an answer that was no success."""


def moments(rate: float, seconds: float, dice: random.Random) -> list[float]:
    """Return when requests are due, in seconds from the beginning: at random, `rate` a second on average."""
    found, now = [], dice.expovariate(rate)
    while now < seconds:
        found.append(now)
        now += dice.expovariate(rate)
    return found


def send(port: int, headers: dict[str, str], due: Sequence[float], calls: Sequence[Call]) -> list[Answer]:
    """Send each call when it is due; return the answers in any order."""
    waiting: queue.Queue[tuple[float, Call] | None] = queue.Queue()
    answers: list[Answer] = []
    began = time.perf_counter() + 0.2
    senders = [threading.Thread(target=_sender, args=(port, headers, waiting, answers), daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for moment, call in zip(due, calls, strict=True):
        pause = began + moment - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        waiting.put((began + moment, call))
    for _sender_thread in senders:
        waiting.put(None)
    for sender in senders:
        sender.join()
    return answers


def _sender(port: int, headers: dict[str, str], waiting: "queue.Queue[tuple[float, Call] | None]", answers: list[Answer]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    used = 0.0
    while (item := waiting.get()) is not None:
        due, call = item
        if time.perf_counter() - used > KEPT_OPEN:
            connection.close()  # the server has closed it by now, or is about to
        sent, status, said = time.perf_counter(), 0, ""
        try:
            connection.request("POST", call.path, call.body, {**headers, "Host": f"localhost:{port}"})
            answer = connection.getresponse()
            body = answer.read()
            status = answer.status
            said = "" if status in SUCCESS else body[:200].decode(errors="replace")
        except (OSError, http.client.HTTPException) as failure:
            connection.close()
            said = repr(failure)
        taken = (time.perf_counter() - due) * 1e3 if status in SUCCESS else FAILED
        used = time.perf_counter()
        answers.append(Answer(call.kind, taken, (sent - due) * 1e3, status, said))
    connection.close()


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 (nearest rank), and the greatest."""
    ordered = sorted(values)
    found = {f"p{share}": ordered[min(len(ordered) - 1, -(-len(ordered) * share // 100) - 1)] for share in (50, 95, 99)}
    return {name: round(value, 1) for name, value in {**found, "max": ordered[-1]}.items()}
