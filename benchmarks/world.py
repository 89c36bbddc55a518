"""A bank of any size on a PostgreSQL of its own, as `make run` ships it, built once and copied for each run.

    from benchmarks.world import Size, running

    with running(Size(accounts=50_000, history=5_000_000)) as world:   # Django is set up on the copy when this begins
        fresh = world.draw(200_000, hot=20_000)     # movements of the days that follow, which the bank has not seen yet
        content = fresh.csv()                       # as a file of bytes (heading included), in the order of their time
        payloads = fresh.payloads(limit=500)        # as objects that POST /api/v1/transactions/ takes
        fresh.insert()                              # or as rows in the ledger that owe a judgement
        world.environment                           # for further processes on the same servers (worker, web)

The first call for a size builds the cluster (5 M rows: some minutes) in `.local/worlds/` of the clone, or in CRM_WORLDS; every later one
only copies its database (`world` to `crm`; some ten seconds), so that what a run writes disturbs no other. Migrations that came later are
applied to the kept one. `python -m benchmarks.world --accounts 50000 --history 5000000` builds it beforehand; `--remove` deletes it.

The settings of the server are those of `crm.operations.servers.postgres.SETTINGS`: data are synced to disk, pages are checksummed.

What the world holds: one account per customer, each under a data key of its own, names, numbers, mobiles and addresses sealed and
indexed as the product does it; a quarter of the customers in the tree of branch 110 (two hundred of them Sun Yue's, 80001), the others in
310; the people of `crm.tests.personas` (password there). One account in fifty is a merchant (`Size.merchants`, the first ones) and has
a fifth of the movements. History is in the order of arrival, spread evenly over `days` before `DAY`; fresh movements go on from there, as
many a day. Not as in life: history has no status events, assessments and log lines (it is `exempt`), and its sealed counterparty numbers
have the right length but cannot be opened (their blind indexes and last fours are right).
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks import people
from crm.operations.first_steps import ROOT, compile_messages, state_of_migrations
from crm.operations.servers.homes import Home
from crm.operations.servers.keys import ensure_keys
from crm.operations.servers.postgres import APP, DATABASE, OWNER, Postgres
from crm.operations.servers.valkey import Valkey

KEPT = "world"
"""The database that is built once; `crm` is its copy."""
DAY = 844_012_800_000_000
"""Microseconds since 2000-01-01 UTC of the midnight in Beijing with which 2026-09-30 begins: the first day of the fresh movements."""
MICROS = 86_400_000_000
CIRCLE = 12
"""So many counterparties an account deals with usually; one movement in ten goes to somebody else."""
COUNTERPARTIES = 20_000

# Each account has a level of its own (30 to 1,000 CNY) that its amounts stay near; one in 500 is a hundred times as large.
# OFFSET 0 keeps the dice of one row apart from those of the next.
DRAWN = """
SELECT d.g, '{mark}' || d.g AS external_id, 1000 + d.account AS account_id, d.us,
  CASE WHEN d.c < 0.3 THEN 'C' ELSE 'D' END AS direction,
  round((10 ^ (1.5 + 1.5 * (hashint4(d.account) & 1023) / 1024 + 0.8 * (d.size + d.more - 1))
         * CASE WHEN d.c BETWEEN 0.500 AND 0.502 THEN 100 ELSE 1 END)::numeric, 2) AS amount,
  CASE WHEN d.c > 0.97 THEN 'withdrawal' WHEN d.c < 0.5 THEN 'transfer' ELSE 'payment' END AS kind,
  CASE WHEN d.c > 0.97 THEN 'cash' ELSE 'transfer' END AS instrument, d.c < 0.01 AS cross_border,
  CASE WHEN d.c > 0.97 THEN 0 WHEN d.other < 0.1 THEN 1 + floor(d.other * 10 * {counterparties})::int
       ELSE 1 + (hashint8(d.account * 31 + floor(d.other ^ 2 * {circle})::bigint) & 1073741823) % {counterparties} END AS counterparty
