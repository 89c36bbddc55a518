"""Rows of a file become calls to `record`: checked without a trace, then loaded whole or in pieces that survive a kill."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from django.db import OperationalError, transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.jobs.services import Run, running
from crm.log import services as log
from customers import services as customers
from transactions.choices import ImportMode, ImportState
from transactions.models import FileImport, RowError
from transactions.services import hold, imports, record
from transactions.services.entries import NewTransaction, Outcome, Recorded
from transactions.services.resolving import Resolved, resolve
from transactions.services.rows import Complaint, RowReader
from transactions.services.tables import Cell, read
from transactions.services.uploads import load
from transactions.validators import BadValue

logger = logging.getLogger(__name__)
PIECE = 1_000
"""Rows per transaction: long enough to be quick, short enough that nobody waits for a customer it holds."""

ERRORS_KEPT = 20_000
GIVING_WAY = frozenset({"40P01", "55P03"})
"""A deadlock with others, or a lock that others did not give in time."""
ATTEMPTS = 5
Numbered = tuple[int, list[Cell]]


@dataclass(slots=True)
class Tally:
    """What became of some rows."""

    rows: int = 0
    new: int = 0
    same: int = 0
    bad: int = 0
    refused: int = 0
    complaints: list[tuple[int, Complaint]] = field(default_factory=list)

    def complain(self, row: int, *complaints: Complaint) -> None:
        """Count one bad row with everything wrong with it."""
        self.bad += 1
        self.complaints += [(row, complaint) for complaint in complaints]

    def add(self, other: "Tally") -> None:
        """Add another piece."""
        self.rows += other.rows
        self.new += other.new
        self.same += other.same
        self.bad += other.bad
        self.refused += other.refused
        self.complaints += other.complaints


class _Rejected(Exception):
    """The file has bad rows and is to be loaded whole or not at all."""


class _File:
    """An uploaded file being read, with the ids seen so far: the same id with other content is wrong wherever it stands."""

    def __init__(self, row: FileImport) -> None:
        self.table = read(load(row.stored_as))
        self.reader = RowReader(row.source.code, self.table.heading, row.columns, row.defaults)
        self.seen: dict[str, tuple[int, int]] = {}

    @property
    def total(self) -> int:
        return len(self.table.rows)

    def pieces(self, start: int = 0) -> Iterator[Sequence[Numbered]]:
        """Yield the rows in pieces, from a row on that a former run has reached."""
        for number, cells in self.table.rows[:start]:
            self._one(number, cells, Tally())
        for at in range(start, self.total, PIECE):
            yield self.table.rows[at : at + PIECE]

    def parse(self, piece: Sequence[Numbered], tally: Tally) -> list[tuple[int, NewTransaction]]:
        """Return the rows that can be read; the others are complained of."""
        tally.rows += len(piece)
        found = ((number, self._one(number, cells, tally)) for number, cells in piece)
        return [(number, row) for number, row in found if row is not None]

    def _one(self, number: int, cells: list[Cell], tally: Tally) -> NewTransaction | None:
        read_row = self.reader.read(cells)
        if not isinstance(read_row, NewTransaction):
            tally.complain(number, *read_row)
            return None
        # Of two rows with one hash by chance, the second would be found to differ when it is stored.
        mark = hash(read_row)
        first, known = self.seen.setdefault(read_row.external_id, (number, mark))
        if known != mark:
            tally.complain(number, Complaint(self.reader.heading_of("external_id"), "twice_in_file", {"row": str(first)}))
            return None
        return read_row

    def judge(self, number: int, answer: Recorded, tally: Tally) -> None:
        """Count what became of one row."""
        if answer.problem is not None:
            tally.complain(number, self._complaint(answer.problem))
        elif answer.outcome == Outcome.SAME:
            tally.same += 1
        elif answer.outcome == Outcome.REFUSED:
            tally.refused += 1
        else:
            tally.new += 1

    def _complaint(self, problem: DomainError) -> Complaint:
        params = {key: str(value) for key, value in problem.params.items()} if isinstance(problem, BadValue) else {}
        return Complaint(self.reader.heading_of(problem.field), problem.code, params)


def check_file(*, actor: Actor, job_id: int) -> None:
    """Try every row and store none: counts and complaints tell what loading would do now."""
    with running(actor=actor, job_id=job_id) as run:
        if run:
            _check(actor, run, _file_import(actor, run, ImportState.WAITING))


def _check(actor: Actor, run: Run, row: FileImport) -> None:
    file, tally = _File(row), Tally()
    for piece in file.pieces():
        good = file.parse(piece, tally)
        # The same code that will store them, undone at once: no second opinion that could differ from the first.
        with transaction.atomic():
            answers = record(actor=actor, rows=[new for _number, new in good], entered_by=row.uploaded_by)
            transaction.set_rollback(True)
        for (number, _new), answer in zip(good, answers, strict=True):
            file.judge(number, answer, tally)
        run.advance(tally.rows, total=file.total)
    with transaction.atomic():
        row = FileImport.objects.locked().get(pk=row.pk)
        row.row_errors.all().delete()
        row.rows_done = row.rows_new = row.rows_same = row.rows_bad = row.rows_refused = 0
        _keep_errors(row, tally)
        _count(row, tally, total=file.total)
        row.state = ImportState.CHECKED
        row.save()
        log.record(actor=actor, action="file_import.checked", target=row, data=_figures(row))
    run.result = _figures(row)


def load_file(*, actor: Actor, job_id: int) -> None:
    """Store the rows of a released file. Killed and begun again, it goes on where it was; nothing is stored twice."""
    with running(actor=actor, job_id=job_id) as run:
        if run:
            row = _file_import(actor, run, ImportState.RUNNING)
            load_as = _load_whole if row.mode == ImportMode.ALL_OR_NOTHING else _load_pieces
            run.result = _figures(load_as(actor, run, row))


def _load_whole(actor: Actor, run: Run, row: FileImport) -> FileImport:
    """One transaction: a kill or a bad row leaves nothing."""
    file, tally = _File(row), Tally()
    try:
        with transaction.atomic():
            row = FileImport.objects.locked().get(pk=row.pk)
            pieces = [file.parse(piece, tally) for piece in file.pieces()]
            _hold_all(actor, [new for piece in pieces for _number, new in piece])
            done = 0
            for good in pieces:
                answers = record(actor=actor, rows=[new for _number, new in good], entered_by=row.uploaded_by)
                for (number, _new), answer in zip(good, answers, strict=True):
                    file.judge(number, answer, tally)
                done += len(good)
                run.advance(done, total=file.total)
            if tally.bad:
                raise _Rejected
            _count(row, tally, total=file.total)
            return _finish(actor, row, ImportState.DONE, "file_import.finished")
    except _Rejected:
        with transaction.atomic():
            row = FileImport.objects.locked().get(pk=row.pk)
            _keep_errors(row, tally)
            row.rows_bad = tally.bad
            return _finish(actor, row, ImportState.REJECTED, "file_import.rejected")


def _hold_all(actor: Actor, rows: Sequence[NewTransaction]) -> None:
    """Hold every party of the file and its figures at once: taken piece by piece they would not be in order, and files could deadlock."""
    parties = [item.party for item in resolve(actor=actor, rows=rows, now=timezone.now()) if isinstance(item, Resolved)]
    hold((party.customer_id for party in parties), (party.account_id for party in parties))
    customers.hold_figures(party.customer_id for party in parties)


def _load_pieces(actor: Actor, run: Run, row: FileImport) -> FileImport:
    """A transaction per piece; how far it is stands in the row and commits with the piece."""
    file = _File(row)
    for piece in file.pieces(start=row.rows_done):
        row = _load_piece(actor, row.pk, file, piece)
        run.advance(row.rows_done, total=file.total)
    with transaction.atomic():
        row = FileImport.objects.locked().get(pk=row.pk)
        return _finish(actor, row, ImportState.DONE, "file_import.finished")


def _load_piece(actor: Actor, pk: int, file: _File, piece: Sequence[Numbered]) -> FileImport:
    """Store one piece. Where it has to give way to others (a deadlock, a lock not given), it begins anew: nothing of it was stored."""
    read_tally = Tally()
    good = file.parse(piece, read_tally)
    for attempt in range(1, ATTEMPTS + 1):
        tally = Tally()
        tally.add(read_tally)
        try:
            with transaction.atomic():
                row = FileImport.objects.locked().get(pk=pk)
                return _store_piece(actor, row, file, good, tally, span=(piece[0][0], piece[-1][0]))
        except (OperationalError, psycopg.OperationalError) as others:
            if attempt == ATTEMPTS or _sqlstate(others) not in GIVING_WAY:
                raise
            logger.warning("piece from row %s gave way (%s of %s): %s", piece[0][0], attempt, ATTEMPTS, type(others).__name__)
    raise AssertionError("unreachable")


def _sqlstate(error: Exception) -> str | None:
    # Hot statements speak to the driver, all others through Django, which wraps its error.
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def _store_piece(
    actor: Actor, row: FileImport, file: _File, good: Sequence[tuple[int, NewTransaction]], tally: Tally, span: tuple[int, int]
) -> FileImport:
    answers = record(actor=actor, rows=[new for _number, new in good], entered_by=row.uploaded_by, beside_judging=True)
    for (number, _new), answer in zip(good, answers, strict=True):
        file.judge(number, answer, tally)
    _keep_errors(row, tally)
    _count(row, tally, total=file.total)
    row.save()
    data = {"from": span[0], "to": span[1], **_figures(row)}
    log.record(actor=actor, action="file_import.chunk_loaded", target=row, data=data)
    return row


def _file_import(actor: Actor, run: Run, state: ImportState) -> FileImport:
    """The job's file, if the person who asked may still do this and the file is still in that state."""
    row = FileImport.objects.select_related("source").get(pk=run.job.params["file_import"])
    require(actor, "transactions.add_fileimport", row)
    if row.state != state:
        raise DomainError(code="not_now")
    return row


def _finish(actor: Actor, row: FileImport, state: ImportState, action: str) -> FileImport:
    row.state, row.finished_at = state, timezone.now()
    row.save()
    log.record(actor=actor, action=action, target=row, data=_figures(row))
    return row


def _keep_errors(row: FileImport, tally: Tally) -> None:
    room = max(0, ERRORS_KEPT - row.row_errors.count())
    kept = tally.complaints[:room]
    RowError.objects.bulk_create(
        RowError(file_import=row, row=number, column=complaint.column[:80], reason_code=complaint.code, params=complaint.kept())
        for number, complaint in kept
    )


def _count(row: FileImport, tally: Tally, *, total: int) -> None:
    row.rows_total = total
    row.rows_done += tally.rows
    row.rows_new += tally.new
    row.rows_same += tally.same
    row.rows_bad += tally.bad
    row.rows_refused += tally.refused


def _figures(row: FileImport) -> dict[str, int]:
    return {name: getattr(row, name) for name in imports.COUNTS}
