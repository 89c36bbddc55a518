"""The life of an uploaded file: taken in, its columns told, checked, released, removed. The loading itself is in `importers`."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require
from crm.fields.models import DataKey
from crm.fields.services import destroy_data_key
from crm.jobs import services as jobs
from crm.jobs.models import Job
from crm.log import services as log
from transactions.choices import ImportMode, ImportState
from transactions.models import ColumnMapping, FileImport, Source
from transactions.services import tables, uploads, words

CHECK, LOAD = "transactions.check_file", "transactions.load_file"
"""The kinds of job, and the names of their tasks."""

WHOLE_FILE_ROWS = 50_000
"""All-or-nothing is one database transaction that holds every customer in the file; more rows would hold them too long."""

KEPT = timedelta(hours=24)
LONGEST_WORK = timedelta(hours=24)
"""A loading that has not come to its end by then, counted from the time the bytes are kept, is given up: nothing is kept for ever."""

COUNTS = ("rows_total", "rows_done", "rows_new", "rows_same", "rows_bad", "rows_refused")
EDITABLE = (ImportState.WAITING, ImportState.CHECKED)
RELEASABLE = (ImportState.CHECKED, ImportState.FAILED)


class FileTooLarge(DomainError):
    """More bytes than one upload takes."""

    code = "file_too_large"
    message = _("The file is larger than 50 MB. Split it.")
    field = "file"


class ColumnsMissing(DomainError):
    """The columns do not say all that a transaction needs."""

    code = "columns_missing"


class NotNow(Conflict):
    """The file is in a state in which this cannot be done."""

    code = "not_now"
    message = _("This cannot be done with the file any more, or not yet. Load the page again.")


class TooManyForOne(DomainError):
    """The file is too large to be loaded whole."""

    code = "too_many_rows"
    message = _("Files of more than 50,000 rows are loaded with “Skip bad rows”.")
    field = "mode"


class MappingNameTaken(Conflict):
    """Another mapping has this name."""

    code = "mapping_name_taken"
    message = _("A column mapping with this name exists for another source.")
    field = "save_as"


def take_in(*, actor: Actor, source: Source, file_name: str, pieces: Iterable[bytes], mapping: ColumnMapping | None = None) -> FileImport:
    """Seal an uploaded file and recognise its columns; returns it waiting for them to be confirmed.

    Raises ``FileTooLarge`` and ``tables.UnreadableFile``. The bytes lie sealed on disk for 24 hours.
    """
    require(actor, "transactions.add_fileimport")
    digest, content = hashlib.sha256(), bytearray()
    for piece in _limited(pieces):
        digest.update(piece)
        content += piece
    heading = tables.read(bytes(content), limit=1).heading
    columns, defaults = _columns(heading, mapping)
    with transaction.atomic():
        name, _key = uploads.store([bytes(content)])
        row = FileImport.objects.create(
            source=source,
            mapping=mapping,
            columns=columns,
            defaults=defaults,
            file_name=file_name[-200:],
            file_digest=digest.hexdigest(),
            size=len(content),
            stored_as=name,
            uploaded_by=actor.user,
        )
        log.record(actor=actor, action="file_import.uploaded", target=row, data={"size": row.size, "sha256": row.file_digest})
    return row


def _limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > settings.UPLOAD_LARGEST:
            raise FileTooLarge
        yield piece


def _columns(heading: list[str], mapping: ColumnMapping | None) -> tuple[dict[str, str], dict[str, str]]:
    found = words.detect(heading)
    if mapping is None:
        return found, {}
    kept = {name: column for name, column in mapping.columns.items() if column in heading}
    return {**found, **kept}, dict(mapping.defaults)


@transaction.atomic
def check(*, actor: Actor, row: FileImport, columns: Mapping[str, str], defaults: Mapping[str, str], save_as: str = "") -> FileImport:
    """Take the columns as told and check every row in the background; nothing is stored. ``save_as`` keeps them under a name."""
    row = _held(actor, row, EDITABLE)
    columns = {name: heading for name, heading in columns.items() if heading and name in words.FIELDS}
    if needed := words.missing(columns, defaults):
        named = ", ".join(str(words.FIELDS[name]) for name in needed)
        raise ColumnsMissing(_("Columns still needed: %(names)s.") % {"names": named}, field=needed[0])
    row.columns, row.defaults, row.state = columns, dict(defaults), ImportState.WAITING
    if save_as.strip():
        row.mapping = _save_mapping(actor, row, save_as.strip())
    row.job = jobs.create(actor=actor, kind=CHECK, title=row.file_name, file_import=row.pk)
    row.save(update_fields=["columns", "defaults", "state", "mapping", "job"])
    log.record(actor=actor, action="file_import.checked", target=row, data={"columns": columns, "defaults": dict(defaults)})
    return row


def _save_mapping(actor: Actor, row: FileImport, name: str) -> ColumnMapping:
    require(actor, "transactions.change_columnmapping")
    values: dict[str, Any] = {
        "columns": row.columns,
        "defaults": row.defaults,
        "saved_by_id": actor.user_id,
        "saved_at": timezone.now(),
    }
    mapping, is_new = ColumnMapping.objects.get_or_create(name=name[:60], defaults={"source": row.source, **values})
    if not is_new:
        if mapping.source_id != row.source_id:
            raise MappingNameTaken
        ColumnMapping.objects.filter(pk=mapping.pk).update(**values)
    log.record(actor=actor, action="column_mapping.saved", target=row, data={"name": mapping.name, "columns": row.columns})
    return mapping


@transaction.atomic
def release(*, actor: Actor, row: FileImport, mode: str) -> FileImport:
    """Have a checked file loaded in the background (again, after a failure: what is stored already stays as it is)."""
    row = _held(actor, row, RELEASABLE)
    if mode == ImportMode.ALL_OR_NOTHING and row.rows_total > WHOLE_FILE_ROWS:
        raise TooManyForOne
    row.mode, row.state = ImportMode(mode), ImportState.RUNNING
    row.rows_done = row.rows_new = row.rows_same = row.rows_bad = row.rows_refused = 0
    row.row_errors.all().delete()
    row.job = jobs.create(actor=actor, kind=LOAD, title=row.file_name, total=row.rows_total, file_import=row.pk)
    row.save()
    log.record(actor=actor, action="file_import.started", target=row, data={"mode": mode})
    return row


@transaction.atomic
def reject(*, actor: Actor, row: FileImport, reason: str = "") -> FileImport:
    """Give a file up before it is loaded."""
    row = _held(actor, row, (*EDITABLE, ImportState.FAILED))
    if row.job is not None and row.job.is_open:
        jobs.cancel(actor=actor, job=row.job)
    row.state, row.finished_at = ImportState.REJECTED, timezone.now()
    row.save(update_fields=["state", "finished_at"])
    log.record(actor=actor, action="file_import.rejected", target=row, reason=reason)
    return row


def _held(actor: Actor, row: FileImport, states: tuple[ImportState, ...]) -> FileImport:
    require(actor, "transactions.add_fileimport", row)
    row = FileImport.objects.locked().select_related("job", "source").get(pk=row.pk)
    if row.state not in states or (row.state == ImportState.WAITING and row.job is not None and row.job.is_open):
        raise NotNow
    if row.removed_at:
        raise uploads.UploadGone
    return row


def loading_ended(job: Job, actor: Actor) -> None:
    """However a loading ended early (a fault, a cancelled job, a right that is gone), its file has failed: it can be released again.

    Called in the transaction in which the job ends.
    """
    row = FileImport.objects.locked().filter(pk=job.params["file_import"], job=job, state=ImportState.RUNNING).first()
    if row is not None:
        row.state, row.finished_at = ImportState.FAILED, timezone.now()
        row.save(update_fields=["state", "finished_at"])
        data = {name: getattr(row, name) for name in COUNTS}
        log.record(actor=actor, action="file_import.failed", target=row, data=data, result="failed")


def remove_uploads(*, actor: Actor, now: Any = None) -> int:
    """Remove the bytes of uploads older than 24 hours, whatever became of them; returns how many. Unloaded files are given up.

    A file that a job is still on keeps its bytes for another day, then the job is given up with it.
    """
    before = (now or timezone.now()) - KEPT
    worked_on = Q(state=ImportState.RUNNING, job__in=Job.objects.open(), uploaded_at__gte=before - LONGEST_WORK)
    rows = FileImport.objects.filter(removed_at=None, uploaded_at__lt=before).exclude(worked_on)
    removed = sum(_remove(actor, pk) for pk in rows.values_list("pk", flat=True)[:500])
    # An upload that was killed before its row was written left a file that no row knows.
    known = set(FileImport.objects.filter(removed_at=None).values_list("stored_as", flat=True))
    age = time.time() - KEPT.total_seconds()
    for name in uploads.names_older_than(age):
        if name not in known:
            uploads.remove(name)
    return removed


@transaction.atomic
def _remove(actor: Actor, pk: int) -> bool:
    row = FileImport.objects.locked().filter(pk=pk, removed_at=None).first()
    if row is None:
        return False
    if row.job is not None and row.job.is_open:
        jobs.give_up(actor=actor, job=row.job)
        row.refresh_from_db()
    key = DataKey.objects.filter(pk=uploads.key_id_of(row.stored_as) or 0, destroyed_at=None).first()
    if key is not None:
        destroy_data_key(actor=actor, data_key=key, reason="upload removed after 24 hours")
    if row.state in EDITABLE:
        row.state, row.finished_at = ImportState.REJECTED, timezone.now()
    elif row.state == ImportState.RUNNING:
        row.state, row.finished_at = ImportState.FAILED, timezone.now()
    row.removed_at = timezone.now()
    row.save(update_fields=["state", "finished_at", "removed_at"])
    log.record(actor=actor, action="file_import.removed", target=row)
    # The key is destroyed with the commit; the bytes that remain if this process dies before are removed by the next sweep.
    transaction.on_commit(lambda: uploads.remove(row.stored_as))
    return True
