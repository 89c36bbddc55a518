"""A task acts as somebody, and its failures and refusals stand in the log."""

from typing import Any

import pytest
from celery import current_app

from crm.access.actor import Actor
from crm.access.services import require
from crm.jobs import queue
from crm.jobs.task import task
from crm.log.models import Event
from crm.staff.models import User

seen: list[Actor] = []


@task(name="tests.note_actor")
def note_actor(*, number: int, actor: Actor) -> int:
    """Says who acts."""
    seen.append(actor)
    return number + 1


@task(name="tests.fail")
def fail(*, secret: str) -> None:
    """Breaks, with something in the message that must not be written down."""
    raise ValueError(secret)


@task(name="tests.ask")
def ask(*, actor: Actor) -> None:
    """Needs a permission."""
    require(actor, "jobs.fly_to_the_moon")


def run(name: str, headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
    seen.clear()
    return current_app.tasks[name].apply(kwargs=kwargs, headers=headers or {})


def test_parameters_are_keyword_only() -> None:
    with pytest.raises(TypeError, match="keyword-only"):

        @task(name="tests.bad")
        def bad(number: int) -> None:
            """Never registered."""


@pytest.mark.django_db
def test_acts_as_the_system_with_the_request_of_the_page() -> None:
    assert run("tests.note_actor", {queue.REQUEST_HEADER: "abc123"}, number=1).get() == 2
    (actor,) = seen
    assert (actor.number, actor.kind, actor.origin, actor.request_id) == ("system", "service", "task", "abc123")


def test_acts_as_the_person_with_the_rights_of_now(sun_yue: User) -> None:
    run("tests.note_actor", {queue.USER_HEADER: str(sun_yue.pk), queue.REQUEST_HEADER: "r1"}, number=1)
    (actor,) = seen
    assert (actor.number, actor.role, actor.origin) == ("80001", "relationship-manager", "task")
    sun_yue.assignments.all().delete()
    run("tests.note_actor", {queue.USER_HEADER: str(sun_yue.pk)}, number=1)
    assert seen[0].role == ""


@pytest.mark.django_db(transaction=True)
def test_somebody_who_has_left_is_refused(sun_yue: User) -> None:
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    assert run("tests.note_actor", {queue.USER_HEADER: str(sun_yue.pk)}, number=1).get() is None
    assert seen == []
    assert Event.objects.get(action="task.refused").data["task"] == "tests.note_actor"


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_written_down_without_its_message_and_raised() -> None:
    result = run("tests.fail", {queue.REQUEST_HEADER: "r9"}, secret="13812345678")
    assert isinstance(result.result, ValueError)
    line = Event.objects.get(action="task.failed")
    assert line.data == {"task": "tests.fail", "error": "ValueError"}
    assert (line.result, line.request_id) == ("failed", "r9")
    assert b"13812345678" not in bytes(line.body)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_written_down_and_ends_the_task(sun_yue: User) -> None:
    assert run("tests.ask", {queue.USER_HEADER: str(sun_yue.pk)}).get() is None
    line = Event.objects.get(action="task.refused")
    assert (line.actor_number, line.data["permission"], line.result) == ("80001", "jobs.fly_to_the_moon", "refused")
