"""`make run` as a process: one address, everything watched, nothing left behind.

Requirements: R338, R346, R347.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import psutil
import pytest

from crm.operations.first_steps import state_of_migrations
from crm.operations.servers.homes import Home
from crm.operations.servers.postgres import Postgres, PostgresError
from crm.operations.servers.processes import spawn
from crm.operations.supervisor import RunError, Supervisor, choose_port
from crm.operations.testing import fill

ROOT = Path(__file__).resolve().parents[3]


class Run:
    """A supervisor in a home of its own, without the demo world."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.port = _free_port()
        self.output = home.path.with_suffix(".out")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "DJANGO_", "PYTEST_"))}
        self.environment = environment | {"CRM_ENV": "test", "CRM_HOME": str(home.path), "PORT": str(self.port)}
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "crm.operations.supervisor"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, process_group=0)

    def wait_for(self, text: str, seconds: float = 90) -> str:
        """The output so far, once it holds `text`."""
        deadline = time.monotonic() + seconds
        while text not in (said := self.output.read_text()):
            assert self.process.poll() is None or text in self.output.read_text(), f"it ended:\n{said}"
            assert time.monotonic() < deadline, f"no {text!r} in {seconds} s:\n{said}"
            time.sleep(0.05)
        return said

    def family(self) -> list[psutil.Process]:
        """All its descendants."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    home = Home(tmp_path / "home")
    home.prepare()
    fill(Postgres(home))
    (home.path / "migrated").write_text(state_of_migrations())
    started = Run(home)
    yield started
    if started.process.poll() is None:
        started.process.send_signal(signal.SIGINT)
        started.process.wait(60)
    home.remove()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _get(url: str) -> tuple[int, str]:
    """Status and Location of the answer."""
    try:
        answer: HTTPResponse = urllib.request.build_opener(_NoRedirect).open(url, timeout=20)
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "")
    return answer.status, ""


def _gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    return [p for p in psutil.wait_procs(processes, timeout=seconds)[1] if p.status() != psutil.STATUS_ZOMBIE]


def test_a_run_from_start_to_ctrl_c(run: Run) -> None:
    """The address is printed and answers; Ctrl-C leaves no process, no socket and no address file."""
    said = run.wait_for("Ready after")
    assert f"http://localhost:{run.port}" in said
    assert _get(f"http://localhost:{run.port}/health/") == (200, "")
    assert _get(f"http://127.0.0.1:{run.port}/x?y=1") == (301, f"http://localhost:{run.port}/x?y=1")

    second = subprocess.run(
        [sys.executable, "-m", "crm.operations.supervisor"], cwd=ROOT, env=run.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "already running" in second.stderr

    worker = next(p for p in run.family() if "worker" in p.cmdline() and p.ppid() == run.process.pid)
    worker.kill()
    run.wait_for("The worker ended")

    family = run.family()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(60) == 0
    assert _gone(family, 5) == []
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", run.port)) != 0
    assert list(run.home.sockets.iterdir()) == []
    assert not (run.home.secrets / "servers.json").exists()


def test_after_kill_9_nothing_lives_on_and_the_next_start_works(run: Run) -> None:
    run.wait_for("Ready after")
    family = run.family()
    assert len(family) > 5
    run.process.kill()
    run.process.wait()
    assert _gone(family, 20) == []
    again = Run(run.home)
    try:
        again.wait_for("Ready after")
    finally:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0


def test_a_database_that_cannot_start_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk ends the database and keeps it from starting: the rest of the product stays, and it comes back with the space."""
    attempts = []

    def start(server: Postgres) -> None:
        attempts.append(server)
        if len(attempts) < 3:
            raise PostgresError("PostgreSQL ended while starting.\nNo space left on device")
        server.process = spawn(["sleep", "60"], log=None, environment=dict(os.environ), folder=tmp_path)

    monkeypatch.setattr(Postgres, "start", start)
    monkeypatch.setattr("crm.operations.supervisor.SERVER_PAUSE", 0.1)
    monkeypatch.delenv("CRM_DATABASE_URL", raising=False)
    watching = Supervisor(Home(tmp_path / "home"))
    assert watching.postgres is not None
    watching.valkey, watching.postgres.process = None, subprocess.Popen(["false"])
    watching.postgres.process.wait()
    deadline = time.monotonic() + 20
    while len(attempts) < 3:
        assert time.monotonic() < deadline
        watching._keep_servers()
        time.sleep(0.05)
    watching._keep_servers()
    watching.postgres.stop()
    assert len(attempts) == 3
    assert capsys.readouterr().out.count("could not be started again") == 2


def test_a_port_that_is_taken_is_told_in_words() -> None:
    with socket.socket() as other, contextlib.closing(other):
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(RunError, match=f"Port {port} is taken"):
            choose_port(str(port))


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_told_in_words(port: str) -> None:
    with pytest.raises(RunError, match="must be a number"):
        choose_port(port)
