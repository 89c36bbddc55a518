"""A bank under fire: web, worker and broker as real processes, killed with -9 while transactions arrive; then a census.

Used by the slice in `crm/tests/test_kills.py` and by `make chaos` at full size.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from crm.operations.servers.homes import Home
from crm.operations.servers.valkey import Valkey
from crm.tests.personas import PARTNER_TOKEN
from products.models import Account, Freeze
from risk.models import Alert, Assessment, Hit
from transactions.choices import Screening
from transactions.models import Transaction

ROOT = Path(__file__).resolve().parents[2]
BATCH = 50
BEGIN = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""Ten in the morning of yesterday on the bank's clock: no night, and the same for every run of one process."""
Census = dict[str, Any]


class Processes:
    """Web, worker (with beat) and a broker of their own, on this run's database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = Home(folder / "home")
        home.prepare()
        self.home = home
        self.valkey = Valkey(home, test=False)
        self.port = _free_port()
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.valkey.start()
        self.environment = dict(os.environ) | {"CRM_BROKER_URL": self.valkey.url(), "PORT": str(self.port)}
        self.start_web()
        self.start_worker()

    def start_web(self) -> None:
        """Start the web server, as its own process group so that its children die with it."""
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "crm.wsgi:application",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            "1",
            "--threads",
            "2",
        ]
        self.web = self._spawn(command, "web")

    def start_worker(self) -> None:
        """Start worker and beat."""
        schedule = self.folder / f"beat-{time.monotonic_ns()}"
        command = [sys.executable, "-m", "celery", "-A", "crm.celery", "worker", "-B", "-c", "1", "-l", "ERROR", "-s", str(schedule)]
        self.worker = self._spawn(command, "worker")

    def kill(self, what: str) -> None:
        """Kill -9 one of the three, and start it again."""
        if what == "broker":
            process = self.valkey.process
            assert process is not None
            process.kill()
            process.wait()
            self.valkey.start()
            return
        process = self.web if what == "web" else self.worker
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if what == "web":
            self.start_web()
        else:
            self.start_worker()

    def end(self) -> None:
        """End everything."""
        for process in (self.web, self.worker):
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.valkey.stop()
        self.home.remove()

    def _spawn(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as out:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=out, start_new_session=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def movements(accounts: list[str], count: int, seed: int) -> list[dict[str, Any]]:
    """Return transactions with ids fixed before sending: ordinary payments, and now and then a cash deposit just below the limit."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        account = accounts[number % len(accounts)]
        special = number % 97 == 0
        rows.append(
            {
                "source": "mobile",
                "external_id": f"K-{seed}-{number}",
                "account": account,
                "direction": "C" if special else draw.choice("DC"),
                "amount": f"{draw.randint(48_000, 49_900) if special else draw.randint(1, 900)}.00",
                "currency": "CNY",
                "occurred_at": (BEGIN + timedelta(seconds=number * 6)).isoformat(),
                "kind": "deposit" if special else "payment",
                "instrument": "cash" if special else "transfer",
                "channel": "counter" if special else "mobile",
            }
        )
    return rows


def send(port: int, rows: list[dict[str, Any]]) -> bool:
    """Post one batch; False when nobody answered, which says nothing about whether it was stored."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/transactions/",
        data=json.dumps(rows).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {PARTNER_TOKEN}", "Host": "localhost"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            results = json.load(answer)
    except urllib.error.HTTPError as refusal:
        if refusal.code not in (502, 503):
            raise AssertionError(f"{refusal.code}: {refusal.read()[:500]!r}") from refusal
        return False
    except OSError:
        return False
    bad = [item for item in results["results"] if item["http_status"] not in (200, 201)]
    assert bad == [], f"refused: {bad[:3]}"
    return True


def run(accounts: list[str], count: int, kills: list[str], *, seed: int, patience: float = 240) -> tuple[Census, int]:
    """Send everything, killing as listed while work is in flight; return the census and how many kills hit work in flight."""
    with tempfile.TemporaryDirectory(prefix="crm-chaos-") as folder:
        processes = Processes(Path(folder))
        try:
            in_flight = _feed(processes, movements(accounts, count, seed), list(kills))
            _until(lambda: Transaction.objects.count() == count and not _owed(), patience, processes)
            return census(), in_flight
        finally:
            processes.end()


def _feed(processes: Processes, rows: list[dict[str, Any]], kills: list[str]) -> int:
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    every = max(1, len(batches) // (len(kills) + 1))
    in_flight = 0
    for number, batch in enumerate(batches):
        end = time.monotonic() + 120
        killing = kills and number and number % every == 0
        while not send(processes.port, batch):
            assert time.monotonic() < end, "the web server did not come back"
            time.sleep(0.2)
        if killing:
            in_flight += bool(_owed())
            processes.kill(kills.pop(0))
    assert not kills, "not every kill found its place"
    return in_flight


def _owed() -> int:
    return Transaction.objects.filter(screening=Screening.OWED).count()


def _until(condition: Callable[[], bool], seconds: float, processes: Processes) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            logs = {name: (processes.folder / f"{name}.log").read_text(errors="replace")[-2000:] for name in ("web", "worker")}
            raise AssertionError(f"{_owed()} transactions still owe a judgement after {seconds} s\n{logs}")
        time.sleep(0.3)


def census() -> Census:
    """Return what stands in the tables, without anything that may differ between two runs (references, times, keys)."""
    return {
        "transactions": sorted(Transaction.objects.values_list("external_id", "status", "direction", "amount")),
        "assessments": sorted(Assessment.objects.values_list("transaction__external_id", "revision", "label", "points")),
        "hits": sorted(Hit.objects.values_list("transaction__external_id", "rule_version__rule__code", "reason_code")),
        "alerts": sorted(Alert.objects.values_list("rule__code", "customer__core_number", "hits", "amount_at_risk")),
        "freezes": sorted(Freeze.objects.values_list("customer__core_number", "kind", "authority", "state")),
        "notices": _counted("SELECT kind, count(*) FROM notify_notice WHERE kind LIKE 'alert.%' GROUP BY 1 ORDER BY 1"),
        "lines": _counted("SELECT action, count(*) FROM log_event WHERE action LIKE 'alert.%' GROUP BY 1 ORDER BY 1"),
        "status_events": _counted(
            "SELECT t.external_id, e.status, count(*) FROM transactions_statusevent e JOIN transactions_transaction t"
            " ON t.id = e.transaction_id GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        "figures": _counted(
            "SELECT c.core_number, f.assets_cny FROM customers_customerfigures f"
            " JOIN customers_customer c ON c.id = f.customer_id ORDER BY 1"
        ),
    }


def _counted(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def account_references() -> list[str]:
    """Return the accounts of the test world, always in the same order."""
    return list(Account.objects.order_by("number_last4").values_list("reference", flat=True))
