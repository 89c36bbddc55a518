"""The id of the request that is being answered, carried from the page into the tasks it causes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request or task that runs now, or an empty text."""
    return _request_id.get()


@contextmanager
def request_id(value: str) -> Iterator[None]:
    """Run a block under a request id."""
    token = _request_id.set(value)
    try:
        yield
    finally:
        _request_id.reset(token)