FROM (
  SELECT g, random() AS c, random() AS size, random() AS more, random() AS other, {account} AS account,
         ({begin} + (g - 1 + random()) * ({span}::float8 / {count}))::bigint AS us
    FROM generate_series(1, {count}) g OFFSET 0) d"""
ANYBODY = "CASE WHEN random() < 0.2 THEN 1 + floor(random() * {merchants})::int ELSE 1 + floor(random() * {accounts})::int END"
ORDINARY = "{merchants} + 1 + floor(random() * ({accounts} - {merchants}))::int"
MERCHANTS = "1 + floor(random() * {merchants})::int"
WHO = {"anybody": ANYBODY, "ordinary": ORDINARY, "merchants": MERCHANTS}

FRESH = "CREATE TABLE made.fresh AS SELECT row_number() OVER (ORDER BY us) AS place, * FROM ({rows}) r"
INTO_LEDGER = """
INSERT INTO transactions_transaction (seal_id, data_key_id, reference, source_id, external_id, fingerprint, event_order, customer_id,
  account_id, direction, amount, currency, amount_cny, amount_usd, rate_date, occurred_at, received_at, bank_date, business_day, kind,
  instrument, channel, cross_border, customer_initiated, operator, counterparty_name, counterparty_account, counterparty_index,
  counterparty_last4, counterparty_bank, counterparty_country, remark, transfer_id, status, status_at, refusal, screening, owed_cause,
  owed_since, version)
SELECT gen_random_uuid(), a.data_key_id, 'T-' || r.external_id, s.id, r.external_id, sha256(r.external_id::bytea),
  (r.us << 12) + (hashint8(r.g) & 2047), a.customer_id, a.id, r.direction, r.amount, 'CNY', r.amount, round(r.amount / 7.1, 4), m.day, m.at,
  m.at, m.day, b.ordinal, r.kind, r.instrument, 'mobile', r.cross_border, true, '', coalesce(p.name, ''), p.sealed, p.index,
  coalesce(p.last4, ''), '', 'CN', '', '', 'completed', m.at, '', '{screening}', 'new', m.at, 1
