"""What the role app may do with the log's tables: add lines and read. Set after every migration, so that no default grant of the
server can widen it."""

from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from crm.log import keys

# The app cannot choose a line's number or transaction, cannot write seals or the head, and can only move the attestation.
_INSERTABLE = (
    "uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action, result, "
    "target_type, target_ref, customer, reason, approver, data, body, mac"
)
_TABLES = "log_event, log_leaf, log_seal, log_head, log_attestation, log_checkpoint"


def statements(role: str) -> list[str]:
    """The SQL that gives a (quoted) role its rights on the log and takes all others away."""
    return [
        f"REVOKE ALL ON {_TABLES} FROM {role}",
        f"GRANT SELECT ON {_TABLES} TO {role}",
        f"GRANT INSERT ({_INSERTABLE}) ON log_event TO {role}",
        f"GRANT INSERT ON log_leaf TO {role}",
        f"GRANT EXECUTE ON FUNCTION log_purge(bigint, text, bytea) TO {role}",
        f"GRANT INSERT ON log_attestation TO {role}",
        f"GRANT UPDATE (seq, hash, count, at, mac) ON log_attestation TO {role}",
    ]


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Set the grants of the role app and, in an empty log, write the first attestation."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('log_attestation') IS NOT NULL, current_user")
        there, me = cursor.fetchone()
        if not there:
            return
        role = settings.APP_ROLE
        if role and role != me:
            quoted = connection.ops.quote_name(role)
            for statement in statements(quoted):
                cursor.execute(statement)
        _attest_empty_log(cursor)


def _attest_empty_log(cursor: Any) -> None:
    # Only an empty log may be attested without having been verified: later a missing attestation is itself a finding.
    cursor.execute("SELECT log_id::text, hash FROM log_head WHERE seq = 0 AND NOT EXISTS (SELECT 1 FROM log_attestation)")
    row = cursor.fetchone()
    if row is None:
        return
    log_id, digest, at = row[0], bytes(row[1]), timezone.now().isoformat()
    mac = keys.head_mac(log_id=log_id, seq=0, digest=digest, count=0, at=at)
    cursor.execute("INSERT INTO log_attestation (id, seq, hash, count, at, mac) VALUES (1, 0, %s, 0, %s, %s)", [digest, at, mac])
