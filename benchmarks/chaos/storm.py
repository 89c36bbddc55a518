"""One run: everything is sent, and in the storm processes die meanwhile; how long until the product answered and judged again."""

import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psutil

from benchmarks.chaos import episodes, points
from benchmarks.chaos.plan import ROWS_OF_A_PROBE, Plan
from benchmarks.chaos.product import Eye, Product, until
from benchmarks.chaos.traffic import Traffic
from crm.operations.supervisor import CALM_SECONDS

MID_FILE = "middle of a file"
OF_THE_SUPERVISOR = ("web", "worker", "beat")
"""Started again at once where they lived for a while, else after a pause that grows."""
SHORT = 50
"""In storms of so few kills the pauses do not matter."""
VICTIMS = ("web", "worker", "beat", "broker", "database")
POINTED = 0.25
"""So many of the kills are aimed at a named point; each point has at least one."""
LATER = 0.15
"""So many of the kills fall into the second part."""
CALM_AFTER = 1.0
OWED = """
SELECT (SELECT count(*) FROM transactions_transaction WHERE screening = 'owed')
     + (SELECT count(*) FROM notify_notice WHERE mail_state = 'owed')
     + (SELECT count(*) FROM products_coreinstruction WHERE state = 'owed')
     + (SELECT count(*) FROM jobs_job WHERE state IN ('waiting', 'running'))"""
NOT_OVER = f"{OWED} + (SELECT count(*) FROM risk_judgingdelay WHERE over_at IS NULL)"
"""A delay of judging that was told must be told as over, too."""
IN_HAND = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle' AND xact_start IS NOT NULL"


@dataclass
class Kill:
    """One kill: who, at which point if at one, what was in flight, and when the product was itself again."""

    number: int
    victim: str
    point: str
    in_flight: str
    at: float
    answered: float | None = None
    judged: float | None = None


