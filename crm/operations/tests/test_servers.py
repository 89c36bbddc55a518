"""The embedded servers: private, keyed by their home, never left over.

Requirements: R354, R359.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from crm.operations.servers.homes import Home, HomeError
from crm.operations.servers.keys import ensure_keys
from crm.operations.servers.postgres import APP, OWNER, Postgres, PostgresError
from crm.operations.servers.processes import working_in
from crm.operations.servers.valkey import Valkey

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys, time
from pathlib import Path
from crm.operations.servers.homes import Home
from crm.operations.servers.postgres import Postgres
from crm.operations.servers.valkey import Valkey
home = Home(Path(sys.argv[1])); home.prepare()
Postgres(home, test=True).start(); Valkey(home, test=True).start()
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.prepare()
    yield home
    home.remove()


@pytest.fixture
def postgres(home: Home) -> Iterator[Postgres]:
    server = Postgres(home, test=True)
    yield server
    server.stop()


def test_postgres_starts_with_its_two_roles_and_without_tcp(postgres: Postgres) -> None:
    """Owner migrates, app has rows only, nobody listens on a port."""
    postgres.start()
    with psycopg.connect(postgres.url(OWNER)) as owner:
        owner.execute("CREATE TABLE thing (i int)")
    with psycopg.connect(postgres.url(APP), autocommit=True) as app:
        app.execute("INSERT INTO thing VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DROP TABLE thing")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (i int)")
        assert app.execute("SHOW listen_addresses").fetchone() == ("",)
        assert app.execute("SHOW data_checksums").fetchone() == ("on",)


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    postgres.start()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url(APP).replace("app:", "app:not-", 1))


def test_data_survives_a_killed_server(home: Home) -> None:
    """As in real operation: with fsync."""
    server = Postgres(home)
    server.start()
    with server.connect() as session:
        session.execute("CREATE TABLE kept (i int)")
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    with server.connect() as session:
        assert session.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    server.stop()


def test_servers_end_with_a_killed_parent_and_start_again(home: Home) -> None:
    """After kill -9 of the supervisor there is no server, and the next start works at once."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(home.path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    folders = [home.state / "postgres", home.state / "valkey"]
    assert all(working_in(folder) for folder in folders)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + 10
    while any(working_in(folder) for folder in folders):
        assert time.monotonic() < deadline, "a server outlived its supervisor"
        time.sleep(0.05)
    server = Postgres(home, test=True)
    server.start()
    server.stop()


def test_a_left_over_postmaster_is_ended(home: Home) -> None:
    """A server that nobody watches any more is replaced, not fought."""
    first, second = Postgres(home, test=True), Postgres(home, test=True)
    first.start()
    assert first.process is not None
    second.start()
    assert first.process.wait(10) is not None
    second.stop()


def test_other_data_is_never_adopted(home: Home, postgres: Postgres, tmp_path: Path) -> None:
    """A home made anew at the same path does not take over what an earlier one left."""
    postgres.start()
    postgres.stop()
    (home.secrets / "marker").unlink()
    again = Home(home.path)
    again.prepare()
    assert not (again.state / "postgres").exists()
    aside = list(home.state.parent.glob(f"{home.state.name}.left-*"))
    assert len(aside) == 1
    for folder in aside:
        subprocess.run(["rm", "-r", str(folder)], check=True)


def test_lost_passwords_are_told_in_words(postgres: Postgres, home: Home) -> None:
    postgres.start()
    postgres.stop()
    home.write_secret("database.json", {"postgres": "another", "owner": "another", "app": "another"})
    with pytest.raises(HomeError, match="restore both together"):
        postgres.start()


def test_another_major_version_is_told_in_words(postgres: Postgres) -> None:
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresError, match="PostgreSQL 12"):
        postgres.start()


def test_valkey_answers_on_its_private_socket_only(home: Home) -> None:
    server = Valkey(home, test=True)
    server.start()
    try:
        assert server.process is not None
        assert psutil.Process(server.process.pid).net_connections(kind="inet") == []
        assert server.socket.parent.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert not server.socket.exists()


def test_keys_are_made_once_and_private(home: Home) -> None:
    ensure_keys(home)
    before = home.read_secret("keys.json")
    ensure_keys(home)
    assert home.read_secret("keys.json") == before
    assert (home.secrets / "keys.json").stat().st_mode & 0o077 == 0
    assert home.secrets.stat().st_mode & 0o077 == 0


def test_two_homes_share_nothing(tmp_path: Path) -> None:
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    assert one.state != two.state
    assert one.sockets != two.sockets
