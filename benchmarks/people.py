"""The customers, accounts and counterparties of `benchmarks.world`, sealed and indexed as the product does it."""

import random
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from benchmarks.world import World

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (*"伟芳娜敏静丽强磊洋艳勇军杰娟涛明超霞平", "秀英", "志强", "建国")
OF_SUN_YUE = 200
PIECE = 10_000

TABLES = """
CREATE SCHEMA made;
CREATE UNLOGGED TABLE made.person (g int, data_key_id bigint, customer jsonb, account jsonb);
CREATE TABLE made.account (account_id bigint PRIMARY KEY, number text NOT NULL);
CREATE TABLE made.counterparty (n int PRIMARY KEY, number text, name text, last4 text, index bytea, sealed bytea);
"""
CUSTOMERS = """
INSERT INTO customers_customer SELECT (jsonb_populate_record(x, p.customer)).*
  FROM made.person p, customers_customer x WHERE x.id = %s"""
ACCOUNTS = """
INSERT INTO products_account SELECT (jsonb_populate_record(x, p.account)).*
  FROM made.person p, products_account x WHERE x.id = %s"""
FIGURES = """
INSERT INTO customers_customerfigures (customer_id, accounts, assets_cny, last_transaction_at)
SELECT a.customer_id, 1, coalesce(t.moved, 0), t.last FROM products_account a LEFT JOIN (
  SELECT customer_id, sum(CASE direction WHEN 'C' THEN amount_cny ELSE -amount_cny END) AS moved, max(occurred_at) AS last
    FROM transactions_transaction GROUP BY customer_id) t USING (customer_id)
ON CONFLICT (customer_id) DO UPDATE SET assets_cny = excluded.assets_cny, last_transaction_at = excluded.last_transaction_at"""


def settle(world: "World") -> None:
    """Write the bank's people, its customers with an account each (ids from 1001), and those they deal with."""
    from crm.access.actor import IMPORTER
    from crm.tests.personas import build_bank
    from customers.tests.personas import person
    from products.tests.personas import account_of
    from transactions.services import add_source

    bank = build_bank()
    add_source(actor=IMPORTER, code="core", name="Core banking", already_completed=True)
    customer = person(bank, "1")
    account = account_of(customer, "6222020000001238821")
    with world.superuser() as session:
        session.execute("SET session_replication_role = replica")
        session.execute(TABLES)
        for low in range(1, world.size.accounts + 2, PIECE):
            numbers = range(low, min(low + PIECE, world.size.accounts + 2))
            _people(session, bank, numbers)
        session.execute(CUSTOMERS, (customer.pk,))
        session.execute(ACCOUNTS, (account.pk,))
        session.execute("DROP TABLE made.person")
        for table in ("customers_customer", "products_account"):
            session.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 2000 + %s)", (table, world.size.accounts))
        _counterparties(session)
        session.execute("ANALYZE")


def number_of(g: int) -> str:
    """Return the number of an account."""
    return f"62220{g:014d}"


def _people(session: psycopg.Connection, bank: Any, numbers: range) -> None:
    from django.db import transaction

    from crm.fields.services import new_data_keys

    with transaction.atomic():
        keys = new_data_keys(len(numbers))
    with session.cursor() as cursor, cursor.copy("COPY made.person FROM STDIN") as copy:
        copy.set_types(["int4", "int8", "jsonb", "jsonb"])
        for g, key in zip(numbers, keys, strict=True):
            copy.write_row((g, key.pk, *map(Jsonb, _person(bank, g, key))))
    with session.cursor() as cursor, cursor.copy("COPY made.account FROM STDIN") as copy:
        for g in numbers:
            copy.write_row((1000 + g, number_of(g)))


def _person(bank: Any, g: int, key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns in which one customer and the account differ from the first ones."""
    from crm.access.references import new_references
    from crm.fields.pinyin import initials, pinyin

    dice = random.Random(g)
    name = dice.choice(SURNAMES) + dice.choice(GIVEN)
    spelled = pinyin(name)
    in_beijing = g % 4 == 0
    manager = "80002" if not in_beijing else ("80001" if g // 4 <= OF_SUN_YUE else "80003")
    shared = {"id": 1000 + g, "data_key_id": key.pk}
    customer = shared | {"seal_id": str(uuid.uuid4()), "core_number": f"N{g:09d}", "reference": new_references("C", 8, 1)[0]}
    customer |= {"name": name, "name_pinyin": spelled, "name_compact": spelled.replace(" ", ""), "name_initials": initials(name)}
    customer |= {
        "opening_branch_id": bank.branches["110001" if in_beijing else "310001"].pk,
        "manager_id": bank.people[manager].pk,
    }
    texts = {
        "id_number": f"1101051986{g % 12 + 1:02d}{g % 28 + 1:02d}{g % 10_000:04d}",
        "mobile": f"138{g:08d}",
        "email": f"p{g}@mail.test",
        "address": f"东直门内大街 {g} 号",
    }
    customer |= dict(_sealed("customers.customer", key, customer["seal_id"], texts))
    account = shared | {"seal_id": str(uuid.uuid4()), "customer_id": 1000 + g, "reference": new_references("A", 8, 1)[0]}
    account |= dict(_sealed("products.account", key, account["seal_id"], {"number": number_of(g)})) | {"holder_name": name}
    account["branch_id"] = customer["opening_branch_id"]
    return customer, account


def _sealed(model: str, key: Any, seal_id: str, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    from crm.fields.blind import blind_index
    from crm.fields.services import seal_value

    for name, text in texts.items():
        label = f"{model}.{name}"
        yield name, f"\\x{seal_value(key, label, uuid.UUID(seal_id), text).hex()}"
        if name != "address":
            yield f"{name}_index", f"\\x{blind_index(label, text).hex()}"
        if name not in ("address", "email"):
            yield f"{name}_last4", text[-4:]


def _counterparties(session: psycopg.Connection) -> None:
    """Those whom everybody pays: their numbers, and blind indexes as the ledger holds them."""
    from benchmarks.world import COUNTERPARTIES
    from crm.fields.blind import blind_index

    with session.cursor() as cursor, cursor.copy("COPY made.counterparty FROM STDIN") as copy:
        for n in range(1, COUNTERPARTIES + 1):
            number, name = f"62148{n:014d}", SURNAMES[n % len(SURNAMES)] + GIVEN[n % len(GIVEN)]
            index = blind_index("transactions.transaction.counterparty_account", number)
            # As long as a seal: 22 bytes before the text, 16 after it.
            copy.write_row((n, number, name, number[-4:], index, random.Random(n).randbytes(22 + len(number) + 16)))