@dataclass
class Storm:
    """The kills of one run and what became of them."""

    product: Product
    traffic: Traffic
    number: int
    patience: float = 300
    settle: float = 0
    dice: random.Random = field(default_factory=lambda: random.Random(20261122))
    kills: list[Kill] = field(default_factory=list)
    hits: list[points.Hit] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    told: dict[str, Any] = field(default_factory=dict)
    watchers: list[threading.Thread] = field(default_factory=list)

    def run(self, aims: list[tuple[str, str]], incidents: dict[int, Callable[["Storm"], None]], *, at_the_end: bool = False) -> None:
        """Send everything; in between (or when all is quiet again) kill as aimed, and let the incidents happen."""
        if at_the_end:
            self.run([], {})
            self._kill_along(list(range(len(aims))), aims, {})
            self._quiet()
            return
        first = list(range(len(aims) - round(len(aims) * LATER)))
        self.traffic.gate.kept = sum(aims[number][1] == MID_FILE for number in first)
        self.traffic.begin()
        self._kill_along(first, aims, incidents)
        self._quiet()
        self.traffic.begin_later()
        self._kill_along(list(range(len(first), len(aims))), aims, incidents)
        self._quiet()

    def _kill_along(self, numbers: list[int], aims: list[tuple[str, str]], incidents: dict[int, Callable[["Storm"], None]]) -> None:
        for step, number in enumerate(numbers):
            self.traffic.gate.allowed = (step + 1.5) / (len(numbers) + 1)
            until(partial(self._come, step / len(numbers)), "the senders come to the next kill", every=0.01)
            if number in incidents:
                incidents[number](self)
            self._prefer_rested(aims, number, numbers[-1])
            self._one(number, *aims[number])
            say(f"kill {number + 1} of {len(aims)}: {aims[number][0]} {aims[number][1]}")
        self.traffic.gate.allowed = 1.0

    def _prefer_rested(self, aims: list[tuple[str, str]], number: int, last: int) -> None:
        """Take next whom the supervisor would start again at once: who dies young is made to wait, and a long storm with it."""
        if self.number <= SHORT:
            return
        deadline = time.monotonic() + CALM_SECONDS
        while not self._rested(aims[number]) and time.monotonic() < deadline:
            for later in range(number + 1, last + 1):
                if aims[later][0] in OF_THE_SUPERVISOR and aims[later][1] != MID_FILE and self._rested(aims[later]):
                    aims[number], aims[later] = aims[later], aims[number]
                    return
            time.sleep(0.2)

    def _rested(self, aim: tuple[str, str]) -> bool:
        if aim[1] == MID_FILE or aim[0] not in OF_THE_SUPERVISOR:
            return True
        with suppress(psutil.NoSuchProcess):
            child = self.product.child(aim[0])
            return child is not None and time.time() - child.create_time() > CALM_SECONDS
        return False

    def _come(self, mark: float) -> bool:
        return bool(self.traffic.gate.failed) or self.traffic.gate.share >= mark or not self.traffic.busy or self._waiting()

    def _waiting(self) -> bool:
        gate = self.traffic.gate
        return all(share >= gate.allowed or name == "file" or share == 1.0 for name, share in gate.done.items())

    def _one(self, number: int, victim: str, point: str) -> None:
        if self.traffic.gate.failed:
            raise self.traffic.gate.failed[0]
        probe, kill = Probe(self, number), None
        until(lambda: self.product.child(victim), f"{victim} is up again", every=0.02)
        if point:
            if point == MID_FILE:
                self.traffic.gate.files += 1
            hit = points.hit(point, self.product, f"probe-{number}", probe.begin, self.last_rows)
            if hit is None:
                self.missed[point] += 1
            else:
                self.hits.append(hit)
                kill = self._note(number, victim, point, "at the point")
        kill = kill or self._in_flight(number, victim, probe)
        watcher = threading.Thread(target=probe.watch, args=(kill,), daemon=True)
        watcher.start()
        self.watchers.append(watcher)
        until(lambda: probe.answered, f"request {number} is answered", every=0.02)
        time.sleep(CALM_AFTER * self.dice.random())

    @property
    def last_rows(self) -> dict[str, str]:
        """For each file a row of its second piece."""
        return {
            f"chaos-{number}.csv": rows[min(1_100, len(rows) - 1)]["external_id"] for number, rows in enumerate(self.traffic.plan.files)
        }

    def _note(self, number: int, victim: str, point: str, in_flight: str) -> Kill:
        kill = Kill(number, victim, point, in_flight, time.monotonic())
        self.kills.append(kill)
        return kill

    def _in_flight(self, number: int, victim: str, probe: "Probe") -> Kill:
        """Kill while a request is open, a row is owed or a database transaction is under way, whichever the victim is busy with."""
        eye = self.product.eye()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            probe.begin()
            time.sleep(self.dice.uniform(0, 0.06))
            if (fact := self._busy(victim, eye)) and self.product.kill(victim):
                eye.close()
                return self._note(number, victim, "", fact)
        raise TimeoutError(f"{victim} was never busy")

    def _busy(self, victim: str, eye: Eye) -> str:
        if victim in ("web", "broker") and self.traffic.tally.open:
            return "a request open"
        if victim == "database":
            rows = eye.see(IN_HAND)
            return "a database transaction" if rows and rows[0][0] else ""
        rows = eye.see(OWED) if victim != "web" else None
        return "work owed" if rows and rows[0][0] else ""

    def _quiet(self) -> None:
        """Wait until everything is sent, judged, told, mailed and loaded."""
        self.traffic.wait()
        for watcher in self.watchers:
            watcher.join()
        eye = self.product.eye()
        until(lambda: eye.see(NOT_OVER) == [(0,)], "nothing is owed and no delay goes on", patience=self.patience)
        self._settle(eye)
        eye.close()

    def _settle(self, eye: Eye) -> None:
        """Where a fault was built in, rows may not say what they owe: wait until nobody writes any more."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < self.settle:
            written = eye.number("SELECT coalesce(max(id), 0) FROM log_event WHERE action NOT LIKE 'audit.%'")
            if written != before:
                before, since = written, time.monotonic()
            time.sleep(0.5)

    def figures(self) -> dict[str, Any]:
        """Return what happened, for the output."""
        tally = self.traffic.tally
        return {
            "kills": dict(Counter(kill.victim for kill in self.kills)),
            "in_flight": {f"{victim}: {fact}": n for (victim, fact), n in Counter((k.victim, k.in_flight) for k in self.kills).items()},
            "points": {name: sum(hit.point == name for hit in self.hits) for name in points.POINTS},
            "points_missed": dict(self.missed),
            "evidence": {hit.point: {"victim": hit.victim, "seen": hit.seen, **hit.facts} for hit in self.hits},
            "recovery_s": {victim: recovery([kill for kill in self.kills if kill.victim == victim]) for victim in VICTIMS},
            "answers": dict(tally.statuses),
            "outcomes": dict(tally.outcomes),
            "slowest_request_s": round(tally.slowest, 2),
            "unclear_answers": Counter(tally.bad).most_common(5),
            **self.told,
        }


class Probe:
    """The request a kill is aimed at, repeated until it is answered."""

    def __init__(self, storm: Storm, number: int) -> None:
        self.storm = storm
        self.number = number
        self.rows = storm.traffic.plan.probes[number]
        self.sent = 0
        self.answered = False
        self.partner = storm.traffic.partner().ready()

    def begin(self) -> None:
        """Send it (again: the same)."""
        self.sent += 1
        threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        traffic = self.storm.traffic
        traffic.learn(self.partner.record(self.rows))
        self.answered = True

    def watch(self, kill: Kill) -> None:
        """Note when a request begun after the kill was answered, and when new work was judged."""
        traffic, eye = self.storm.traffic, self.storm.product.eye()
        traffic.learn(self.partner.record(self.rows))
        self.answered = True
        kill.answered = time.monotonic() - kill.at
        judged = "SELECT count(*) FROM transactions_transaction WHERE external_id LIKE %s AND screening = 'judged'"
        pattern = f"probe-{self.number}-%"
        deadline = time.monotonic() + self.storm.patience
        while time.monotonic() < deadline:
            if eye.see(judged, pattern) == [(ROWS_OF_A_PROBE,)]:
                kill.judged = time.monotonic() - kill.at
                break
            time.sleep(0.1)
        eye.close()


def recovery(kills: list[Kill]) -> dict[str, Any]:
    """Return the seconds from a kill to the next answered request and to the verdict on it: middle and worst."""
    found: dict[str, Any] = {"kills": len(kills)}
    for name in ("answered", "judged"):
        values = [value for kill in kills if (value := getattr(kill, name)) is not None]
        if values:
            found[name] = {"median": round(statistics.median(values), 2), "worst": round(max(values), 2), "of": len(values)}
    return found


def aims_for(number: int, files: int) -> list[tuple[str, str]]:
    """Return victim and point of each kill: every point at least once, the rest at random, the first in the middle of a file."""
    dice = random.Random(number)
    named = [name for name in points.POINTS if name != MID_FILE]
    pointed = max(len(named), round(number * POINTED) - files) if number >= len(named) + len(VICTIMS) else 0
    aimed = [(victim_of(named[turn % len(named)]), named[turn % len(named)]) for turn in range(pointed)]
    in_files = min(files, max(1, number // 25)) if number else 0
    rest = [(VICTIMS[turn % len(VICTIMS)], "") for turn in range(max(0, number - pointed - in_files))]
    aims = [*aimed, *rest]
    dice.shuffle(aims)
    early = round(number * (1 - LATER))
    for turn in range(in_files):
        aims.insert(round(turn * early / in_files), ("worker", MID_FILE))
    return aims[:number]


def victim_of(point: str) -> str:
    """Return who dies at a named point."""
    if "(" in point:
        return point.split("(")[1].rstrip(")")
    return {"after commit before enqueue": "web", "mid statement": "database"}.get(point, "worker")


def run(
    product: Product,
    plan: Plan,
    kills: int,
    *,
    broker_down: float = 0,
    patience: float = 300,
    aims: list[tuple[str, str]] | None = None,
    at_the_end: bool = False,
    settle: float = 0,
) -> Storm:
    """Send everything, with so many kills and, in a storm, the incidents; return what happened."""
    storm = Storm(product, Traffic(product, plan), kills, patience, settle)
    eye = product.eye()
    points.install(eye)
    eye.close()
    incidents = episodes.schedule(kills, broker_down=broker_down, has_disk=product.volume is not None) if kills and not aims else {}
    for number in range(kills, len(plan.probes)):
        Probe(storm, number)._send()
    storm.run(aims or aims_for(kills, len(plan.files)), incidents, at_the_end=at_the_end)
    return storm


def say(text: str) -> None:
    """Tell the person who waits how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
