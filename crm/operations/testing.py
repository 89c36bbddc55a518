"""The servers of a test run: one PostgreSQL and one Valkey in a home of their own, a database per xdist worker.

Loaded by pytest before Django's settings (see pyproject.toml), so it imports no Django. The migrated cluster is kept between runs
under a hash of everything that shapes it; a run copies it, so a run costs a second, and any number of runs may go on side by side.
"""

import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from crm.operations.first_steps import compile_messages
from crm.operations.servers.homes import MEMORY, MEMORY_ROOT, SHARED_ROOT, Home
from crm.operations.servers.keys import HMAC_KEYS, KEYS_NAME, ensure_keys
from crm.operations.servers.postgres import APP, DATABASE, OWNER, SUPERUSER, Postgres
from crm.operations.servers.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local" / "test-templates"
PREFIX = "crm-test-"
TEMPORARY = "crmt-"  # short: sockets below it have a hundred letters for their whole path
# A copy of the database is a thousand files: where there is memory enough, runs live there (1.1 s on a disk, 0.2 s in memory).
MEMORY_WANTED = 4 * 2**30
TEMPLATES_KEPT = 4
# What conftest.py adds to the migrated database, once per template.
PREPARATIONS: list[Callable[[psycopg.Connection], None]] = []
# What a migrated database depends on: migrations and the data they load, role tables, the servers' own set-up.
SHAPES = (
    "*/migrations/**/*",
    "crm/*/migrations/**/*",
    "**/roles.py",
    "**/data/*",
    "crm/operations/servers/*.py",
    "crm/tests/witness.py",
    "requirements.txt",
)


class Run:
    """One test run's servers; workers of the same run share them through the environment."""

    def __init__(self) -> None:
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        given = os.environ.get("CRM_TEST_HOME")
        self.ours = given is None
        self.home = Home(Path(given) if given else Path(tempfile.mkdtemp(prefix=PREFIX, dir=ground())))
        self.postgres = Postgres(self.home, test=True)
        self.valkey = Valkey(self.home, test=True)
        self.database = f"crm_{self.worker}"
        self.started = False
        self.temporary: Path | None = None

    def enter(self) -> None:
        """Point the settings at this run's servers, which may start later."""
        if self.ours:
            keep_compiled()
            compile_messages()
            _remove_left_over()
            (self.home.path / "pid").write_text(str(os.getpid()))
            self.home.prepare()
            self._take_temporary_files_along()
            self.home.write_secret(KEYS_NAME, _keys())
            ensure_keys(self.home)
            self.home.write_secret("database.json", _passwords())
        number = int(self.worker.removeprefix("gw")) + 1 if self.worker.startswith("gw") else 0
        os.environ |= {
            "CRM_ENV": "test",
            "CRM_HOME": str(self.home.path),
            "CRM_TEST_HOME": str(self.home.path),
            "CRM_DATABASE_URL": self.postgres.url(APP, self.database),
            "CRM_OWNER_DATABASE_URL": self.postgres.url(OWNER, self.database),
            "CRM_BROKER_URL": self.valkey.url(number),
            "CRM_LOG_LEVEL": os.environ.get("CRM_LOG_LEVEL", "WARNING"),
        }
        for name in ("CRM_MAIL_URL", "CRM_KEYS_FILE", "CRM_ALLOWED_HOSTS", "CRM_BASE_URL", "CRM_DEBUG"):
            os.environ.pop(name, None)

    def _take_temporary_files_along(self) -> None:
        """What tests write, and the homes of products that they start, lie where the run does: beside its home, not in it."""
        if self.home.path.is_relative_to(MEMORY):
            self.temporary = MEMORY / f"{TEMPORARY}{self.home.path.name.removeprefix(PREFIX)}"
            self.temporary.mkdir(mode=0o700)
            tempfile.tempdir = os.environ["TMPDIR"] = str(self.temporary)

    def start(self) -> None:
        """Start the servers on a copy of the migrated cluster (once; a worker finds them running)."""
        if self.ours and not self.started:
            fill(self.postgres)
            self.postgres.start()
            self.valkey.start()
            self.started = True

    def renew_database(self) -> None:
        """Give this worker a fresh copy of the migrated database (about 50 ms), whatever the last test left behind."""
        name, source, owner = sql.Identifier(self.database), sql.Identifier(DATABASE), sql.Identifier(OWNER)
        with self.postgres.connect("postgres") as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY OWNER {}").format(name, source, owner))
            session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            session.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(APP)))

    def leave(self) -> None:
        """End the servers and remove what the run wrote."""
        if self.ours:
            self.valkey.stop()
            self.postgres.stop()
            self.home.remove()
            if self.temporary:
                shutil.rmtree(self.temporary, ignore_errors=True)
                os.environ.pop("TMPDIR")
                tempfile.tempdir = None


