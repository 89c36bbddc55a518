"""Places at which a process is stopped before it is killed: held there by a lock in the database, seen there in its activity.

Nothing of this is in the product: the harness puts triggers on the database under test that wait for its own advisory lock when armed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.product import Eye, Product, until

SPACE = 5800
SECONDS = 12
"""The product gives up waiting for a lock after 15 s; by then the process at the point must be dead."""

_INSTALL = """
CREATE SCHEMA IF NOT EXISTS chaos;
CREATE TABLE chaos.armed (place text PRIMARY KEY, what text NOT NULL);
CREATE FUNCTION chaos.wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE wanted text;
BEGIN
    SELECT what INTO wanted FROM chaos.armed WHERE place = TG_ARGV[0];
    IF FOUND AND (wanted = '' OR wanted = to_jsonb(NEW) ->> TG_ARGV[1]) THEN
        PERFORM pg_advisory_xact_lock_shared({space}, TG_ARGV[2]::int);
    END IF;
    RETURN NEW;
END $$;
"""
_TRIGGER = """CREATE TRIGGER a_chaos BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION chaos.wait('{place}', '{column}', '{number}')"""
PLACES = {
    "transaction": ("transactions_transaction", "external_id", 1),
    "assessment": ("risk_assessment", "", 2),
    "notice": ("notify_notice", "", 3),
    "seal": ("log_seal", "", 4),
}
_HELD = """
SELECT a.pid, a.query, a.wait_event_type, a.wait_event FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND NOT l.granted"""
_AFTER_COMMIT = """
SELECT pid, query, wait_event_type, wait_event FROM pg_stat_activity
 WHERE query ~ 'UPDATE log_attestation' AND wait_event_type = 'Lock' AND state = 'active'"""


def install(eye: Eye) -> None:
    """Put the triggers on a fresh database."""
    eye.ask(_INSTALL.format(space=SPACE))
    for place, (table, column, number) in PLACES.items():
        eye.ask(_TRIGGER.format(table=table, place=place, column=column, number=number))


@dataclass(frozen=True)
class Hit:
    """A point that was truly reached: what the process was seen doing, and what stood in the tables when it died."""

    point: str
    victim: str
    seen: str
    facts: dict[str, Any]


class Stop:
    """One place armed: whoever comes to it waits until `release`."""

    def __init__(self, product: Product, place: str, what: str = "") -> None:
        self.number = PLACES[place][2]
        self.place, self.what = place, what
        self.holder, self.eye = product.eye(), product.eye()

    def arm(self) -> None:
        """Take the lock, then say what has to wait for it."""
        self.holder.ask("SELECT pg_advisory_lock(%s, %s)", SPACE, self.number)
        self.eye.ask(
            "INSERT INTO chaos.armed VALUES (%s, %s) ON CONFLICT (place) DO UPDATE SET what = excluded.what", self.place, self.what
        )

    def reached(self) -> tuple[Any, ...] | None:
        """Return what the first process that waits there is doing."""
        rows = self.eye.see(_HELD, SPACE, self.number)
        return rows[0] if rows else None

    def release(self) -> None:
        """Let whoever still waits go on, and those to come pass; a lock that died with the database need not be given back."""
        self.eye.ask("DELETE FROM chaos.armed WHERE place = %s", self.place)
        self.holder.see("SELECT pg_advisory_unlock_all()")
        self.holder.close()
        self.eye.close()


class AfterCommit:
    """Holds the row that every commit touches right after it, before it sends its messages."""

    def __init__(self, product: Product) -> None:
        self.holder, self.eye = product.eye(), product.eye()

    def arm(self) -> None:
        """Take the row."""
        self.holder.ask("BEGIN")
        self.holder.ask("SELECT 1 FROM log_attestation WHERE id = 1 FOR UPDATE")

    def reached(self) -> tuple[Any, ...] | None:
        """Return what the first process that waits there is doing."""
        rows = self.eye.see(_AFTER_COMMIT)
        return rows[0] if rows else None

    def release(self) -> None:
        """Give the row back."""
        self.holder.see("ROLLBACK")
        self.holder.close()
        self.eye.close()


_LOADING = "SELECT file_name, rows_done, rows_total, mode FROM transactions_fileimport WHERE state = 'running' AND rows_done < rows_total"

Begin = Callable[[], None]
Point = Callable[[Product, str, Begin, dict[str, str]], "Hit | None"]


def hit(point: str, product: Product, probe: str, begin: Begin, last_rows: dict[str, str]) -> Hit | None:
    """Have a process reach the point with the work that ``begin`` starts, kill it there; None when it was not reached in time."""
    return POINTS[point](product, probe, begin, last_rows)


_COUNT = "SELECT count(*) FROM transactions_transaction WHERE external_id LIKE %s AND (%s = '' OR screening = %s)"


def _rows(eye: Eye, probe: str, screening: str = "") -> int:
    return eye.number(_COUNT, f"{probe}-%", screening, screening)


def _wait(stop: Stop | AfterCommit, ready: Callable[[], bool] = lambda: True, patience: float = SECONDS) -> tuple[Any, ...] | None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if (seen := stop.reached()) and ready():
            return seen
        time.sleep(0.005)
    return None


def _seen(row: tuple[Any, ...]) -> str:
    return f"{' '.join(str(row[1]).split())[:60]} … waits for {row[2]}/{row[3]}"


def after_commit_before_enqueue(product: Product, probe: str, begin: Begin, _rows_of_files: dict[str, str]) -> Hit | None:
    """The web has committed a request's transactions and has not told the workers yet."""
    stop, eye = AfterCommit(product), product.eye()
    stop.arm()
    try:
        begin()
        seen = _wait(stop, lambda: _rows(eye, probe, "owed") == 3)
        if seen is None:
            return None
        facts = {"committed and owed": _rows(eye, probe, "owed")}
        product.kill("web", "family")
        return Hit("after commit before enqueue", "web", _seen(seen), facts)
    finally:
        stop.release()
        eye.close()


