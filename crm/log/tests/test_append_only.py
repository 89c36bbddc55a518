"""Nobody changes what is written: not the role app by grant, not the owner by trigger.

Requirements: R312, R313.
"""

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from crm.log import services as log
from crm.log.models import Event
from crm.log.tests.people import SUN_YUE

CHANGES = [
    "UPDATE log_event SET reason = 'x'",
    "DELETE FROM log_event",
    "TRUNCATE log_event",
    "UPDATE log_seal SET seq = seq",
    "DELETE FROM log_seal",
    "TRUNCATE log_seal",
    "UPDATE log_leaf SET ref = 'x'",
    "DELETE FROM log_leaf",
    "TRUNCATE log_leaf",
    "DELETE FROM log_head",
    "TRUNCATE log_head",
    "DELETE FROM log_attestation",
    "TRUNCATE log_attestation",
]
BEYOND_APP = [
    "UPDATE log_head SET seq = 0",
    "INSERT INTO log_seal (seq, event_id, prev, hash) VALUES (9, 9, '', sha256(''))",
    "INSERT INTO log_event (id) OVERRIDING SYSTEM VALUE VALUES (1)",
    "INSERT INTO log_event (txid) VALUES ('1')",
    "ALTER TABLE log_event DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "SELECT log_seal_lines()",
]


@pytest.fixture
def one_line(transactional_db: None) -> Event:
    """A log with a line."""
    with transaction.atomic():
        return log.record(actor=SUN_YUE, action="log.verified")


@pytest.mark.parametrize("statement", CHANGES + BEYOND_APP)
def test_app_cannot(one_line: Event, statement: str) -> None:
    """The grants: rows may be added and read."""
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.latest("pk") == one_line


@pytest.mark.parametrize("statement", CHANGES)
def test_owner_is_stopped_by_triggers(one_line: Event, superuser: psycopg.Connection, statement: str) -> None:
    """Even the tables' owner has to switch a trigger off first, which the chain then answers for."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        superuser.execute(statement)
