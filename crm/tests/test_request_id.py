"""The number of a request goes with it: from the page through the broker into what the worker writes, both logs.

What it cannot find: a message that another system put into the broker; what the worker's own parent process says of itself.

Requirements: R314.
"""

import base64
import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any, cast

import pytest
import redis
from django.conf import settings

from crm.calendar.services import today
from crm.celery import app
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.house import ROOT
from crm.tests.personas import browser
from reports import services as reports

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The broker of this run, empty."""
    place, _, query = settings.CELERY_BROKER_URL.removeprefix("redis+socket://").partition("?")
    number = int(dict(pair.split("=") for pair in query.split("&") if pair).get("virtual_host", 0)) if query else 0
    found = redis.Redis(unix_socket_path=place, db=number)
    found.flushdb()
    yield found
    found.flushdb()


@pytest.fixture
def process_log() -> Iterator[io.StringIO]:
    """What a worker's process writes, by the settings' own formatter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    told: dict[str, Any] = settings.LOGGING
    handler.setFormatter(logging.config.DictConfigurator({**told, "disable_existing_loggers": False}).configure_formatter(
        dict(told["formatters"]["json"])
    ))  # fmt: skip
    logger = logging.getLogger("reports")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_from_the_page_into_the_lines_of_the_task(
    supervisor: User, broker: redis.Redis, process_log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R314: a report is asked on a page; the worker's audit line and its process line carry the number that the answer named."""
    day = f"{today():%Y-%m-%d}"
    answer = browser(supervisor).post("/reports/new/", {"first_day": day, "last_day": day, "branch": ""})
    number = answer["X-Request-ID"]
    [message] = [json.loads(text) for text in cast(list[bytes], broker.lrange("celery", 0, -1))]
    _args, kwargs, _more = json.loads(base64.b64decode(message["body"]))
    make = reports.make_report

    def make_and_say(**told: Any) -> Any:
        logging.getLogger("reports.services").warning("at work")
        return make(**told)

    monkeypatch.setattr(reports, "make_report", make_and_say)
    app.loader.import_default_modules()
    app.tasks[message["headers"]["task"]].apply(kwargs=kwargs, headers=message["headers"]).get()
    asked, made = Event.objects.get(action="report.asked"), Event.objects.get(action="report.made")
    assert (asked.origin, asked.request_id) == ("web", number)
    assert (made.actor_number, made.origin, made.request_id) == ("system", "task", number)
    [line] = [json.loads(line) for line in process_log.getvalue().splitlines() if "at work" in line]
    assert (line["request_id"], line["task"]) == (number, "reports.make_report")


def test_no_task_acts_as_somebody_without_a_request() -> None:
    """`crm.jobs.task` hands the actor in, with the number; one that is written into the code has none."""
    assert [str(path) for path in ROOT.glob("**/tasks.py") if ".venv" not in path.parts and "SYSTEM" in path.read_text()] == []
