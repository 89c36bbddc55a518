"""For tests: the workers played in this process, one message after the other."""

from typing import Any

from crm.celery import app
from crm.jobs import queue


def run(name: str, **kwargs: Any) -> Any:
    """The result of a task run here and now as a worker would; its exception is raised."""
    app.loader.import_default_modules()
    return app.tasks[name].apply(kwargs=kwargs).get()


def drain(calls: list[queue.Call]) -> int:
    """How many messages were worked off: those given, and those that their tasks send in turn."""
    waiting, done = list(calls), 0
    while waiting:
        name, kwargs = waiting.pop(0)
        with queue.captured() as more:
            run(name, **kwargs)
        waiting += more
        done += 1
    return done
