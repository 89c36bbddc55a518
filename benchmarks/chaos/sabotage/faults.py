"""The faults: what is broken, by which SQL or in which function, and what kind of death brings it to light."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


def put(place: Any, name: str, value: Any) -> Any:
    """Set what the product would call; return what stood there."""
    before = getattr(place, name)
    setattr(place, name, value)
    return before


def _nothing() -> None:
    """Leave the processes as they are."""


@dataclass(frozen=True)
class Fault:
    """One way to be wrong. ``point`` is where a process dies; empty: the fault shows without any death."""

    says: str
    point: str = ""
    build_in: Callable[[], None] = _nothing
    sql: str = ""


def _no_unique_key() -> None:
    from transactions.services import storing

    storing._INSERT = storing._INSERT.replace("ON CONFLICT (source_id, external_id) DO NOTHING", "")


def _on_commit_only() -> None:
    """Rows do not owe: only the message of the commit has them judged."""
    from risk.services import screening
    from transactions.services import recording

    state = recording._state

    def not_owed(*args: Any) -> Any:
        *others, screening_of = state(*args)
        return (*others, "judged" if screening_of == "owed" else screening_of)

    put(recording, "_state", not_owed)
    screening._OWED = screening._OWED.replace("AND screening = 'owed'", "AND (screening = 'owed' OR owed_cause = 'new')")


def _no_sweeps() -> None:
    from crm.jobs import sweeps

    sweeps._sweeps.clear()


def _notice_after_commit() -> None:
    from django.db import transaction

    from risk.services import alerts

    def later(raised: Any, now: Any) -> None:
        transaction.on_commit(partial(tell, raised, now))

    tell = put(alerts, "tell_duty", later)


def _status_event_lost() -> None:
    from transactions.models import StatusEvent

    create = StatusEvent.objects.create

    def sometimes(**values: Any) -> Any:
        return None if values.get("external_id") else create(**values)

    put(StatusEvent.objects, "create", sometimes)


def _verdict_before_its_alert() -> None:
    """What follows from a verdict is written after the verdict has been committed."""
    from django.db import transaction

    from risk.services import consequences

    follow = consequences.follow

    def later(**values: Any) -> consequences.Followed:
        transaction.on_commit(partial(transaction.atomic(follow), **values))
        return consequences.Followed()

    put(consequences, "follow", later)


def _judged_before_judging() -> None:
    """The rows are marked as judged in a transaction of their own, then judged."""
    from django.db import transaction

    from risk.engine.cursor import run
    from risk.services import screening

    judge, owed = screening.judge, screening._OWED
    screening._OWED = owed.replace("AND screening = 'owed'", "")

    def early(*, ids: Any, **more: Any) -> Any:
        with transaction.atomic():
            mine = [row[0] for row in run(owed, {"ids": list(ids)})]
            run(screening._DONE, {"ids": mine})
        return judge(ids=mine, **more) if mine else screening.Outcome()

    put(screening, "judge", early)


def _mail_not_sent() -> None:
    """A mail in five is said to be sent and is not."""
    from crm.notify import mail_files

    def sometimes(self: Any, message: Any) -> None:
        if sum(str(message.extra_headers["Message-ID"]).encode()) % 5:
            write(self, message)

    write = put(mail_files.FileMail, "_write", sometimes)


def _alert_without_line() -> None:
    from risk.services import alerts

    put(alerts, "_write_down", lambda _actor, _raised: None)


def _core_not_told() -> None:
    from products.services import freezes

    put(freezes, "owe_placing", lambda _freeze: None)


def _progress_before_rows() -> None:
    """A file's piece is marked as loaded before its rows are stored."""
    from django.db import transaction

    from transactions import importers
    from transactions.models import FileImport

    def parse(self: Any, piece: Any, tally: Any) -> Any:
        good = original(self, piece, tally)
        if not transaction.get_connection().in_atomic_block:
            FileImport.objects.filter(state="running").update(rows_done=piece[-1][0] - 1)
        return good

    original = put(importers._File, "parse", parse)
    put(importers, "PIECE", 100)  # a small world's file has pieces too


NOTICE, COMMIT, FILE = "after verdict before notice", "after commit before enqueue", "middle of a file"
FAULTS = {
    "unique key dropped": Fault(
        "the same transaction sent by two at once is stored twice",
        build_in=_no_unique_key,
        sql="ALTER TABLE transactions_transaction DROP CONSTRAINT transaction_stored_once",
    ),
    "on_commit instead of owed rows": Fault("a message lost at the commit is a verdict lost", COMMIT, _on_commit_only),
    "audit trigger off": Fault("lines are not chained", sql="ALTER TABLE log_event DISABLE TRIGGER log_event_seal"),
    "sweep off": Fault("what is owed after a death is never done", COMMIT, _no_sweeps),
    "notice outside the transaction": Fault("an alert nobody is told of", NOTICE, _notice_after_commit),
    "status event lost": Fault("a step of a transaction's life is missing", build_in=_status_event_lost),
    "verdict without its alert": Fault("judged, and what should follow died", NOTICE, _verdict_before_its_alert),
    "judged before judging": Fault("marked as judged, and never judged", NOTICE, _judged_before_judging),
    "mail not sent": Fault("said to be sent", build_in=_mail_not_sent),
    "alert without its line": Fault("an act that the log does not know", build_in=_alert_without_line),
    "core not told": Fault("a freeze of which the core never hears", build_in=_core_not_told),
    "progress before rows": Fault("a file's rows are skipped after a death", FILE, _progress_before_rows),
}
