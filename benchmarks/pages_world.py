"""The bank of `benchmarks.pages`: a tree of branches, sealed numbers, grants, a ledger with verdicts, alerts, cases and log lines.

Built once and copied for each run, as `benchmarks.world` does it; that world has more history and fewer people: here every branch has
managers, the branch of Beijing has a quarter of the customers, Sun Yue (80001) exactly 200, and the manager of Beijing (81001) holds 500
grants beyond it. The first customer is hers and has 20,000 transactions. Who a customer is, is made in Python, because ID, mobile and
account numbers are truly sealed under a data key of their own (a page opens each seal to show its mask); the rest is SQL.
"""

import argparse
import contextlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import pages_sql as sql
from benchmarks import world
from crm.operations.first_steps import compile_messages
from crm.operations.servers.homes import Home

FIRST = 1_001
HOT = 20_000
OWN = 200
GRANTS = 500
PROVINCES = 30
SUBBRANCHES = 8
SHARE = 4  # one customer in four belongs to the big branch
BIG, CORNER = "110", "110001"
BATCH = 5_000


@dataclass(frozen=True)
class Size(world.Size):
    """How large the bank is: ``accounts`` counts customers, ``history`` transactions."""

    alerts: int = 20_000

    @property
    def name(self) -> str:
        """Return the name of the folder that keeps it."""
        return f"pages-{self.accounts}-{self.history}-{self.alerts}"


