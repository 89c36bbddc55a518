"""Processor time per stage, of this process and of its database session, without a profiler's weight.

    with Stages(STAGES) as stages:
        ...
    stages.table(rows)     # {"parse": {"client": µs per row, "server": µs per row}, ...}

A stage is a function of the product, wrapped for the length of the block; time in a nested stage counts for the nested one alone.
The server's time is read from the kernel's account of the session's process (nanoseconds), so it also sees what triggers cost.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

REST = "rest"
COMMIT = "commit: foreign keys, seal of the log, sync"


class Stages(AbstractContextManager["Stages"]):
    """Which stage spent how much; ``places`` maps ``module:name`` or ``module:Class.name`` to the stage."""

    def __init__(self, places: Mapping[str, str]) -> None:
        from django.db import connection

        connection.ensure_connection()
        self.connection = connection
        self._server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
        self.spent: dict[str, list[float]] = {}
        self.calls: dict[str, int] = {}
        self._stack: list[str] = [REST]
        self._patches = [patch.object(*_owner(place), self._wrapped(_found(place), stage)) for place, stage in places.items()]
        commit = getattr(connection, "_commit")  # noqa: B009  # Django's own, which its stubs do not name
        self._patches.append(patch.object(connection, "_commit", self._wrapped(commit, COMMIT)))

    def __enter__(self) -> Self:
        self._at = self._now()
        for one in self._patches:
            one.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for one in self._patches:
            one.stop()
        self._charge()

    def total(self) -> float:
        """Return the nanoseconds of both sides so far."""
        self._charge()
        return sum(client + server for client, server, _wall in self.spent.values())

    def table(self, rows: int) -> dict[str, dict[str, float]]:
        """Return microseconds per row by stage and side, dearest first."""
        found = {
            stage: {"client": round(client / rows / 1e3, 1), "server": round(server / rows / 1e3, 1)}
            for stage, (client, server, _wall) in sorted(self.spent.items(), key=lambda item: -sum(item[1][:2]))
        }
        return found | {"all": {side: round(sum(stage[side] for stage in found.values()), 1) for side in ("client", "server")}}

    def _now(self) -> tuple[float, float, float]:
        return time.process_time_ns(), int(self._server.read_text().split()[0]), time.perf_counter_ns()

    def _charge(self) -> None:
        now = self._now()
        spent = self.spent.setdefault(self._stack[-1], [0.0, 0.0, 0.0])
        for place, (after, before) in enumerate(zip(now, self._at, strict=True)):
            spent[place] += after - before
        self._at = self._now()  # reading the clocks is nobody's stage

    def _wrapped(self, work: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(work)
        def timed(*given: Any, **named: Any) -> Any:
            self._charge()
            self._stack.append(stage)
            self.calls[stage] = self.calls.get(stage, 0) + 1
            try:
                return work(*given, **named)
            finally:
                self._charge()
                self._stack.pop()

        return timed


def _owner(place: str) -> tuple[Any, str]:
    module, _colon, path = place.partition(":")
    *outer, name = path.split(".")
    owner: Any = import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    return owner, name


def _found(place: str) -> Callable[..., Any]:
    owner, name = _owner(place)
    return getattr(owner, name)  # type: ignore[no-any-return]
