"""Where a clone keeps its state, and which operating-system account its servers run under."""

import hashlib
import json
import os
import pwd
import secrets
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED_ROOT = Path("/var/lib/crm-embedded")
MEMORY = Path("/dev/shm")  # noqa: S108 - a mount, whose folders have names nobody guesses
MEMORY_ROOT = MEMORY / SHARED_ROOT.name
SERVER_ACCOUNTS = ("postgres", "nobody")
SOCKET_PATH_LIMIT = 90  # the kernel takes 107 bytes, PostgreSQL appends its file name


class HomeError(Exception):
    """The state folder cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """An existing account without rights that servers started by root run under."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account for servers when we are root (PostgreSQL refuses root), else None: they run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise HomeError(
        "PostgreSQL does not run as root, and this machine has neither an account 'postgres' nor 'nobody'. "
        "Run `make run` as an ordinary user, or set CRM_DATABASE_URL and CRM_OWNER_DATABASE_URL to a server of your own."
    )


def reaches(account: Account | None, path: Path) -> bool:
    """Whether the account may walk into `path` with the permissions as they are (we never widen those of parents)."""
    if account is None:
        return True
    for folder in (path, *path.parents):
        status = folder.stat()
        if status.st_uid == account.uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == account.gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def write_private(path: Path, content: str) -> None:
    """Replace `path` in one step with a file that only we may read."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    draft.replace(path)


class Home:
    """The state folder of one clone (`CRM_HOME`), and the servers' folder that belongs to it and to nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.key = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        self.account = server_account()
        # Root's servers run under another account, which often may not walk into the clone: their folder lies on neutral ground.
        self.root = MEMORY_ROOT if self.path.is_relative_to(MEMORY) else SHARED_ROOT
        self.state = self.root / self.key if self.account else self.path / "servers"
        self.secrets = self.path / "secrets"

    @property
    def sockets(self) -> Path:
        """A folder for Unix sockets whose path is short enough for the kernel."""
        if len(os.fsencode(self.state)) <= SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
            return self.state / "sockets"
        return Path(tempfile.gettempdir()) / f"crm-{os.geteuid()}-{self.key}"

    def prepare(self) -> None:
        """Make the folders; a servers' folder left by another home of the same path is set aside, never adopted."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.secrets.mkdir(mode=0o700, exist_ok=True)
            self._claim_state()
            self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_foreign(self.sockets)
            self.give(self.sockets)
        except PermissionError as error:
            raise HomeError(
                f"The state folder {self.path} cannot be written ({error.filename}). Set CRM_HOME to a folder of your own."
            ) from error

    def give(self, path: Path) -> None:
        """Hand a folder to the servers' account, closed to everybody else."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
        path.chmod(0o700)

    def remove(self) -> None:
        """Delete everything this home holds, the servers' folder included (only when it carries our marker)."""
        if self._markers_agree():
            shutil.rmtree(self.state, ignore_errors=True)
        if self.sockets.parent != self.state:
            shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def read_secret(self, name: str) -> dict[str, Any]:
        """The object stored under `name`, empty when there is none."""
        file = self.secrets / name
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def write_secret(self, name: str, content: dict[str, Any]) -> None:
        """Store an object under `name`, readable by us alone."""
        write_private(self.secrets / name, json.dumps(content, indent=1) + "\n")

    def _markers_agree(self) -> bool:
        ours, theirs = self.secrets / "marker", self.state / "marker"
        return ours.exists() and theirs.exists() and ours.read_text() == theirs.read_text()

    def _claim_state(self) -> None:
        if self.account:
            self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self.state.exists() and not self._markers_agree():
            # Its keys are gone with the home it belonged to, so nobody can read its sealed values; still it is not ours to delete.
            self.state.rename(self.state.with_name(f"{self.state.name}.left-{int(time.time())}"))
        if not self.state.exists():
            self.state.mkdir(mode=0o755)
            mark = secrets.token_hex(16)
            write_private(self.secrets / "marker", mark)
            write_private(self.state / "marker", mark)
            (self.state / "home").write_text(f"{self.path}\n")

    @staticmethod
    def _refuse_foreign(folder: Path) -> None:
        owner = folder.stat().st_uid
        account = server_account()
        if owner not in (os.geteuid(), account.uid if account else owner):
            raise HomeError(f"The socket folder {folder} belongs to another account; remove it or set TMPDIR.")
