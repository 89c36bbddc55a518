"""The product's way to run the verifier: with its own key, database and anchors, and a line about the outcome."""

import base64
import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections, transaction
from django.utils.translation import gettext as _

from crm.log import anchors, attestation, exporting, services
from crm.log.verifier import NOTES, SENTENCES, Report, Verifier, read_anchors


@dataclass(frozen=True)
class CommandActor:
    """Whoever sits at the command line of the server; crm.log knows no people."""

    number: str
    name: str
    kind: str = "service"
    role: str = ""
    origin: str = "command"
    user_id: int | None = None
    session: str = ""
    address: str = ""
    request_id: str = ""


def at_the_command_line() -> CommandActor:
    """The operating system's user as an actor."""
    return CommandActor(number="command", name=getpass.getuser())


def verify_log() -> Report:
    """Verify the whole log in a snapshot of its own; changes nothing."""
    key = base64.b64decode(settings.CRM_KEYS["log_mac_key"])
    with _second_connection() as connection:
        return Verifier(connection, key, read_anchors(anchors.path())).run()


def verify_and_record(actor: services.ActorLike) -> Report:
    """Verify, write down the outcome, and anchor a log that holds."""
    report = verify_log()
    action = "log.verified" if report.holds else "log.tampering_found"
    outcome = {"lines": report.lines, "batch_rows": report.batch_rows, "findings": [finding.sentence for finding in report.findings[:50]]}
    with transaction.atomic():
        services.record(actor=actor, action=action, result="done" if report.holds else "failed", data=outcome)
    if report.holds:
        anchors.write_anchor()
    return report


def export_and_record(actor: services.ActorLike, target: Path) -> int:
    """How many lines went into the new file; that it was exported is the newest of them. `FileExistsError`, `OSError`."""
    if target.exists():
        raise FileExistsError(target)
    with transaction.atomic():
        services.record(actor=actor, action="log.exported", data={"file": target.name})
    with _second_connection() as connection:
        return exporting.export_log(connection, target, read_anchors(anchors.path()))


def adopt_state(actor: services.ActorLike) -> None:
    """Attest the present head although the former attestation does not fit it, and write that down. After a restore from backup only;
    anchors of the lost time keep their alarm."""
    with transaction.atomic():
        services.record(actor=actor, action="log.attestation_adopted")
    attestation.force_attestation()


def in_words(report: Report) -> list[str]:
    """The report in the reader's language, one sentence a line, the verdict last."""
    said = [_(SENTENCES[finding.kind]) % finding.values for finding in report.findings]
    said += [_(NOTES[kind]) % values for kind, values in report.notes]
    looked = {"lines": report.lines, "rows": report.batch_rows, "anchors": report.anchors, "seconds": f"{report.seconds:.1f}"}
    said.append(_("Looked at %(lines)s lines, %(rows)s batch rows and %(anchors)s anchors in %(seconds)s s.") % looked)
    if report.holds:
        said.append(_("The log holds: nothing was edited, deleted, inserted or swapped."))
    else:
        said.append(
            _("TAMPERING FOUND: %(findings)s findings. Keep the server as it is and call the security officer.")
            % {"findings": len(report.findings)}
        )
    return said


def _second_connection() -> "psycopg.Connection[Any]":
    parameters = connections["default"].get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "service")
    return psycopg.connect(**{name: parameters[name] for name in wanted if parameters.get(name)})
