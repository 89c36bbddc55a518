"""The intruder of the tests: the database's superuser with the triggers switched off, which is more than the role app or the owner can
do unseen."""

import base64
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from crm.log import services as log
from crm.log.models import Event
from crm.log.tests.people import SUN_YUE
from crm.log.verifier import Report, Verifier

Intruder = Callable[..., None]

REMOVE_NEWEST = (
    "DELETE FROM log_event WHERE id = (SELECT event_id FROM log_seal ORDER BY seq DESC LIMIT 1)",
    "DELETE FROM log_seal WHERE seq = (SELECT max(seq) FROM log_seal)",
)
REWIND = "UPDATE log_head SET (seq, hash, count) = (SELECT seq, hash, seq FROM log_seal ORDER BY seq DESC LIMIT 1)"


def fill(lines: int) -> list[int]:
    """Bring the log to this many lines, attested by the ordinary course of things; their numbers."""
    while (missing := lines - Event.objects.count()) > 0:
        with transaction.atomic():
            for number in range(min(missing, 7)):
                log.record(actor=SUN_YUE, action="log.verified", customer="C-7K3MQ2XW", data={"number": number})
    return list(Event.objects.order_by("pk").values_list("pk", flat=True))


def verify(session: "psycopg.Connection[Any]") -> Report:
    """The verifier's report as this session sees the log."""
    return Verifier(session, base64.b64decode(settings.CRM_KEYS["log_mac_key"])).run()