def keep_compiled() -> None:
    """Where Python is told to leave no compiled files beside sources, they go to `.local`: a run starts some hundred processes."""
    if sys.dont_write_bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".local" / "compiled")
        sys.dont_write_bytecode = False


def ground() -> str | None:
    """The folder for runs: memory, if there is enough and nobody said TMPDIR; else None, the usual one for temporary files."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    place = os.statvfs(MEMORY)
    room = min(place.f_bavail * place.f_frsize, psutil.virtual_memory().available)
    return str(MEMORY) if room > MEMORY_WANTED and not place.f_flag & os.ST_NOEXEC else None


def fill(postgres: Postgres) -> None:
    """Give a server that has not started yet the migrated cluster, with the passwords and keys that fit it."""
    home = postgres.home
    home.write_secret("database.json", _passwords())
    if not home.read_secret(KEYS_NAME):
        home.write_secret(KEYS_NAME, _keys())
        ensure_keys(home)
    _copy(template(), postgres.data)


def template() -> Path:
    """The data folder of a stopped cluster whose database `crm` is migrated to the present state of the code."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / _shape()
    with _locked(CACHE / "lock"):
        if not folder.exists():
            _build(folder)
        os.utime(folder)
        kept = sorted((p for p in CACHE.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in kept[TEMPLATES_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}template-") as temporary:
        home = Home(Path(temporary))
        home.prepare()
        home.write_secret(KEYS_NAME, _keys())
        ensure_keys(home)
        home.write_secret("database.json", _passwords())
        postgres = Postgres(home, test=True)
        try:
            postgres.start()
            environment = os.environ | {
                "CRM_ENV": "test",
                "CRM_HOME": temporary,
                "CRM_DATABASE_URL": postgres.url(APP),
                "CRM_OWNER_DATABASE_URL": postgres.url(OWNER),
            }
            command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--skip-checks", "--verbosity", "0"]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"The test database could not be migrated:\n{done.stdout}\n{done.stderr}")
            with postgres.connect() as session:
                for prepare in PREPARATIONS:
                    prepare(session)
            postgres.stop()
            draft = folder.with_name(f".draft-{os.getpid()}")
            _copy(postgres.data, draft)
            draft.rename(folder)
        finally:
            postgres.stop()
            home.remove()
            Path(temporary).mkdir(exist_ok=True)


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def _passwords() -> dict[str, str]:
    """The roles' passwords in every test cluster of this clone; they open nothing but temporary databases."""
    return {role: f"test-{role}" for role in (SUPERUSER, OWNER, APP)}


def _keys() -> dict[str, str]:
    """HMAC keys of every test home: the template's log is attested under the key that the run will verify it with."""
    return {name: base64.b64encode(hashlib.sha256(f"test {name}".encode()).digest()).decode() for name in HMAC_KEYS}


def _shape() -> str:
    digest = hashlib.sha256()
    files = {path for pattern in SHAPES for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"}
    for path in sorted(p for p in files if not {".venv", ".local", "node_modules"} & set(p.relative_to(ROOT).parts)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _remove_left_over() -> None:
    """Remove the homes of test runs that were killed."""
    candidates = [home for place in (Path(tempfile.gettempdir()), MEMORY) for home in place.glob(f"{PREFIX}*")]
    for root in (SHARED_ROOT, MEMORY_ROOT) if os.geteuid() == 0 else ():
        for state in root.iterdir() if root.is_dir() else ():
            with contextlib.suppress(OSError):
                home = Path((state / "home").read_text().strip())
                if home.name.startswith(PREFIX) and not home.exists():
                    shutil.rmtree(state, ignore_errors=True)
    for home in candidates:
        with contextlib.suppress(OSError, ValueError):
            if home.stat().st_uid == os.geteuid() and not Path(f"/proc/{int((home / 'pid').read_text())}").exists():
                Home(home).remove()
    for temporary in MEMORY.glob(f"{TEMPORARY}*"):
        if not (MEMORY / f"{PREFIX}{temporary.name.removeprefix(TEMPORARY)}").exists():
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
