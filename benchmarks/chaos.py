"""Kill -9 while transactions arrive: what is lost, what is doubled, and does the outcome differ from a run without kills?

    python -m benchmarks.chaos [--transactions 5000] [--kills 20] [--databases]

A product of its own is started by the supervisor, as `make run` does. The same days of the same bank are sent to the API twice: calmly,
then while web, worker, broker (with --databases the database too) are killed in turn, each in the middle of a request or, the worker, of
the judging that follows. The sender repeats what was not answered, as a partner would. Prints one JSON object; exit 1 when anything is
lost, doubled or different.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from crm.operations.first_steps import ROOT, state_of_migrations
from crm.operations.servers.homes import Home
from crm.operations.servers.postgres import Postgres
from crm.operations.testing import PREFIX, fill

PER_CUSTOMER = 50
A_POST = 10  # transactions in one request
PATIENCE = 300
FIRST_DAY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
TOKEN = "chaos." + "k" * 43
COMPARED = ("statuses", "labels", "hits", "alerts", "freezes", "notices", "lines")
LINES = ("transaction.recorded", "alert.raised")
"""Actions that each transaction and alert has exactly one line of."""
IN_FLIGHT = 0.04
"""Seconds after the beginning of a request within which its server dies; a request takes about as long."""
VICTIMS = {"web": "gunicorn", "worker": "crm.celery worker", "broker": "valkey", "database": "postgres -D"}


@dataclass
class Product:
    """The running product and its state folder."""

    home: Home
    port: int
    process: subprocess.Popen[bytes]
    killed: Counter[str] = field(default_factory=Counter)

    def kill(self, victim: str) -> None:
        """End one of the supervisor's children at once; the supervisor starts it again."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if VICTIMS[victim] in " ".join(child.cmdline()):
                    family = [child, *child.children(recursive=True)] if victim in ("web", "worker") else [child]
                    for process in family:
                        with suppress(psutil.NoSuchProcess):
                            process.kill()
                    self.killed[victim] += 1
                    return

    def post(self, body: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to one request, repeated until there is an answer."""
        deadline = time.monotonic() + PATIENCE
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://localhost:{self.port}/api/v1/transactions/", json.dumps(body).encode(), headers)
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return list(json.load(answer)["results"])
            except urllib.error.HTTPError as error:
                if error.code < 500 or time.monotonic() > deadline:
                    raise RuntimeError(f"{error.code}: {error.read()[:400]!r}") from error
            except OSError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)


@contextmanager
def running() -> Iterator[Product]:
    """The product on servers of its own, with the safe settings of real operation, empty but for the stock tables."""
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}chaos-", ignore_cleanup_errors=True) as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        home = Home(Path(folder))
        home.prepare()
        (home.path / "pid").write_text(str(os.getpid()))  # the next run removes what a killed one leaves
        fill(Postgres(home))
        (home.path / "migrated").write_text(state_of_migrations())
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "PYTEST_"))}
        environment |= {"CRM_ENV": "test", "CRM_HOME": str(home.path), "PORT": str(port), "CRM_LOG_LEVEL": "WARNING"}
        output = Path(folder) / "output"
        with output.open("wb") as log:
            command = [sys.executable, "-m", "crm.operations.supervisor"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, process_group=0)
        try:
            _until(lambda: b"Ready after" in output.read_bytes() or process.poll() is not None, "the product is up")
            if process.poll() is not None:
                raise RuntimeError(output.read_text())
            yield Product(home, port, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            home.remove()


def _until(fact: Any, what: str, every: float = 0.2) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {PATIENCE} s still not: {what}")
        time.sleep(every)


def begin_django(home: Home) -> None:
    """Let this process work with the product's database."""
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]  # whoever called us may work with another database
    os.environ |= {"CRM_ENV": "test", "CRM_HOME": str(home.path), "CRM_LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "crm.settings"}
    import django

    django.setup()


def build(world: str, customers: int, bank: Any) -> list[str]:
    """The references of the accounts of so many customers of one world."""
    from crm.access.actor import IMPORTER
    from customers.tests.personas import person
    from products.tests.personas import account_of
    from transactions.services import add_source

    add_source(actor=IMPORTER, code=world, name=world, already_completed=False)
    digit = {"calm": "1", "storm": "2"}[world]
    holders = [person(bank, f"{digit}{index:09d}") for index in range(customers)]
    return [account_of(holder, f"62220{digit}{index:013d}").reference for index, holder in enumerate(holders)]


def admit_partner() -> None:
    """One partner that speaks for both worlds."""
    from django.db import transaction

    from crm.access.actor import SYSTEM
    from crm.log import services as log
    from crm.staff.models import ServiceClient
    from crm.staff.secrets import token_hash

    with transaction.atomic():
        client = ServiceClient.objects.create(
            code="chaos", name="Chaos", token_hash=token_hash(TOKEN), sources=["calm", "storm"], rate=1_000_000
        )
        log.record(actor=SYSTEM, action="staff.partner_created", target=client)


def movements(world: str, accounts: list[str], count: int) -> list[dict[str, Any]]:
    """The same days in either world: ordinary payments, and runs of cash just below the limit. In the order of their time."""
    dice = random.Random(20261121)
    rows = []
    for number in range(count):
        account = number % len(accounts)
        structured = account % 4 == 0 and (number // len(accounts)) % 10 < 3
        amount = dice.randint(46_000, 49_900) if structured else dice.choice((12, 35, 88, 260, 1_900, 5_200))
        rows.append(
            {
                "source": world,
                "external_id": f"{world}-{number}",
                "account": accounts[account],
                "direction": "C" if structured else "D",
                "amount": f"{amount}.00",
                "currency": "CNY",
                "occurred_at": (FIRST_DAY + timedelta(minutes=13 * number)).isoformat(),
                "kind": "deposit" if structured else "payment",
                "instrument": "cash" if structured else "transfer",
                "channel": "counter" if structured else "mobile",
            }
        )
    return rows


def send(product: Product, rows: list[dict[str, Any]], kills: int, victims: list[str]) -> Counter[str]:
    """Post everything, killing in between at even distances; how the transactions were answered, by outcome."""
    outcomes: Counter[str] = Counter()
    posts = [rows[start : start + A_POST] for start in range(0, len(rows), A_POST)]
    due = {round((turn + 1) * len(posts) / (kills + 1)): victims[turn % len(victims)] for turn in range(kills)}
    dice = random.Random(len(rows))
    for number, body in enumerate(posts):
        victim = due.get(number)
        blow = threading.Timer(dice.uniform(0, IN_FLIGHT), product.kill, [victim]) if victim and victim != "worker" else None
        if blow:
            blow.start()
        outcomes.update(result["outcome"] for result in product.post(body))
        if blow:
            blow.join()
        elif victim:
            _until(something_owed, "the worker has something to judge", every=0.001)
            product.kill(victim)
    return outcomes


def something_owed() -> bool:
    """Whether a transaction waits for its judgement."""
    from django.db import close_old_connections

    from transactions.models import Transaction

    close_old_connections()
    return Transaction.objects.filter(screening="owed").exists()


def wait_until_judged() -> None:
    """Until no transaction owes a judgement."""
    from django.db import Error

    def judged() -> bool:
        try:
            return not something_owed()
        except Error:
            return False

    _until(judged, "everything is judged")


def census(world: str, accounts: list[str]) -> dict[str, Any]:
    """What stands in the tables of one world, without what is random."""
    from products.models import Freeze
    from risk.models import Alert, Assessment
    from transactions.models import Transaction

    rows = Transaction.objects.filter(source__code=world)
    first = Assessment.objects.filter(transaction__source__code=world, revision=1)
    hits = first.filter(hits__isnull=False).values_list("transaction__external_id", "hits__rule_version__rule__code", "hits__band")
    place = {reference: index for index, reference in enumerate(accounts)}
    alerts = Alert.objects.filter(account__reference__in=accounts)
    freezes = Freeze.objects.filter(customer__in=rows.values("customer")).values_list("kind", "state")
    told = set(alerts.values_list("reference", flat=True))
    return {
        "ids": Counter(rows.values_list("external_id", flat=True)),
        "statuses": Counter(rows.values_list("status", flat=True)),
        "judged_once": Counter(first.values_list("transaction__external_id", flat=True)),
        "labels": Counter(first.values_list("label", flat=True)),
        "hits": Counter((key.split("-")[1], code, band) for key, code, band in hits),
        "alerts": Counter((place[reference], code) for reference, code in alerts.values_list("account__reference", "rule__code")),
        "freezes": Counter(freezes),
        "notices": notices_about(told),
        "lines": lines_about({*told, *rows.values_list("reference", flat=True)}),
    }


def notices_about(alerts: set[str]) -> Counter[Any]:
    """How often each person was told of these alerts, by kind."""
    from crm.notify.models import Notice

    about = Notice.objects.filter(kind="alert.raised").values_list("user__number", "kind", "url_args")
    return Counter((number, kind) for number, kind, arguments in about if alerts & set(arguments))


def lines_about(references: set[str]) -> Counter[str]:
    """How many lines of the log, or rows of its batch lines, tell of these transactions and alerts, by action."""
    from crm.log.models import Event, Leaf

    single = Event.objects.filter(target_ref__in=references, action__in=LINES).values_list("action", flat=True)
    batches = dict(Event.objects.filter(action__in=LINES).values_list("pk", "action"))
    rows = Leaf.objects.filter(ref__in=references, event_id__in=batches).values_list("event_id", flat=True)
    return Counter([*single, *(batches[event] for event in rows)])


def _difference(calm: Counter[Any], storm: Counter[Any]) -> dict[str, str]:
    return {"only_calm": str(dict(calm - storm))[:400], "only_storm": str(dict(storm - calm))[:400]}


def differences(calm: dict[str, Any], storm: dict[str, Any], count: int) -> dict[str, Any]:
    """What was lost or doubled in the storm, and whether anything else came out differently."""
    wanted = {f"storm-{number}" for number in range(count)}
    return {
        "lost": len(wanted - set(storm["ids"])),
        "doubled": sum(number > 1 for number in storm["ids"].values()),
        "not_judged": len(wanted - set(storm["judged_once"])),
        "judged_twice": sum(number > 1 for number in storm["judged_once"].values()),
        "different": {name: _difference(calm[name], storm[name]) for name in COMPARED if calm[name] != storm[name]},
    }


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Both runs and what they say."""
    customers = max(options.transactions // PER_CUSTOMER, 4)
    victims = ["worker", "broker", "web", *(["database"] if options.databases else [])]
    with running() as product:
        begin_django(product.home)
        from crm.tests.personas import build_bank

        bank = build_bank()
        admit_partner()
        accounts = {world: build(world, customers, bank) for world in ("calm", "storm")}
        result: dict[str, Any] = {"transactions": options.transactions}
        for world, kills in (("calm", 0), ("storm", options.kills)):
            began = time.monotonic()
            outcomes = send(product, movements(world, accounts[world], options.transactions), kills, victims)
            result[f"{world}_sent_s"] = round(time.monotonic() - began, 1)
            wait_until_judged()
            result[f"{world}_s"], result[f"{world}_answers"] = round(time.monotonic() - began, 1), dict(outcomes)
        calm, storm = (census(world, accounts[world]) for world in ("calm", "storm"))
        result |= {"kills": dict(product.killed)} | differences(calm, storm, options.transactions)
        return result | {"alerts": sum(storm["alerts"].values()), "log": log_findings()}


def log_findings() -> str:
    """What the verifier of the audit log says; "clean" after no kill is also part of the promise."""
    from io import StringIO

    from django.core.management import CommandError, call_command

    try:
        call_command("verify_audit", stdout=StringIO())
    except (CommandError, SystemExit) as error:
        return str(error)
    return "clean"


def main() -> int:
    """Run, print the figures, judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--databases", action="store_true", help="kill the database too")
    result = measured(parser.parse_args())
    print(json.dumps(result, ensure_ascii=False))
    bad = any(result[name] for name in ("lost", "doubled", "not_judged", "judged_twice", "different")) or result["log"] != "clean"
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
