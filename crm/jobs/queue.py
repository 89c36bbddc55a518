"""Handing work to the workers once the transaction has committed. The row that owes is the queue; this only makes it quick."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from django.db import connection, transaction

from crm.access.actor import Actor
from crm.celery import app

logger = logging.getLogger(__name__)

REQUEST_HEADER = "crm_request_id"
USER_HEADER = "crm_user_id"

REST_SECONDS = 10.0
"""So long nothing is sent to a broker that did not answer: one request in this time finds out whether it is back, no other waits for it."""

Call = tuple[str, dict[str, Any]]
_captured: ContextVar[list[Call] | None] = ContextVar("captured", default=None)


class _Broker:
    """Whether the broker is worth asking; one for each process."""

    def __init__(self) -> None:
        self.rests_until = 0.0

    def send(self, name: str, kwargs: dict[str, Any], headers: dict[str, Any]) -> None:
        """Send one message, or say in the process log that its sweep will."""
        now = time.monotonic()
        if now < self.rests_until:
            logger.info("%s was not enqueued, its sweep will: the broker did not answer a moment ago", name)
            return
        trying = self.rests_until > 0
        if trying:
            self.rests_until = now + REST_SECONDS  # the others go on without it while this one tries
        try:
            app.send_task(name, kwargs=kwargs, headers=headers, retry=False)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the sweep sends it again
            self.rests_until = time.monotonic() + REST_SECONDS
            logger.warning("%s was not enqueued, its sweep will: %s", name, error)
        else:
            self.rests_until = 0.0


_broker = _Broker()


class _Message:
    """One message waiting for the commit."""

    def __init__(self, name: str, once_key: str, headers: dict[str, Any], kwargs: dict[str, Any]) -> None:
        self.name = name
        self.once_key = once_key
        self.headers = headers
        self.kwargs = kwargs
        self.__qualname__ = f"message {name}"  # Django names the call that failed

    def __call__(self) -> None:
        captured = _captured.get()
        if captured is not None:
            captured.append((self.name, self.kwargs))
            return
        _broker.send(self.name, self.kwargs, self.headers)


def enqueue(task_name: str, *, once_key: str = "", actor: Actor | None = None, **kwargs: Any) -> None:
    """Has the named task run by a worker after this transaction commits; nothing if it is rolled back.

    Never raises for a broker that is away: the caller's row still owes the work and a sweep sends it again.
    With ``once_key`` one message per transaction is sent, however often it is asked for. With a person as
    ``actor`` the task acts with that person's rights of the moment it runs, else as the system.
    """
    if once_key and _is_waiting(task_name, once_key):
        return
    bound = structlog.contextvars.get_contextvars()
    headers = {REQUEST_HEADER: (actor.request_id if actor else "") or str(bound.get("request_id", ""))}
    if actor is not None and actor.user_id is not None:
        headers[USER_HEADER] = str(actor.user_id)
    # robust: one receiver's failure must not keep the other messages of this commit from being sent
    transaction.on_commit(_Message(task_name, once_key, headers, kwargs), robust=True)


def _is_waiting(task_name: str, once_key: str) -> bool:
    return any(
        isinstance(entry[1], _Message) and (entry[1].name, entry[1].once_key) == (task_name, once_key) for entry in connection.run_on_commit
    )


@contextmanager
def captured() -> Iterator[list[Call]]:
    """Collects the messages that commits would send, instead of sending them (for tests and dry runs)."""
    calls: list[Call] = []
    token = _captured.set(calls)
    try:
        yield calls
    finally:
        _captured.reset(token)
