"""Threads that act on the same rows at the same moment, and what came of each act."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Act = Callable[[], str]


@dataclass
class Outcomes:
    """What the acts of many rounds answered; ``broken`` holds every answer that is not one in words."""

    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def take(self, answers: Sequence[str | BaseException]) -> None:
        """Count the answers of one round."""
        for answer in answers:
            if isinstance(answer, str):
                self.answers[answer.partition(":W-")[0]] += 1
            else:
                self.broken.append(f"{type(answer).__name__}: {answer}"[:300])


class Arena:
    """So many threads, each with a database session of its own, kept over all rounds.

    An act returns a word for what it did. A refusal in words (``DomainError``, ``Refused``) is answered with its code; anything else that
    is raised comes back as it is: the product has not dealt with it.
    """

    def __init__(self, threads: int) -> None:
        self.size = threads
        self._gate = threading.Barrier(threads + 1)
        self._given: list[queue.SimpleQueue[tuple[Act, float] | None]] = [queue.SimpleQueue() for _ in range(threads)]
        self._answers: list[Any] = [None] * threads
        self._threads = [threading.Thread(target=self._live, args=(place,), daemon=True) for place in range(threads)]
        for thread in self._threads:
            thread.start()

    def meet(self, acts: Sequence[Act], waits: Sequence[float] = ()) -> list[str | BaseException]:
        """Run at most one act per thread at the same moment, each after its wait in seconds; return their answers in order."""
        idle: Act = lambda: "idle"  # noqa: E731
        for place, given in enumerate(self._given):
            wait = waits[place] if place < len(waits) else 0.0
            given.put((acts[place] if place < len(acts) else idle, wait))
        self._gate.wait()
        self._gate.wait()
        return self._answers[: len(acts)]

    def close(self) -> None:
        """End the threads and their sessions."""
        for given in self._given:
            given.put(None)
        for thread in self._threads:
            thread.join(30)

    def _live(self, place: int) -> None:
        from django.db import connections

        from crm.jobs.queue import captured

        while (given := self._given[place].get()) is not None:
            act, wait = given
            self._gate.wait()
            time.sleep(wait)
            with captured():  # nobody listens to the broker here
                self._answers[place] = _answer(act)
            self._gate.wait()
        connections.close_all()


def _answer(act: Act) -> str | BaseException:
    from crm.access.errors import DomainError, Refused

    try:
        return act()
    except DomainError as refusal:
        return f"refused:{refusal.code}" if str(refusal) else refusal
    except Refused as refusal:
        return f"not_allowed:{type(refusal).__name__}"
    except Exception as failure:  # noqa: BLE001 - it is what the contest looks for
        return failure
