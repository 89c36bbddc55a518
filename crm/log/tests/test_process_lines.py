"""Lines of processes: JSON, one a line, with the number of the request, without long numbers, those in exceptions included.

Requirements: R314.
"""

import io
import json
import logging
import logging.config
from typing import Any

import structlog
from django.conf import settings

ACCOUNT = "6217995550001112221"


def written(act: Any) -> list[dict[str, Any]]:
    """What a process would write while `act` runs, through the formatter and the filter of the settings."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    told: dict[str, Any] = settings.LOGGING
    made = logging.config.DictConfigurator({**told, "disable_existing_loggers": False})
    handler.setFormatter(made.configure_formatter(dict(told["formatters"]["json"])))
    handler.addFilter(made.configure_filter(dict(told["filters"]["numbers"])))
    logger = logging.getLogger("crm.test_lines")
    logger.addHandler(handler)
    try:
        with structlog.contextvars.bound_contextvars(request_id="f" * 32):
            act(logger)
    finally:
        logger.removeHandler(handler)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(logger: logging.Logger) -> None:
    try:
        raise ValueError(f"no account {ACCOUNT}")
    except ValueError:
        logger.exception("looking for %s", ACCOUNT)


def test_an_exception_tells_no_number() -> None:
    [line] = written(fail)
    assert ACCOUNT not in json.dumps(line)
    assert "*2221" in line["exception"]
    assert (line["request_id"], line["level"]) == ("f" * 32, "error")


def test_lines_of_structlog_are_masked_too() -> None:
    [line] = written(lambda _logger: structlog.get_logger("crm.test_lines").warning("told", note=f"account {ACCOUNT}"))
    assert ACCOUNT not in json.dumps(line)
    assert line["note"].endswith("2221")
