"""The product as `make run` starts it, on servers of its own; and the harness's own eye on its database."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from benchmarks.chaos import disk
from crm.operations.first_steps import ROOT, state_of_migrations
from crm.operations.servers.homes import Home
from crm.operations.servers.keys import KEYS_NAME
from crm.operations.servers.postgres import APP, OWNER, SUPERUSER, Postgres
from crm.operations.testing import PREFIX, PREPARATIONS, fill
from crm.tests import witness

PATIENCE = 300
VICTIMS = {"web": "gunicorn", "worker": "celery -A crm.celery worker", "beat": "celery -A crm.celery beat", "broker": "valkey"}
VICTIMS |= {"database": "postgres -D"}
WITH_CHILDREN = ("web", "worker")


def until(fact: Callable[[], Any], what: str, *, every: float = 0.1, patience: float = PATIENCE) -> Any:
    """Wait until something is so; return it. Raises ``TimeoutError`` that says what did not happen."""
    deadline = time.monotonic() + patience
    while not (found := fact()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {patience:.0f} s still not: {what}")
        time.sleep(every)
    return found


class Eye:
    """A superuser's session that comes back by itself after the database has died; one for each thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session: psycopg.Connection[Any] | None = None

    def see(self, statement: str | sql.Composed, *values: Any) -> list[tuple[Any, ...]] | None:
        """Return the rows, or None while the database is away."""
        try:
            if self.session is None or self.session.closed:
                self.session = psycopg.connect(self.url, autocommit=True, connect_timeout=2)
            cursor = self.session.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            self.close()
            return None

    def ask(self, statement: str | sql.Composed, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows as soon as the database answers."""
        deadline = time.monotonic() + PATIENCE
        while (rows := self.see(statement, *values)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError("the database does not come back")
            time.sleep(0.1)
        return rows

    def number(self, statement: str | sql.Composed, *values: Any) -> int:
        """Return the one number a question asks for."""
        return int(self.ask(statement, *values)[0][0])

    def close(self) -> None:
        """End the session."""
        if self.session is not None:
            with suppress(psycopg.Error):
                self.session.close()
        self.session = None


@dataclass
class Product:
    """The running product, its state folder, and who of it was killed."""

    home: Home
    port: int
    process: subprocess.Popen[bytes]
    volume: disk.Volume | None = None
    killed: Counter[str] = field(default_factory=Counter)
    dice: random.Random = field(default_factory=lambda: random.Random(58))

    def eye(self) -> Eye:
        """Return a new session on the database."""
        return Eye(Postgres(self.home).url(SUPERUSER))

    def child(self, victim: str) -> psutil.Process | None:
        """Return the supervisor's child of that name, if it lives."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if VICTIMS[victim] in " ".join(child.cmdline()):
                    return child
        return None

    def kill(self, victim: str, style: str = "") -> bool:
        """End one of the supervisor's children at once: all of its family, its head alone or one of the others; False when it is down."""
        child = self.child(victim)
        if child is None:
            return False
        heads = self.dice.choice(("family", "family", "head", "hand")) if not style and victim in WITH_CHILDREN else style or "head"
        with suppress(psutil.NoSuchProcess):
            hands = child.children(recursive=True) if victim in WITH_CHILDREN else []
            family = {"family": [child, *hands], "head": [child], "hand": [self.dice.choice(hands)] if hands else [child]}[heads]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.killed[victim] += 1
        return True

    def output(self) -> str:
        """Return what the supervisor has said."""
        return (self.home.path / "output").read_text(errors="replace")


@dataclass(frozen=True)
class Seed:
    """A stopped cluster with the bank in it, and the keys it was sealed with."""

    home: Home
    accounts: list[str]
    probes: list[str]


@contextmanager
def seed(customers: int, probes: int) -> Iterator[Seed]:
    """Build the bank once; every run begins with a copy of it, so that the same accounts have the same references."""
    if witness.install not in PREPARATIONS:
        PREPARATIONS.append(witness.install)  # the tests' template is the same one
    with _home("seed") as home:
        postgres = Postgres(home, test=True)
        fill(postgres)
        postgres.start()
        try:
            environment = clean_environment(home) | {"CRM_DATABASE_URL": postgres.url(APP), "CRM_OWNER_DATABASE_URL": postgres.url(OWNER)}
            command = [sys.executable, "-m", "benchmarks.chaos.world", str(customers), str(probes)]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
        finally:
            postgres.stop()
        yield Seed(home, **json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def _home(name: str) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}chaos-{name}-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.prepare()
        (home.path / "pid").write_text(str(os.getpid()))  # the next run removes what a killed one leaves
        try:
            yield home
        finally:
            home.remove()


def clean_environment(home: Home) -> dict[str, str]:
    """Return the environment of a process of this home, whoever called us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "PYTEST_"))}
    environment |= {"CRM_ENV": "test", "CRM_HOME": str(home.path), "CRM_LOG_LEVEL": "WARNING"}
    return environment | {"DJANGO_SETTINGS_MODULE": "crm.settings"}


@contextmanager
def running(base: Seed, name: str, *, small_disk: bool = False, **environment: str) -> Iterator[Product]:
    """The product with the safe settings of real operation, on a copy of the seed."""
    with _home(name) as home, disk.volume(home, wanted=small_disk) as volume:
        for secret in (KEYS_NAME, "database.json"):
            home.write_secret(secret, base.home.read_secret(secret))
        data = Postgres(home).data
        if volume is None:
            data.mkdir()
        subprocess.run(["cp", "-a", "--reflink=auto", f"{Postgres(base.home).data}/.", str(data)], check=True)
        (home.path / "migrated").write_text(state_of_migrations())
        port = _free_port()
        surroundings = clean_environment(home) | {"PORT": str(port)} | environment
        with (home.path / "output").open("wb") as log:
            command = [sys.executable, "-m", "crm.operations.supervisor"]
            process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=log, stderr=log, process_group=0)
        product = Product(home, port, process, volume)
        try:
            until(lambda: "Ready after" in product.output() or process.poll() is not None, "the product is up")
            if process.poll() is not None:
                raise RuntimeError(product.output())
            yield product
        finally:
            keep_logs(product, name)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def keep_logs(product: Product, name: str) -> None:
    """Copy what the processes said to the folder ``CHAOS_LOGS``, where somebody wants to read it."""
    if wanted := os.environ.get("CHAOS_LOGS"):
        target = Path(wanted) / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(product.home.path / "logs", target)
        shutil.copy(product.home.path / "output", target / "supervisor.log")
        shutil.copy(product.home.state / "postgres.log", target / "postgres.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
