"""The row that owes is the queue: messages leave after the commit and a broker that is away hurts nobody."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import OperationalError, transaction

from crm.access.actor import SYSTEM
from crm.jobs import queue
from crm.jobs.services import enqueue
from crm.log import attestation
from crm.log import services as log
from crm.staff.models import User
from crm.tests.personas import as_actor


def test_nothing_leaves_before_the_commit(django_capture_on_commit_callbacks: Any, db: None) -> None:
    with queue.captured() as calls:
        with django_capture_on_commit_callbacks(execute=True):
            enqueue("tests.one", number=1)
            assert calls == []
        assert calls == [("tests.one", {"number": 1})]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_its_messages_along() -> None:
    with queue.captured() as calls:
        with transaction.atomic():
            enqueue("tests.one", number=1)
            transaction.set_rollback(True)
        with transaction.atomic():
            with transaction.atomic():
                enqueue("tests.inner")
                transaction.set_rollback(True)
            enqueue("tests.two")
    assert calls == [("tests.two", {})]


@pytest.mark.django_db(transaction=True)
def test_once_key_sends_one_message_per_transaction() -> None:
    with queue.captured() as calls:
        for _number in range(2):
            with transaction.atomic():
                enqueue("tests.one", once_key="a", number=1)
                enqueue("tests.one", once_key="a", number=2)
                enqueue("tests.one", once_key="b", number=3)
                enqueue("tests.two", once_key="a")
    assert calls == [("tests.one", {"number": 1}), ("tests.one", {"number": 3}), ("tests.two", {})] * 2


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_a_line_in_the_process_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    away = Celery("away", broker="redis+socket:///nowhere/broker.sock", set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(queue, "app", away)
    monkeypatch.setattr(queue, "_broker", queue._Broker())
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        enqueue("tests.one", number=1)
    assert time.monotonic() - began < 5
    assert "tests.one was not enqueued" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_failing_attestation_takes_no_message_of_its_commit_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's head could not be attested (a lock, a dying database): the act stands, its messages leave, no error reaches the caller."""

    def broken() -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(attestation, "attest_head", broken)
    with queue.captured() as calls, transaction.atomic():
        log.record(actor=SYSTEM, action="task.failed", data={})
        enqueue("tests.one")
    assert calls == [("tests.one", {})]


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """A broker that takes connections and answers none, as one that is stopped or swapped out."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "silent.sock"))
        server.listen(50)
        app = Celery("silent", broker=f"redis+socket://{tmp_path}/silent.sock", set_as_current=False)
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        monkeypatch.setattr(queue, "app", app)
        monkeypatch.setattr(queue, "_broker", queue._Broker())
        yield app


@pytest.mark.django_db(transaction=True)
def test_a_silent_broker_costs_one_request_a_moment_and_the_others_nothing(silent: Celery) -> None:
    """Ten requests against a broker that hangs: the first waits for it once, nobody else does (R338)."""
    times = []
    for number in range(10):
        began = time.monotonic()
        enqueue("tests.one", number=number)
        times.append(time.monotonic() - began)
    assert times[0] < 10, times
    assert max(times[1:]) < 0.5, times


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_back_is_used_again(silent: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "REST_SECONDS", 0.2)
    enqueue("tests.one")
    sent: list[str] = []
    monkeypatch.setattr(silent, "send_task", lambda name, **_more: sent.append(name))
    enqueue("tests.lost")
    time.sleep(0.3)
    enqueue("tests.first")
    enqueue("tests.second")
    assert sent == ["tests.first", "tests.second"]


@pytest.mark.django_db(transaction=True)
def test_the_message_carries_name_arguments_request_and_person(sun_yue: User) -> None:
    place, _, query = settings.CELERY_BROKER_URL.removeprefix("redis+socket://").partition("?")
    number = int(dict(pair.split("=") for pair in query.split("&") if pair).get("virtual_host", 0)) if query else 0
    broker = redis.Redis(unix_socket_path=place, db=number)
    broker.flushdb()
    actor = as_actor(sun_yue)
    enqueue("tests.one", actor=actor, number=1)
    enqueue("tests.two", actor=SYSTEM)
    second, first = (json.loads(text) for text in cast(list[bytes], broker.lrange("celery", 0, -1)))
    assert first["headers"]["task"] == "tests.one"
    assert first["headers"][queue.USER_HEADER] == str(sun_yue.pk)
    assert first["headers"][queue.REQUEST_HEADER] == actor.request_id
    assert queue.USER_HEADER not in second["headers"]
    broker.flushdb()