def mid_statement(product: Product, probe: str, begin: Begin, _rows_of_files: dict[str, str]) -> Hit | None:
    """The database dies under an INSERT of which one row is written and the next is not."""
    stop, eye = Stop(product, "transaction", f"{probe}-1"), product.eye()
    stop.arm()
    try:
        begin()
        seen = _wait(stop)
        if seen is None:
            return None
        facts = {"rows of it visible": _rows(eye, probe)}
        product.kill("database")
        return Hit("mid statement", "database", _seen(seen), facts)
    finally:
        eye.close()
        stop.release()


def after_verdict_before_notice(product: Product, probe: str, begin: Begin, _rows_of_files: dict[str, str]) -> Hit | None:
    """The worker has written a verdict and the alert, the notice about it is not written yet."""
    stop, eye = Stop(product, "notice"), product.eye()
    stop.arm()
    try:
        begin()
        seen = _wait(stop)
        if seen is None:
            return None
        wrote = "SELECT count(*) FROM pg_locks WHERE pid = %s AND mode = 'RowExclusiveLock' AND relation = 'risk_assessment'::regclass"
        facts = {"has written verdicts": bool(eye.number(wrote, seen[0])), "verdicts visible": _rows(eye, probe, "judged")}
        product.kill("worker", "family")
        return Hit("after verdict before notice", "worker", _seen(seen), facts)
    finally:
        stop.release()
        eye.close()


def after_verdict_before_messages(product: Product, probe: str, begin: Begin, _rows_of_files: dict[str, str]) -> Hit | None:
    """The worker has committed verdict, alert and notices, and has sent no message about the mails."""
    first, second, eye = Stop(product, "notice"), AfterCommit(product), product.eye()
    first.arm()
    try:
        begin()
        if _wait(first) is None:
            return None
        until(lambda: _rows(eye, probe) == 3, "the probe is stored")
        second.arm()
        first.release()
        owed = "SELECT count(*) FROM notify_notice WHERE mail_state = 'owed'"
        seen = _wait(second, lambda: _rows(eye, probe, "judged") > 0 and eye.number(owed) > 0)
        if seen is None:
            return None
        facts = {"judged": _rows(eye, probe, "judged"), "mails owed": eye.number(owed)}
        product.kill("worker", "family")
        return Hit("after verdict before messages", "worker", _seen(seen), facts)
    finally:
        first.release()
        second.release()
        eye.close()


def middle_of_a_file(product: Product, _probe: str, begin: Begin, last_rows: dict[str, str]) -> Hit | None:
    """The worker has loaded the first piece of a file and is inside the second."""
    eye = product.eye()
    begin()
    # A file is checked first, by the same code: only the loading counts.
    found = until(lambda: eye.see(_LOADING), "a file is being loaded", every=0.01, patience=120)
    stop = Stop(product, "transaction", last_rows[found[0][0]])
    stop.arm()
    try:
        seen = _wait(stop)
        if seen is None:
            return None
        name, done, total, mode = eye.ask(_LOADING)[0]
        product.kill("worker", "family")
        return Hit("middle of a file", "worker", _seen(seen), {"file": name, "rows committed": done, "of": total, "bad rows": mode})
    finally:
        stop.release()
        eye.close()


def while_sealing(victim: str) -> Point:
    """A commit holds the head of the log's chain and is writing the seal of its line."""

    def point(product: Product, probe: str, begin: Begin, _rows_of_files: dict[str, str]) -> Hit | None:
        stop, eye = Stop(product, "seal"), product.eye()
        stop.arm()
        try:
            begin()
            seen = _wait(stop)
            if seen is None:
                return None
            facts = {"rows of it visible": _rows(eye, probe)}
            product.kill(victim, "family" if victim == "web" else "")
            return Hit(f"while sealing ({victim})", victim, _seen(seen), facts)
        finally:
            eye.close()
            stop.release()

    return point


POINTS: dict[str, Point] = {
    "after commit before enqueue": after_commit_before_enqueue,
    "mid statement": mid_statement,
    "after verdict before notice": after_verdict_before_notice,
    "after verdict before messages": after_verdict_before_messages,
    "middle of a file": middle_of_a_file,
    "while sealing (database)": while_sealing("database"),
    "while sealing (web)": while_sealing("web"),
}
