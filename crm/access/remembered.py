"""What one page asks of access again and again, asked of the database once: a reader's grants, the branches below her own.

Only while a page is being read (GET and HEAD): what writes asks anew each time, and so does everything outside of requests.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def reading() -> Iterator[None]:
    """Remember answers until the end of the block; at its end they are forgotten."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def remembered(key: Hashable, ask: Callable[[], T]) -> T:
    """Return the answer to a question, asked once a page; outside of pages it is asked each time."""
    kept = _kept.get()
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    answer: T = kept[key]
    return answer


def answered(key: Hashable) -> Any | None:
    """Return what was remembered so far on this page; None where nobody has asked."""
    kept = _kept.get()
    return kept.get(key) if kept else None
