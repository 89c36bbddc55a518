"""Everything that is sent, by several threads through every door, no further than the storm has come."""

import csv
import io
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.chaos.doors import Clerk, Partner, Tally
from benchmarks.chaos.plan import Plan, Row
from benchmarks.chaos.product import Eye, Product, until

A_POST = 100
TWICE = 7
"""Each seventh request is sent by two at once, as after a time-out whose request was still at work."""
BATCH_SENDERS = 3
HEADINGS = {
    "external_id": "transaction id",
    "account": "account",
    "occurred_at": "occurred at",
    "direction": "direction",
    "amount": "amount",
    "currency": "currency",
    "kind": "type",
    "instrument": "instrument",
    "channel": "channel",
}


@dataclass
class Gate:
    """How far the senders may go: the storm moves it, so that there is work to interrupt until the last kill.

    The first ``kept`` files are kept for the kills in the middle of one: each begins when such a kill waits for it, ``files`` so far.
    """

    allowed: float = 1.0
    files: int = 0
    kept: int = 0
    failed: list[BaseException] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)

    def wait(self, name: str, share: float) -> None:
        """Say how far this sender is; wait until it may go on."""
        self.done[name] = share
        while share > self.allowed and not self.failed:
            time.sleep(0.02)
        if self.failed:
            raise RuntimeError("another sender failed")

    def may_begin(self, file: int, share: float) -> bool:
        """Return whether a file may begin."""
        return file < self.files or (file >= self.kept and share <= self.allowed)

    @property
    def share(self) -> float:
        """Return how far the slowest sender is."""
        return min(self.done.values(), default=0.0)


@dataclass
class Traffic:
    """The senders of one run, and the references they were answered."""

    product: Product
    plan: Plan
    tally: Tally = field(default_factory=Tally)
    gate: Gate = field(default_factory=Gate)
    references: dict[str, str] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)

    def partner(self) -> Partner:
        """Return a new connection of the partner."""
        return Partner(self.product.port, self.tally)

    def begin(self) -> None:
        """Start the senders of the first part."""
        rows = self.plan.rows
        jobs: list[tuple[str, Callable[[], None]]] = []
        for part in range(BATCH_SENDERS):
            mine = [row for row in rows["batch"] if _sender(row) == part]
            jobs.append((f"batch {part}", partial(self._batches, f"batch {part}", mine)))
        jobs.append(("single", lambda: self._singly("single", rows["single"], self.partner().record_one)))
        jobs.append(("decision", lambda: self._singly("decision", rows["decision"], self.partner().decide)))
        jobs.append(("file", self._files))
        self._start(jobs)

    def begin_later(self) -> None:
        """Start the senders of what changes earlier knowledge."""
        half = (len(self.plan.later_rows) + 1) // 2
        later = self.plan.later_rows
        self._start(
            [
                ("later 0", lambda: self._batches("later 0", later[:half], size=20)),
                ("later 1", lambda: self._singly("later 1", later[half:], self.partner().record_one)),
                ("events", self._events),
            ]
        )

    def wait(self) -> None:
        """Wait for the senders; the failure of one is raised."""
        for thread in self.threads:
            thread.join()
        if self.gate.failed:
            raise self.gate.failed[0]

    @property
    def busy(self) -> bool:
        """Return whether any sender is still at work."""
        return any(thread.is_alive() for thread in self.threads)

    def _start(self, jobs: Iterable[tuple[str, Callable[[], None]]]) -> None:
        jobs = list(jobs)
        self.gate.done = {name: 0.0 for name, _job in jobs}
        self.threads = [threading.Thread(target=self._guarded, args=job, name=job[0], daemon=True) for job in jobs]
        for thread in self.threads:
            thread.start()

    def _guarded(self, name: str, job: Callable[[], None]) -> None:
        try:
            job()
            self.gate.done[name] = 1.0
        except BaseException as failure:  # noqa: BLE001 - whatever it is, the run must end with it
            self.gate.failed.append(failure)

    def _batches(self, name: str, rows: list[Row], size: int = A_POST) -> None:
        partner = self.partner()
        # Small worlds in small requests: there is always one to interrupt.
        size = max(min(size, len(rows) // 40), 10)
        for number, start in enumerate(range(0, len(rows), size)):
            self.gate.wait(name, start / len(rows))
            post = rows[start : start + size]
            twin = threading.Thread(target=self.partner().record, args=(post,), daemon=True) if number % TWICE == 3 else None
            if twin:
                twin.start()
            self.learn(partner.record(post))
            if twin:
                twin.join()

    def _singly(self, name: str, rows: list[Row], send: Callable[[Row], dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            self.gate.wait(name, number / len(rows))
            self.learn([send(row)])

    def learn(self, results: Iterable[dict[str, str]]) -> None:
        """Keep the references; a row that was not taken is a fault of the plan."""
        for result in results:
            if "reference" not in result:
                raise RuntimeError(f"not stored: {result}")
            self.references[result["external_id"]] = result["reference"]

    def _events(self) -> None:
        partner = self.partner()
        for number, event in enumerate(self.plan.events):
            self.gate.wait("events", number / len(self.plan.events))
            partner.report(self.references[event.of], event.body)

    def _files(self) -> None:
        clerk, eye = Clerk(self.product.port, self.tally), self.product.eye()
        for number, rows in enumerate(self.plan.files):
            share = number / len(self.plan.files)
            while not self.gate.may_begin(number, share) and not self.gate.failed:
                time.sleep(0.02)
            self.gate.done["file"] = share
            carry(clerk, eye, f"chaos-{number}.csv", rows, whole=number % 2 == 1)


def _sender(row: Row) -> int:
    return int(row["external_id"].split("-")[1]) % BATCH_SENDERS


_STATE = """
SELECT f.reference, f.state, j.id IS NOT NULL AND j.state IN ('waiting', 'running') FROM transactions_fileimport f
  LEFT JOIN jobs_job j ON j.id = f.job_id WHERE f.file_name = %s ORDER BY f.id"""


def carry(clerk: Clerk, eye: Eye, name: str, rows: list[Row], *, whole: bool) -> None:
    """Bring one file from the desk into the ledger: look how far it is, take the next step, until it is loaded."""

    def loaded() -> bool:
        found = eye.ask(_STATE, name)
        if not found:
            page = clerk.get("/transactions/files/new/")
            clerk.send("/transactions/files/new/", page, boundary="x-chaos-x", source="core", mapping="", file=(name, content(rows)))
            time.sleep(0.3)
            return False
        reference, state, working = found[0]
        if working or state == "running":
            time.sleep(0.2)
        elif state == "waiting":
            path = f"/transactions/files/{reference}/columns/"
            columns = {f"column_{ours}": theirs for ours, theirs in HEADINGS.items()}
            clerk.send(path, clerk.get(path), **columns, save_as="")
        elif state in ("checked", "failed"):
            mode = "all_or_nothing" if whole else "skip_bad_rows"
            page = clerk.get(f"/transactions/files/{reference}/")
            clerk.send(f"/transactions/files/{reference}/load/", page, mode=mode)
        return state in ("done", "rejected")

    until(loaded, f"{name} is loaded", patience=600)


def content(rows: list[Row]) -> bytes:
    """Return the rows as a file; the first and the last stand in it twice."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(HEADINGS.values()))
    writer.writeheader()
    writer.writerows({theirs: row[ours] for ours, theirs in HEADINGS.items()} for row in (*rows, rows[0], rows[-1]))
    return out.getvalue().encode()
