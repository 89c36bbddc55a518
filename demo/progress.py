"""A progress bar for the terminal; a few plain lines where the output is a file."""

from __future__ import annotations

import sys
import time
from typing import Self, TextIO

WIDTH = 32


class Bar:
    """Shows how far a step has come. Use as a context manager; ``advance`` after each piece of work."""

    def __init__(self, label: str, total: int, out: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._out = out or sys.stderr
        self._done = 0
        self._began = time.monotonic()
        self._shown = -1

    def __enter__(self) -> Self:
        if self._total:
            self._show()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None and self._total:
            self._done = max(self._done, self._total)
            self._show()
        self._out.write("\n")
        self._out.flush()

    @property
    def seconds(self) -> float:
        """Return the seconds since the step began."""
        return time.monotonic() - self._began

    def expect(self, total: int) -> None:
        """Say how much there is to do, and show the bar."""
        self._total = total
        self._show()

    def advance(self, count: int = 1) -> None:
        """Say that *count* more pieces are done."""
        self._done += count
        self._show()

    def _show(self) -> None:
        percent = min(100, self._done * 100 // max(self._total, 1))
        step = percent if self._out.isatty() else percent // 25 * 25
        if step == self._shown:
            return
        self._shown = step
        filled = WIDTH * percent // 100
        bar = "█" * filled + "·" * (WIDTH - filled)
        start, end = ("\r", "") if self._out.isatty() else ("" if self._done == 0 else "\n", "")
        self._out.write(f"{start}{self._label:<24} {bar} {percent:3d} % {self._done:>9,} / {self._total:,} {self.seconds:6.1f} s{end}")
        self._out.flush()
