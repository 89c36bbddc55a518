"""Whether the product can work."""

import time

import structlog
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from kombu import Connection
from kombu.exceptions import OperationalError

from crm.access.gate import open_page
from crm.fields import keyprobe

logger = structlog.get_logger(__name__)
KEYS_SECONDS = 15.0
"""So long one look at the keys is told to those who ask for health."""


@open_page("load balancers and the supervisor ask without signing in; the answer names no version and no address")
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and the keys open what is stored, else 503. The broker is told beside it: without it work is late."""
    database, broker = _database_answers(), _broker_answers()
    keys = not database or _keys_fit()
    answer = {"database": "ok" if database else "down", "broker": "ok" if broker else "down", "keys": "ok" if keys else "unusable"}
    return JsonResponse(answer, status=200 if database and keys else 503)


class _Keys:
    """What the last look at the keys said; one for each process."""

    looked_at = float("-inf")
    fit = True


def _keys_fit() -> bool:
    if time.monotonic() - _Keys.looked_at > KEYS_SECONDS:
        found = keyprobe.problems()
        _Keys.looked_at, _Keys.fit = time.monotonic(), not found
        for problem in found:
            logger.error("the keys do not fit", problem=problem)
    return _Keys.fit


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        logger.exception("the database does not answer")
        return False
    return True


def _broker_answers() -> bool:
    options = {"max_retries": 0, "socket_connect_timeout": 1}
    try:
        with Connection(settings.CELERY_BROKER_URL, transport_options=options, connect_timeout=1) as link:
            link.ensure_connection(max_retries=1, timeout=1)
    except (OperationalError, OSError):
        logger.warning("the broker does not answer", exc_info=True)
        return False
    return True