class Bank(world.World):
    """A built bank whose copy is being worked with."""

    size: Size

    @property
    def asked(self) -> dict[str, str]:
        """Return what pages are asked for: references and numbers by what they are of."""
        kept: dict[str, str] = json.loads((self.home.path / "asked.json").read_text())
        return kept

    def _words(self) -> list[str]:
        size = self.size
        return ["--customers", str(size.accounts), "--transactions", str(size.history), "--alerts", str(size.alerts)]

    def _run(self, module: str, *words: str) -> None:
        super()._run("benchmarks.pages_world", *words)

    def fill(self) -> None:
        """Write everything into an empty, migrated bank."""
        world.begin_django(self.environment)
        from crm.access.actor import IMPORTER
        from crm.jobs.queue import captured
        from crm.tests.personas import build_bank
        from transactions.services import add_source

        add_source(actor=IMPORTER, code="core", name="Core banking", already_completed=True)
        bank = build_bank()
        big, others = _branches(bank)
        size = self.size
        with self.superuser() as session:
            session.execute("SET session_replication_role = replica")
            session.execute(sql.MANAGERS.format(count=max(size.accounts // OWN, 1)))
            session.execute(sql.MANAGER_ROLES)
            _parties(session, bank, big, others, size.accounts)
            for table in sql.NUMBERED[:2]:
                _renumber(session, table)
            session.execute("ANALYZE")
        with captured():  # nobody waits at a broker
            asked = _work(bank)
        asked |= self._many()
        with captured():
            asked |= _report(bank)
        asked |= {"id_number": _id_number(0), "mobile": _mobile(0), "account": _account(0)}
        (self.home.path / "asked.json").write_text(json.dumps(asked, ensure_ascii=False))
        with self.superuser() as session:
            session.autocommit = True
            session.execute("VACUUM (FREEZE, ANALYZE)")

    def _many(self) -> dict[str, str]:
        """Write the ledger and what hangs on it; return what pages are asked for."""
        size = self.size
        numbers = {"customers": size.accounts, "transactions": size.history, "alerts": size.alerts, "first": FIRST}
        numbers |= {"hot": min(HOT, size.history // 4), "grants": min(GRANTS, size.accounts // 8)}
        with self.superuser() as session, world.without_indexes(session, "transactions_transaction"):
            session.execute(sql.LEDGER.format(**numbers))
        with self.superuser() as session:
            session.autocommit = True
            session.execute("SET session_replication_role = replica")
            session.execute("ANALYZE")
            for statement in (*sql.STATEMENTS, sql.CLONED):
                session.execute(statement.format(**numbers))
            for table in sql.NUMBERED:
                _renumber(session, table)
            session.execute("VACUUM ANALYZE")
            return dict(session.execute(sql.NAMES.format(first=FIRST)).fetchall())


@contextlib.contextmanager
def running(size: Size) -> Iterator[Bank]:
    """Have the bank's copy at hand, its server running, Django set up on it; built first where it is not kept yet."""
    compile_messages()
    bank = Bank(size, Home(world.folder_of(size)))
    try:
        bank.prepare()
        bank.valkey.start()  # a form that tells somebody something puts the mail into it, and would wait for it in vain
        world.begin_django(bank.environment)
        yield bank
    finally:
        bank.valkey.stop()
        bank.postgres.stop()


def _renumber(session: psycopg.Connection, table: str) -> None:
    session.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))")


def _branches(bank: Any) -> tuple[list[int], list[int]]:
    """Add branches; return the keys of those of the big branch and of all others."""
    from crm.staff.services.people import plant_branch

    made: dict[str, list[int]] = {BIG: [bank.branches[CORNER].pk, bank.branches["110002"].pk], "": [bank.branches["310001"].pk]}
    from django.db import transaction

    from crm.access.actor import SYSTEM
    from crm.log import services as log

    with transaction.atomic():
        for place in range(3, SUBBRANCHES + 1):
            code = f"{BIG}{place:03}"
            made[BIG].append(plant_branch(code=code, name=f"北京第{place}支行", level="subbranch", parent=bank.branches[BIG]).pk)
        for province in range(PROVINCES):
            parent = plant_branch(code=f"{400 + province}", name=f"第{province}分行", level="branch", parent=bank.branches["000"])
            for place in range(1, SUBBRANCHES + 1):
                code = f"{400 + province}{place:03}"
                made[""].append(plant_branch(code=code, name=f"第{province}分行{place}支行", level="subbranch", parent=parent).pk)
        log.record(actor=SYSTEM, action="staff.branch_created", data={"branches": PROVINCES})
    return made[BIG], made[""]


def _parties(session: psycopg.Connection, bank: Any, big: list[int], others: list[int], count: int) -> None:
    """Write customers and their accounts by COPY, a batch of data keys at a time."""
    from crm.fields.services import new_data_keys

    chance = random.Random(7)
    managers = dict[int, list[int]]()
    for pk, branch in session.execute("SELECT id, branch_id FROM staff_user WHERE number LIKE 'M%'").fetchall():
        managers.setdefault(branch, []).append(pk)
    names = _names(chance)
    for low in range(0, count, BATCH):
        places = range(low, min(low + BATCH, count))
        keys = new_data_keys(len(places))
        rows = list(zip(places, keys, strict=True))
        people = [
            (place, key, *_where(place, chance, bank, big, others, managers), names[(place * 7919) % len(names)]) for place, key in rows
        ]
        _copy(session, "customers_customer", sql.CUSTOMER, (_customer(*row, chance) for row in people))
        accounts = (row for person in people for row in _accounts(*person[:3], person[4]))
        _copy(session, "products_account", sql.ACCOUNT, accounts)


def _copy(session: psycopg.Connection, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with session.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as into:
        for row in rows:
            into.write_row(row)


def _where(
    place: int, chance: random.Random, bank: Any, big: list[int], others: list[int], managers: dict[int, list[int]]
) -> tuple[int, int | None]:
    """Branch and manager of a customer: the first 200 are Sun Yue's own."""
    if place < OWN:
        return bank.branches[CORNER].pk, bank.people["80001"].pk
    branch = chance.choice(big if place % SHARE == 0 else others)
    return branch, chance.choice(managers[branch]) if chance.random() < 0.97 and branch in managers else None


def _names(chance: random.Random) -> list[tuple[str, str]]:
    """Names with their kinds, drawn as in life: many namesakes, one organisation in ten."""
    from demo.names import FEMALE_GIVEN, FIRM_CITIES, FIRM_TRADES, FIRM_WORDS, MALE_GIVEN, SURNAMES

    given = (*MALE_GIVEN, *FEMALE_GIVEN)
    weights = [1 / (1 + rank) for rank in range(len(SURNAMES))]
    found = [("person", chance.choices(SURNAMES, weights)[0] + chance.choice(given)) for _number in range(45_000)]
    firms = [
        ("organisation", f"{chance.choice(FIRM_CITIES)}{chance.choice(FIRM_WORDS)}{chance.choice(FIRM_TRADES)}有限公司")
        for _n in range(5_000)
    ]
    mixed = found + firms
    chance.shuffle(mixed)
    return mixed


def _id_number(place: int) -> str:
    return f"110101{19500101 + place // 1000:08d}{place % 1000:03d}X"


def _mobile(place: int) -> str:
    return f"138{place:08d}"


def _account(place: int, which: int = 0) -> str:
    return f"62220{which}{place:013d}"


def _customer(place: int, key: Any, branch: int, manager: int | None, name: tuple[str, str], chance: random.Random) -> tuple[Any, ...]:
    """One row for COPY, in the order of ``sql.CUSTOMER``."""
    from crm.fields.blind import blind_index
    from crm.fields.pinyin import initials, pinyin
    from crm.fields.services import seal_value

    kind, called = name
    person = kind == "person"
    seal_id = uuid.UUID(int=chance.getrandbits(128))
    sealed = []
    for field_name, text in (("id_number", _id_number(place)), ("mobile", _mobile(place))):
        label = f"customers.customer.{field_name}"
        sealed += [seal_value(key, label, seal_id, text), blind_index(label, text), text[-4:]]
    spelled = pinyin(called, person=person)
    letters = initials(called, person=person)
    return (
        FIRST + place, seal_id, key.pk, f"C-{sql.letters(place, 8)}", f"{6_217_000_000 + place}", kind, called, spelled,
        spelled.replace(" ", ""), letters, chance.choice(("male", "female")) if person else "",
        date(1950, 1, 1) + timedelta(days=chance.randrange(20_000)) if person else None, "resident_card" if person else "credit_code",
        *sealed, branch, manager,
        chance.choices(("retail", "student", "pensioner", "merchant"), (70, 10, 15, 5))[0] if person
        else "corporate",
        chance.choices((1, 2, 3, 4, 5), (60, 20, 12, 6, 2))[0], chance.choice(("C1", "C2", "C3", "C4", "C5")),
        chance.choices(("acquired", "active", "retained", "churned"), (20, 60, 15, 5))[0],
        created := f"2026-{1 + place % 10:02}-{1 + place % 28:02} 09:00+08", "北京市东城区", "professional", "50k_120k", "none", 1, created,
    )  # fmt: skip


def _accounts(place: int, key: Any, branch: int, name: tuple[str, str]) -> Iterator[tuple[Any, ...]]:
    """One account for everybody, a second one for every other customer; the columns of ``sql.ACCOUNT``."""
    from crm.fields.blind import blind_index
    from crm.fields.services import seal_value

    for which in range(1 + place % 2):
        number, seal_id, label = _account(place, which), uuid.UUID(int=place * 10 + which + 1), "products.account.number"
        sealed = (seal_value(key, label, seal_id, number), blind_index(label, number), number[-4:])
        pk = FIRST + place + which * 10_000_000
        yield (
            pk, seal_id, key.pk, f"A-{sql.letters(place * 2 + which, 8)}", FIRST + place, *sealed, name[1],
            ("class_1", "class_2")[which] if name[0] == "person" else ("basic", "general")[which], branch,
            place * 37 % 900_000, f"{2015 + place % 11}-{1 + place % 12:02}-{1 + place % 28:02}", "normal", "CNY", 1, "2026-01-02 09:00+08",
        )  # fmt: skip


def _work(bank: Any) -> dict[str, str]:
    """Have the product itself raise alerts, open a case, freeze and ask for the lifting: what pages show in full."""
    from crm.tests.personas import as_actor
    from products.models import Account
    from risk.models import Alert
    from risk.services import cases, inquiries, screening
    from risk.tests.work import cash_in

    officer = as_actor(bank.people["82001"])
    account = Account.objects.select_related("customer", "data_key").get(pk=FIRST + 1)
    screening.judge(ids=[row.pk for row in cash_in(account)])
    alerts = list(Alert.objects.filter(customer_id=account.customer_id).order_by("pk"))
    case = cases.open_case(actor=officer, alerts=alerts[:1], summary="现金化整为零")
    inquiries.ask(actor=officer, case=case, questions="资金来源？")
    freeze = cases.freeze_in_case(actor=officer, case=case, kind="payment_stop", reason="核实中")
    request = cases.ask_to_lift_in_case(actor=officer, case=case, freeze=freeze, reason="客户已说明")
    found = {"real_case": case.reference, "freeze": freeze.reference, "request": request.reference}
    return found | {"real_alert": alerts[-1].reference, "verdict": account.transactions.latest("pk").reference}


def _report(bank: Any) -> dict[str, str]:
    """Make the report of the last whole month."""
    from crm.access.actor import SYSTEM
    from crm.calendar.services import today
    from crm.tests.personas import as_actor
    from reports import services

    last = today().replace(day=1) - timedelta(days=1)
    supervisor = as_actor(bank.people["82002"])
    run = services.ask_for_report(actor=supervisor, period="month", first_day=last.replace(day=1), last_day=last, branch=None)
    services.make_report(actor=SYSTEM, run_id=run.pk)
    return {"report": run.reference}


def main() -> None:
    """Build a size, or remove it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("customers", 100_000), ("transactions", 1_000_000), ("alerts", Size.alerts)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = Size(options.customers, options.transactions, alerts=options.alerts)
    if options.fill:
        Bank(size, Home(Path(options.fill))).fill()
    elif options.remove:
        Home(world.folder_of(size)).remove()
    else:
        with running(size):
            print(json.dumps({"world": size.name}))


if __name__ == "__main__":
    main()