FROM ({rows}) r
CROSS JOIN LATERAL (SELECT timestamptz '2000-01-01 00:00+00' + r.us * interval '1 microsecond' AS at OFFSET 0) n
CROSS JOIN LATERAL (SELECT n.at, (n.at AT TIME ZONE 'Asia/Shanghai')::date AS day) m
JOIN calendar_businessday b ON b.day = m.day
JOIN products_account a ON a.id = r.account_id
JOIN transactions_source s ON s.code = 'core'
LEFT JOIN made.counterparty p ON p.n = r.counterparty"""

AS_TOLD = """
SELECT r.external_id, c.number AS account, to_char(m.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS.US') AS occurred_at,
  r.direction, r.amount::text, 'CNY' AS currency, r.kind, r.instrument, 'mobile' AS channel, coalesce(p.name, '') AS counterparty_name,
  coalesce(p.number, '') AS counterparty_account, CASE WHEN p.n IS NULL THEN '' ELSE '招商银行' END AS counterparty_bank,
  CASE WHEN r.cross_border THEN 'Y' ELSE 'N' END AS cross_border, CASE WHEN p.n IS NULL THEN '取现' ELSE '货款' END AS remark
FROM made.fresh r
CROSS JOIN LATERAL (SELECT timestamptz '2000-01-01 00:00+00' + r.us * interval '1 microsecond' AS at) m
JOIN made.account c ON c.account_id = r.account_id
LEFT JOIN made.counterparty p ON p.n = r.counterparty
WHERE r.place BETWEEN %s AND %s ORDER BY r.place"""


@dataclass(frozen=True)
class Size:
    """How large the bank is. ``history / accounts`` is the density; keep it when sizes are compared."""

    accounts: int = 50_000
    history: int = 5_000_000
    days: int = 180

    @property
    def merchants(self) -> int:
        """Return how many of the first accounts are merchants."""
        return max(self.accounts // 50, 1)

    @property
    def name(self) -> str:
        """Return the name of the folder that keeps it."""
        return f"{self.accounts}-{self.history}-{self.days}"


@dataclass(frozen=True)
class Fresh:
    """Movements that the bank has not seen, numbered from 1 in the order of their time."""

    world: "World"
    mark: str
    count: int

    def csv(self, first: int = 1, last: int | None = None) -> bytes:
        """Return a file of these movements as a core sends it: UTF-8, with a heading the importer knows."""
        with self.world.superuser() as session:
            told = sql.SQL(AS_TOLD.replace("%s", "{}")).format(first, last or self.count).as_string(session)
            copy = f"COPY ({told}) TO STDOUT WITH (FORMAT csv, HEADER)"
            with session.cursor() as cursor, cursor.copy(copy) as out:
                return b"".join(out)

    def payloads(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the same as objects for the API (aware times, booleans, no empty texts)."""
        with self.world.superuser() as session:
            cursor = session.execute(AS_TOLD, (1, limit or self.count))
            names = [column.name for column in cursor.description or ()]
            told = [dict(zip(names, row, strict=True)) for row in cursor]
        for row in told:
            row |= {"source": "core", "cross_border": row["cross_border"] == "Y"}
            row["occurred_at"] = row["occurred_at"].replace(" ", "T") + "+08:00"
        return [{name: value for name, value in row.items() if value != ""} for row in told]

    def insert(self) -> None:
        """Put them into the ledger as rows that owe a judgement (for parts that do not measure recording)."""
        with self.world.superuser() as session:
            session.execute(INTO_LEDGER.format(rows="SELECT * FROM made.fresh", screening="owed"))
            session.execute("ANALYZE transactions_transaction")


class World:
    """A built bank whose copy is being worked with."""

    def __init__(self, size: Size, home: Home) -> None:
        self.size = size
        self.home = home
        self.postgres = Postgres(home)
        self.valkey = Valkey(home)
        self.draws = 0
        self.now = DAY

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment for processes of the product on these servers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
        addresses = {"CRM_DATABASE_URL": self.postgres.url(APP), "CRM_OWNER_DATABASE_URL": self.postgres.url(OWNER)}
        addresses |= {"CRM_BROKER_URL": self.valkey.url()}
        modes = {"CRM_ENV": "test", "CRM_HOME": str(self.home.path), "CRM_LOG_LEVEL": "WARNING", "CRM_FEED": "0"}
        return kept | addresses | modes | {"DJANGO_SETTINGS_MODULE": "crm.settings"}

    def superuser(self, database: str = DATABASE) -> psycopg.Connection:
        """Open a session of the server's owner, for building and counting; the product never has one."""
        return self.postgres.connect(database)

    def draw(self, count: int, *, hot: int = 0, who: str = "anybody") -> Fresh:
        """Draw movements from `DAY` on, as many a day as in history; ``hot`` of them on one day of the account after the last one.

        What is drawn next comes after them in time: movements that came late would have others judged again.
        ``who``: anybody, ordinary or merchants.
        """
        self.draws += 1
        mark = f"F{self.draws}-"
        days = (count - hot) * self.size.days / self.size.history
        span = round(days * MICROS)
        shared = {"counterparties": COUNTERPARTIES, "circle": CIRCLE}
        parts = [DRAWN.format(**shared, mark=mark, begin=self.now, span=span, count=count - hot, account=self.account_sql(who))]
        if hot:
            begin, account = self.now + int(days / 2) * MICROS, str(self.size.accounts + 1)
            parts.append(DRAWN.format(**shared, mark=f"{mark}H", begin=begin, span=min(MICROS, span), count=hot, account=account))
        self.now += max(span, MICROS if hot else 0)
        with self.superuser() as session:
            session.execute("DROP TABLE IF EXISTS made.fresh")
            rows = " UNION ALL ".join(f"({part})" for part in parts)
            session.execute(FRESH.format(rows=rows))
            session.execute("CREATE INDEX ON made.fresh (place); ANALYZE made.fresh")
        return Fresh(self, mark, count)

    def account_sql(self, who: str) -> str:
        """Return the dice that choose an account."""
        return WHO[who].format(accounts=self.size.accounts, merchants=self.size.merchants)

    def renew(self, name: str = DATABASE) -> None:
        """Replace a database (`crm`, or a further one to compare with) by a fresh copy of what was built."""
        names = {"crm": sql.Identifier(name), "kept": sql.Identifier(KEPT), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
        with self.superuser("postgres") as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {crm} WITH (FORCE)").format(**names))
            session.execute(sql.SQL("CREATE DATABASE {crm} TEMPLATE {kept} STRATEGY FILE_COPY OWNER {owner}").format(**names))
            session.execute(sql.SQL("REVOKE ALL ON DATABASE {crm} FROM PUBLIC").format(**names))
            session.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {crm} TO {app}").format(**names))
            session.execute("CHECKPOINT")

    def prepare(self) -> None:
        """Start the server, build what is not built, migrate what is older than the code, and copy it.

        What cannot be migrated (a run was killed in the middle, a migration was renamed) is built anew.
        """
        self.home.prepare()
        ensure_keys(self.home)
        self.postgres.start()
        built, state = self.home.path / "built", state_of_migrations()
        if built.exists() and not self._is_there(KEPT):
            built.unlink()
        if not built.exists():
            self._build()
        elif built.read_text() != state:
            try:
                self._rename(KEPT, DATABASE)
                self._manage("migrate", "--skip-checks", "--verbosity", "0")
                self._rename(DATABASE, KEPT)
            except subprocess.CalledProcessError:
                built.unlink()
                self._build()
        built.write_text(state)
        self.renew()
        # Messages of an earlier run would be worked off during this one: 73,000 of them once cost ten minutes of it.
        shutil.rmtree(self.valkey.data, ignore_errors=True)

    def _build(self) -> None:
        self._drop(KEPT)
        self._drop(DATABASE)
        self.postgres.stop()
        self.postgres.start()  # makes the database and its roles
        self._manage("migrate", "--skip-checks", "--verbosity", "0")
        self._run("benchmarks.world", "--fill", str(self.home.path), *self._words())
        self._rename(DATABASE, KEPT)

    def _is_there(self, name: str) -> bool:
        with self.superuser("postgres") as session:
            return session.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None

    def _drop(self, name: str) -> None:
        with self.superuser("postgres") as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _rename(self, name: str, to: str) -> None:
        self._drop(to)
        with self.superuser("postgres") as session:
            session.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))

    def _words(self) -> list[str]:
        size = self.size
        return ["--accounts", str(size.accounts), "--history", str(size.history), "--days", str(size.days)]

    def _manage(self, *words: str) -> None:
        subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], cwd=ROOT, env=self.environment, check=True)

    def _run(self, module: str, *words: str) -> None:
        subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, env=self.environment, check=True)

    def fill(self) -> None:
        """Write people, customers, accounts and history into an empty, migrated bank."""
        begin_django(self.environment)
        people.settle(self)
        with self.superuser() as session, without_indexes(session, "transactions_transaction"):
            rows = DRAWN.format(
                mark="H",
                count=self.size.history,
                begin=DAY - self.size.days * MICROS,
                span=self.size.days * MICROS,
                counterparties=COUNTERPARTIES,
                circle=CIRCLE,
                account=self.account_sql("anybody"),
            )
            session.execute(INTO_LEDGER.format(rows=rows, screening="exempt"))
        with self.superuser() as session:
            session.execute(people.FIGURES)
            session.execute("VACUUM (FREEZE, ANALYZE)")


