"""Web, worker, clock and broker of the product on the servers of a `benchmarks.world`, as the supervisor starts them."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.world import World
from crm.operations.first_steps import ROOT
from crm.operations.servers.processes import end, spawn
from crm.operations.servers.valkey import Valkey

READY_SECONDS = 60
WEB = "web"
ALL = (WEB, "worker", "beat")


class Serving:
    """The running processes and where the web answers."""

    def __init__(self, world: World, parts: Sequence[str]) -> None:
        self.world = world
        self.valkey = Valkey(world.home)
        self.port = _free_port()
        self.log = Path(world.home.path) / "serving.log"
        self.parts = parts
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the processes."""
        return self.world.environment | {"CRM_BROKER_URL": self.valkey.url(0), "PORT": str(self.port)}

    def start(self) -> None:
        """Start the broker and the parts; return when the web answers."""
        self.log.write_bytes(b"")
        self.valkey.start()
        commands = _commands(self.port)
        for part in self.parts:
            self.processes.append(spawn(commands[part], log=self.log, environment=self.environment, folder=ROOT))
        deadline = time.monotonic() + READY_SECONDS
        while WEB in self.parts and not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(self.log.read_text()[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """End all of it."""
        for process in self.processes:
            end(process, asking=signal.SIGTERM, patience=15)
        self.valkey.stop()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://localhost:{self.port}/health/", timeout=2).status == 200)
        return False


def _commands(port: int) -> dict[str, list[str]]:
    """The commands of `crm.operations.supervisor`: two web processes of two threads, two workers, one clock."""
    web = [sys.executable, "-m", "gunicorn", "crm.wsgi:application", "--bind", f"127.0.0.1:{port}", "--preload", "--no-control-socket"]
    celery = [sys.executable, "-m", "celery", "-A", "crm.celery"]
    return {
        WEB: [*web, "--worker-class", "gthread", "--workers", "2", "--threads", "2", "--timeout", "60"],
        "worker": [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(world: World, parts: Sequence[str] = ALL) -> Iterator[Serving]:
    """Have these processes up for the length of the block."""
    found = Serving(world, parts)
    try:
        found.start()
        yield found
    finally:
        found.stop()


def admit_partner(sources: Sequence[str]) -> str:
    """Return a day's access token of a partner without a limit worth naming, for these sources (made where missing, not completed)."""
    from crm.access.actor import IMPORTER, SYSTEM
    from crm.staff.services.clients import create_partner
    from crm.staff.services.partner_tokens import issue
    from transactions.models import Source
    from transactions.services import add_source

    for code in sources:
        if not Source.objects.filter(code=code).exists():
            add_source(actor=IMPORTER, code=code, name=code, already_completed=False)
    client, _secret = create_partner(actor=SYSTEM, code="bench", name="Benchmark", sources=sources, rate=10_000_000)
    return issue(client, client.secrets.latest("pk").pk, client.endpoints, lasts=86_400)
