"""`manage.py load_transactions`: a file of transactions, as the nightly job of a core system hands it over."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from crm.access.actor import Actor
from crm.access.errors import AccessError, DomainError
from crm.access.middleware import staff_actor
from crm.jobs.models import Job
from crm.staff.models import User
from transactions import importers
from transactions.choices import ImportMode, ImportState
from transactions.models import ColumnMapping, FileImport, Source
from transactions.services import imports
from transactions.validators import reason_text

LINES = 20
PIECE = 1 << 20
PATIENCE = 3600


class Command(BaseCommand):
    """Takes a file in, checks it and loads it, in this process: what the file pages do, by a command."""

    help = "Load a file of transactions (CSV or a workbook); the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, whose word it is and who answers for it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="code of the source system")
        parser.add_argument("--as", dest="number", required=True, help="employee number of the person who answers for the file")
        parser.add_argument("--mapping", default="", help="name of a saved column mapping; without it the headings are recognised")
        parser.add_argument("--default", action="append", default=[], metavar="FIELD=VALUE", help="what holds where a column is absent")
        parser.add_argument("--skip-bad-rows", action="store_true", help="load the good rows (else one bad row keeps the file out)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the figures as one JSON object; a file that is kept out ends with its reasons and exit code 1."""
        try:
            row = self._taken_in(options)
            defaults = {**row.defaults, **_defaults(options["default"])}
            checked = imports.check(actor=self.actor, row=row, columns=row.columns, defaults=defaults)
            row = _ended(checked, importers.check_file, self.actor)
            mode = ImportMode.SKIP_BAD_ROWS if options["skip_bad_rows"] else ImportMode.ALL_OR_NOTHING
            if row.rows_bad and mode == ImportMode.ALL_OR_NOTHING:
                raise CommandError(self._complaints(row))
            row = _ended(imports.release(actor=self.actor, row=row, mode=mode), importers.load_file, self.actor)
        except AccessError:
            raise CommandError(f"{options['number']} may not load files of transactions.") from None
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        if row.state != ImportState.DONE:
            raise CommandError(self._complaints(row))
        figures = {name: getattr(row, name) for name in imports.COUNTS}
        self.stdout.write(json.dumps({"file": row.reference, **figures}))

    def _taken_in(self, options: dict[str, Any]) -> FileImport:
        path: Path = options["file"]
        user = User.objects.filter(number=options["number"]).first()
        if user is None or not user.is_usable:
            raise CommandError(f"There is nobody with the number {options['number']} who may act now.")
        source = Source.objects.filter(code=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no source {options['source']}.")
        mapping = ColumnMapping.objects.filter(name=options["mapping"], source=source).first() if options["mapping"] else None
        if options["mapping"] and mapping is None:
            raise CommandError(f"The source {source.code} has no column mapping {options['mapping']}.")
        self.actor = staff_actor(user, origin="command")
        try:
            with path.open("rb") as file:
                pieces = iter(lambda: file.read(PIECE), b"")
                return imports.take_in(actor=self.actor, source=source, file_name=path.name, pieces=pieces, mapping=mapping)
        except OSError as unreadable:
            raise CommandError(f"{path} cannot be read: {unreadable.strerror}.") from None

    def _complaints(self, row: FileImport) -> str:
        """Say what is wrong with the file, its first bad rows named."""
        found = list(row.row_errors.order_by("row", "pk")[:LINES])
        lines = [f"Row {one.row}, {one.column or 'whole row'}: {reason_text(one.reason_code, one.params)}" for one in found]
        if not lines:
            return f"{row.reference} was not loaded. {row.job.error if row.job else ''}".rstrip()
        more = [f"and {row.rows_bad - len(lines)} more bad rows"] if row.rows_bad > len(lines) else []
        return "\n".join([f"{row.reference} was not loaded: {row.rows_bad} bad rows.", *lines, *more])


def _defaults(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if wrong := [name for name, sign, _value in pairs if not sign]:
        raise CommandError(f"--default takes FIELD=VALUE, for example channel=counter; {wrong[0]} has no value.")
    return {name: value for name, _sign, value in pairs}


def _ended(row: FileImport, work: Any, actor: Actor) -> FileImport:
    """Do the job of a file here; where a worker was quicker to take it, wait for the worker."""
    job_id = row.job_id or 0
    deadline = time.monotonic() + PATIENCE
    try:
        work(actor=actor, job_id=job_id)
    except (OperationalError, psycopg.OperationalError) as given_up:
        reason = str(given_up).splitlines()[0]
        raise CommandError(
            f"The database gave up on this file: {reason}. Load the file again: rows that were stored are recognised."
        ) from given_up
    while Job.objects.get(pk=job_id).is_open:
        if time.monotonic() > deadline:
            raise CommandError("The work on this file does not end. Look at its job.")
        time.sleep(0.2)
    return FileImport.objects.select_related("source", "job").get(pk=row.pk)
