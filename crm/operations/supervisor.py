"""`make run`: everything of one clone started, watched and ended by one process.

Children are asked by the kernel to end when this process dies, even by kill -9; what such a death leaves of the servers is ended
by the next start. Imports no Django.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg

from crm.operations import first_steps
from crm.operations.first_steps import ROOT, StepError
from crm.operations.servers.homes import Home, HomeError
from crm.operations.servers.keys import ensure_keys
from crm.operations.servers.postgres import APP, DATABASE, OWNER, Postgres, PostgresError
from crm.operations.servers.processes import end, spawn, tail
from crm.operations.servers.valkey import Valkey, ValkeyError

DEFAULT_PORT = 8000
READY_SECONDS = 180
SERVER_PAUSE = 2  # seconds between attempts to start a server that could not be started again
CALM_SECONDS = 20  # a child that lived this long is started again at once
BIN = Path(sys.executable).parent


class RunError(Exception):
    """The run cannot begin; the message says what to do."""


@dataclass
class Child:
    """A process that is started again when it ends by itself."""

    name: str
    command: list[str]
    asking: int = signal.SIGTERM
    patience: float = 10
    process: subprocess.Popen[bytes] | None = None
    began: float = 0
    again_at: float = 0
    pause: float = field(default=0.5)


class Supervisor:
    """Starts the servers and the product's processes, watches them, stops them in the right order."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.logs = home.path / "logs"
        self.embedded_database = not os.environ.get("CRM_DATABASE_URL")
        self.postgres = Postgres(home) if self.embedded_database else None
        self.valkey = Valkey(home) if not os.environ.get("CRM_BROKER_URL") else None
        self.environment = dict(os.environ) | {"CRM_HOME": str(home.path), "PYTHONUNBUFFERED": "1"}
        self.fetching: subprocess.Popen[bytes] | None = None
        self.children: list[Child] = []
        self.server_again_at: dict[str, float] = {}
        self.port = DEFAULT_PORT
        self.ending = False
        self.lock: IO[str] | None = None

    def run(self) -> None:
        """From nothing to the address, then until Ctrl-C."""
        began = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._prepare()
            self.fetching = first_steps.begin_charts(self.home)
            self._start_servers()
            self._fill()
            charts = first_steps.finish_charts(self.home, self.fetching, patience=20)
            self._choose_children()
            # The web alone first: on two cores the others would make the reader of the page wait.
            self._start(self.children[0])
            self._wait_for_web()
            for child in self.children[1:]:
                self._start(child)
            self._announce(time.monotonic() - began, charts)
            self._watch()
        except KeyboardInterrupt:
            say("Stopping")
        finally:
            self._stop()

    def _on_signal(self, *_: object) -> None:
        if not self.ending:  # a second Ctrl-C must not cut the stopping short
            self.ending = True
            raise KeyboardInterrupt

    def _prepare(self) -> None:
        self.home.prepare()
        self.logs.mkdir(exist_ok=True)
        self.lock = (self.home.path / "run.lock").open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock = None
            running = self.home.read_secret("servers.json").get("PORT", DEFAULT_PORT)
            raise RunError(f"This clone is already running: http://localhost:{running}. Stop it with Ctrl-C in its terminal.") from None
        self.port = choose_port(os.environ.get("PORT", ""))
        self.environment["PORT"] = str(self.port)
        if "CRM_KEYS_FILE" not in os.environ:
            ensure_keys(self.home)

    def _start_servers(self) -> None:
        if self.postgres:
            say("Starting PostgreSQL")
            self.postgres.start()
            self.environment["CRM_DATABASE_URL"] = self.postgres.url(APP)
        if self.valkey:
            say("Starting Valkey")
            self.valkey.start()
            self.environment["CRM_BROKER_URL"] = self.valkey.url()
        addresses = {name: self.environment[name] for name in ("CRM_DATABASE_URL", "CRM_BROKER_URL", "PORT")}
        if owner := self._owner_url():
            addresses["CRM_OWNER_DATABASE_URL"] = owner
        self.home.write_secret("servers.json", addresses)

    def _owner_url(self) -> str:
        """For migrations alone: the web and the worker never see it."""
        given = self.environment.pop("CRM_OWNER_DATABASE_URL", "") or os.environ.get("CRM_OWNER_DATABASE_URL", "")
        return self.postgres.url(OWNER) if self.postgres else given

    def _fill(self) -> None:
        first_steps.compile_messages()
        say("Bringing the tables up to date")
        as_owner = self.environment | {"CRM_OWNER_DATABASE_URL": self._owner_url()}
        first_steps.migrate(self.home, as_owner, embedded=self.embedded_database)
        if os.environ.get("CRM_ENV", "demo") == "demo" and first_steps.database_is_empty(self.environment["CRM_DATABASE_URL"]):
            say("Making the demo world (once)")
            first_steps.manage(self.home, self.environment, "load_demo")
            if self.postgres:
                with self.postgres.connect(DATABASE) as session:
                    session.execute("ANALYZE")  # else the first lists estimate their length from tables that were empty

    def _choose_children(self) -> None:
        celery = [str(BIN / "python"), "-m", "celery", "-A", "crm.celery"]
        worker = [*celery, "worker", "--concurrency", os.environ.get("CRM_WORKERS", "2"), "--without-gossip", "--without-mingle"]
        self.children = [
            Child("web", self._gunicorn()),
            Child("worker", [*worker, "--loglevel", "INFO"], patience=15),
            Child("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile", ""], patience=5),
        ]
        if os.environ.get("CRM_ENV", "demo") == "demo" and os.environ.get("CRM_FEED", "1") != "0":
            self.children.append(Child("feed", [str(BIN / "python"), "manage.py", "demo_feed"], patience=5))

    def _gunicorn(self) -> list[str]:
        command = [str(BIN / "python"), "-m", "gunicorn", "crm.wsgi:application", "--bind", f"127.0.0.1:{self.port}", "--preload"]
        command += ["--worker-class", "gthread", "--workers", "2", "--threads", "2", "--timeout", "60", "--graceful-timeout", "5"]
        return [*command, "--no-control-socket"]  # every request is a line of django-structlog already

    def _start(self, child: Child) -> None:
        log = self.logs / f"{child.name}.log"
        if log.exists() and log.stat().st_size > 20_000_000:
            log.replace(log.with_suffix(".old"))
        child.process = spawn(child.command, log=log, environment=self.environment, folder=ROOT)
        child.began = time.monotonic()

    def _wait_for_web(self) -> None:
        say("Starting the web")
        deadline = time.monotonic() + READY_SECONDS
        web = self.children[0]
        while not self._web_answers():
            ended = web.process is not None and web.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RunError(f"The web did not start. The end of {self.logs / 'web.log'}:\n{tail(self.logs / 'web.log', 12)}")
            time.sleep(0.05)

    def _web_answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=10) as answer:
            return bool(answer.status == 200)
        return False

    def _announce(self, seconds: float, charts: bool) -> None:
        people = self.home.path / "demo-people.txt"
        lines = [f"\n  Ready after {seconds:.1f} s:  http://localhost:{self.port}\n"]
        if people.exists():
            lines += ["", people.read_text().rstrip(), ""]
        if not charts:
            lines.append(f"  Charts are shown as tables: ECharts could not be fetched ({self.logs / 'charts.log'}).")
        lines.append(f"  Logs and mails: {self.logs}, {self.home.path / 'mail'}\n  Ctrl-C stops everything.\n")
        print("\n".join(lines), flush=True)

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            self._keep_servers()
            for child in self.children:
                self._keep(child)

    def _keep_servers(self) -> None:
        for server in (self.postgres, self.valkey):
            if server and (server.process is None or server.process.poll() is not None):
                self._start_again(server)

    def _start_again(self, server: Postgres | Valkey) -> None:
        """A server that cannot start now (its disk is full) is tried until it can: ending everything would help nobody."""
        name = type(server).__name__
        if time.monotonic() < self.server_again_at.get(name, 0):
            return
        if server.process is not None:
            say(f"{name} ended ({server.process.returncode}); starting it again")
        try:
            server.start()
        except (HomeError, PostgresError, ValkeyError, psycopg.Error, OSError) as error:
            server.process = None
            self.server_again_at[name] = time.monotonic() + SERVER_PAUSE
            say(f"{name} could not be started again; next attempt in {SERVER_PAUSE} s: {str(error).splitlines()[0]}")

    def _keep(self, child: Child) -> None:
        now = time.monotonic()
        if child.process and child.process.poll() is not None:
            calm = now - child.began > CALM_SECONDS
            child.pause = 0.5 if calm else min(child.pause * 2, 30)
            say(f"The {child.name} ended ({child.process.returncode}); starting it again in {child.pause:.0f} s (see {self.logs})")
            child.process, child.again_at = None, now + child.pause
        if child.process is None and now >= child.again_at:
            self._start(child)

    def _stop(self) -> None:
        self.ending = True
        if self.lock is None:
            return
        living = [child for child in reversed(self.children) if child.process]
        for child in living:
            if child.process and child.process.poll() is None:
                child.process.send_signal(child.asking)
        for child in living:
            if child.process:
                end(child.process, asking=child.asking, patience=child.patience)
        if self.fetching:
            end(self.fetching, asking=signal.SIGTERM, patience=2)
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()
        (self.home.secrets / "servers.json").unlink(missing_ok=True)
        say("Stopped")


def choose_port(wanted: str) -> int:
    """The port to listen on: the one asked for, or the first free one from 8000 on."""
    if wanted:
        if not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise RunError(f"PORT is {wanted!r}; it must be a number from 1 to 65535.")
        if not port_is_free(int(wanted)):
            raise RunError(f"Port {wanted} is taken by another program. Choose a free one: PORT={min(int(wanted) + 1, 65535)} make run")
        return int(wanted)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + 100):
        if port_is_free(port):
            return port
    raise RunError(f"The ports {DEFAULT_PORT} to {DEFAULT_PORT + 99} are all taken. Choose a free one: PORT=9000 make run")


def port_is_free(port: int) -> bool:
    """Whether the web could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(f"  {text}", flush=True)


def main() -> int:
    """Run until stopped; 1 with a message when it could not start."""
    home = Home(Path(os.environ.get("CRM_HOME") or ROOT / ".local"))
    try:
        Supervisor(home).run()
    except (RunError, HomeError, PostgresError, ValkeyError, StepError, psycopg.OperationalError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
