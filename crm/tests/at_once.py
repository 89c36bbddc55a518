"""Several sessions of the database at the same time, for tests about who comes first."""

import threading
from collections.abc import Callable

from django.db import connections


class Sessions:
    """Works that go on beside each other, each in a session of its own."""

    def __init__(self) -> None:
        self.results: list[object] = []
        self.threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], object]) -> None:
        """Start one more; what it returns or raises stands in ``results`` at its place."""
        place = len(self.threads)
        self.results.append(None)

        def run() -> None:
            try:
                self.results[place] = work()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.results[place] = error
            finally:
                connections.close_all()

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    @property
    def failures(self) -> list[Exception]:
        """What was raised so far."""
        return [result for result in self.results if isinstance(result, Exception)]

    def join(self, patience: float | None = None) -> list[object]:
        """Wait for all, each so many seconds at most; return what they returned or raised."""
        for thread in self.threads:
            thread.join(patience)
        return self.results

    def end(self) -> None:
        """Wait for all; none failed."""
        self.join(120)
        assert self.failures == []


def together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same moment, each in a session of its own; return what they returned or raised."""
    gate, sessions = threading.Barrier(len(acts)), Sessions()

    def at_the_gate(act: Callable[[], object]) -> Callable[[], object]:
        def begin() -> object:
            gate.wait()
            return act()

        return begin

    for act in acts:
        sessions.begin(at_the_gate(act))
    return sessions.join()
