"""Whether the product can work."""

import structlog
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from kombu import Connection
from kombu.exceptions import OperationalError

from crm.access.gate import open_page

logger = structlog.get_logger(__name__)


@open_page("load balancers and the supervisor ask without signing in; the answer names no version and no address")
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503. The broker is told beside it: without it work is late, not lost."""
    database, broker = _database_answers(), _broker_answers()
    answer = {"database": "ok" if database else "down", "broker": "ok" if broker else "down"}
    return JsonResponse(answer, status=200 if database else 503)


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