@contextlib.contextmanager
def without_indexes(session: psycopg.Connection, table: str) -> Iterator[None]:
    """Take a table's indexes and triggers away while it is filled, and make the indexes again."""
    found = session.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i LEFT JOIN pg_constraint c"
        " ON c.conindid = i.indexrelid WHERE i.indrelid = %s::regclass AND c.oid IS NULL",
        (table,),
    ).fetchall()
    session.execute("SET session_replication_role = replica")
    for name, _definition in found:
        session.execute(f"DROP INDEX {name}")
    yield
    session.execute("SET maintenance_work_mem = '512MB'")
    for _name, definition in found:
        session.execute(definition)


def begin_django(environment: dict[str, str]) -> None:
    """Let this process work with these servers and no others."""
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]
    os.environ |= environment
    import django

    django.setup()


def folder_of(size: Size) -> Path:
    """Return where a size is kept."""
    return Path(os.environ.get("CRM_WORLDS") or ROOT / ".local" / "worlds") / size.name


@contextlib.contextmanager
def running(size: Size, *, keep: bool = True, broker: bool = False) -> Iterator[World]:
    """Have the bank's copy at hand, its server running (with the broker where workers are to follow), Django set up on it."""
    compile_messages()
    world = World(size, Home(folder_of(size)))
    world.home.path.mkdir(parents=True, exist_ok=True)
    with (world.home.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one run at a time on a bank of one size
        yield from _served(world, keep=keep, broker=broker)


def _served(world: World, *, keep: bool, broker: bool) -> Iterator[World]:
    try:
        world.prepare()
        if broker:
            world.valkey.start()
        begin_django(world.environment)
        yield world
    finally:
        world.valkey.stop()
        world.postgres.stop()
        if not keep:
            world.home.remove()


def main() -> None:
    """Build a size, or remove it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("accounts", "history", "days"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Size, name))
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = Size(options.accounts, options.history, options.days)
    if options.fill:
        World(size, Home(Path(options.fill))).fill()
    elif options.remove:
        Home(folder_of(size)).remove()
    else:
        began = time.perf_counter()
        world = World(size, Home(folder_of(size)))
        try:
            world.prepare()
        finally:
            world.postgres.stop()
        print(json.dumps({"world": size.name, "seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
