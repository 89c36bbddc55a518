"""Judging speed on a server of its own: bulk and single, with the share of a plain COPY of the same rows into the same table.

    python -m benchmarks.judge_bulk [--history 500000] [--fresh 40000] [--accounts 5000] [--hot 0]

Prints one JSON object. The ratio is taken in one run, because an absolute figure says more about the machine than about the engine.
"""

import argparse
import json
import os
import statistics
import time
from typing import Any

from crm.operations.testing import Run

RUN = Run()
DAYS = 180
BATCH = 5_000
SINGLE = 300

CLONE = """INSERT INTO {table} SELECT (jsonb_populate_record(x, jsonb_build_object('id', 1000 + g, 'seal_id', gen_random_uuid(),
  'reference', '{letter}-' || g, {more}))).* FROM {table} x, generate_series(1, {count}) g WHERE x.id = {template}"""
# Amounts, kinds and hours of ordinary life; one account in fifty is a merchant with many small credits.
ROWS = """
INSERT INTO transactions_transaction (seal_id, data_key_id, reference, source_id, external_id, fingerprint, event_order, customer_id,
  account_id, direction, amount, currency, amount_cny, amount_usd, occurred_at, received_at, bank_date, business_day, kind, instrument,
  channel, cross_border, customer_initiated, operator, counterparty_name, counterparty_last4, counterparty_bank, counterparty_country,
  remark, transfer_id, status, status_at, refusal, screening, owed_cause, owed_since, version)
SELECT gen_random_uuid(), a.data_key_id, 'T-' || {mark} || g, s.id, {mark} || g, '\\x00', (m.us << 12) + (hashint8(g) & 2047),
  a.customer_id, a.id,
  CASE WHEN r.c < 0.3 THEN 'C' ELSE 'D' END, r.amount, 'CNY', r.amount, round(r.amount / 7.1, 4), m.at, now(), m.day, b.ordinal,
  CASE WHEN r.c > 0.97 THEN 'withdrawal' WHEN r.c < 0.5 THEN 'transfer' ELSE 'payment' END,
  CASE WHEN r.c > 0.97 THEN 'cash' ELSE 'transfer' END, 'mobile', r.c < 0.01, true, '', '', '', '', 'CN', '', '',
  'completed', m.at, '', {screening}, 'new', now(), 1
FROM generate_series(1, {count}) g
CROSS JOIN LATERAL (SELECT random() AS c, round((10 ^ (1 + 3.2 * random()))::numeric, 2) AS amount, {when} AS us OFFSET g * 0) r0
CROSS JOIN LATERAL (SELECT r0.c, r0.amount) r
CROSS JOIN LATERAL (SELECT r0.us, timestamptz '2000-01-01 00:00+00' + r0.us * interval '1 microsecond' AS at,
  ((timestamptz '2000-01-01 00:00+00' + r0.us * interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai')::date AS day) m
JOIN calendar_businessday b ON b.day = m.day
JOIN products_account a ON a.id = {account}
JOIN transactions_source s ON s.code = 'core'
"""


def main() -> None:
    """Build the world, judge it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("history", 500_000), ("fresh", 40_000), ("accounts", 5_000), ("hot", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    RUN.enter()
    try:
        RUN.start()
        RUN.renew_database()
        without_witness()
        os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
        import django

        django.setup()
        print(json.dumps(measured(options)))
    finally:
        RUN.leave()


def without_witness() -> None:
    """Take the tests' witness off the tables: production has none, and it reads the text of every statement for every row."""
    with RUN.postgres.connect(RUN.database) as session:
        for (table,) in session.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'zz_witness'").fetchall():
            session.execute(f"DROP TRIGGER zz_witness ON {table}")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    from risk.models import Alert, Hit

    first = build(options)
    copied = copy_rate(options.fresh)
    ids = owed()
    singles = judge_single(ids[:SINGLE])
    rest = ids[SINGLE:]
    before, began = cpu(), time.perf_counter()
    rates = [judge_batch(rest[start : start + BATCH]) for start in range(0, len(rest), BATCH)]
    seconds = time.perf_counter() - began
    spent = [now - then for now, then in zip(cpu(), before, strict=True)]
    rate = len(rest) / seconds
    return {
        "history": options.history,
        "fresh": len(ids),
        "accounts": options.accounts,
        "hot": options.hot,
        "build_s": round(first, 1),
        "bulk_per_s": round(rate),
        "bulk_us": round(1e6 / rate, 1),
        "bulk_cpu_us_client": round(spent[0] / len(rest) * 1e6, 1),
        "bulk_cpu_us_server": round(spent[1] / len(rest) * 1e6, 1),
        "best_batch_per_s": round(max(rates)),
        "copy_per_s": round(copied),
        "share_of_copy": round(rate / copied, 3),
        "single_ms_p50": round(statistics.median(singles) * 1e3, 2),
        "single_ms_p95": round(sorted(singles)[int(len(singles) * 0.95)] * 1e3, 2),
        "hits": Hit.objects.count(),
        "alerts": Alert.objects.count(),
    }


def build(options: argparse.Namespace) -> float:
    """Make customers, accounts, history and fresh rows in SQL; return the seconds it took."""
    from crm.access.actor import IMPORTER
    from crm.tests.personas import build_bank
    from customers.tests.personas import person
    from products.tests.personas import account_of
    from transactions.services import add_source

    began = time.perf_counter()
    add_source(actor=IMPORTER, code="core", name="Core banking", already_completed=True)
    customer = person(build_bank(), "1")
    account = account_of(customer, "6222020000001238821")
    run = RUN.postgres.connect(RUN.database)
    with run:
        for table, pk, letter, more in (
            ("customers_customer", customer.pk, "C", "'core_number', 'N' || g"),
            ("products_account", account.pk, "A", "'customer_id', 1000 + g, 'number_index', md5(g::text)"),
        ):
            run.execute(CLONE.format(table=table, template=pk, count=options.accounts, letter=letter, more=more))
        start = "844000000000000"  # 2026-09-29 12:26:40 UTC
        spread = f"({start} - (random() * {DAYS}.0 * 86400e6)::bigint)"
        today = f"({start} + (random() * 86400e6)::bigint)"
        account_of_row = f"1001 + (hashint8(g::bigint * 7919) & 1073741823) % {options.accounts}"
        run.execute(ROWS.format(mark="'H'", screening="'exempt'", count=options.history, when=spread, account=account_of_row))
        run.execute(ROWS.format(mark="'F'", screening="'owed'", count=options.fresh - options.hot, when=today, account=account_of_row))
        if options.hot:
            run.execute(ROWS.format(mark="'X'", screening="'owed'", count=options.hot, when=today, account="1001"))
    with RUN.postgres.connect(RUN.database) as session:
        session.autocommit = True
        session.execute("VACUUM ANALYZE")
    return time.perf_counter() - began


def cpu() -> tuple[float, float]:
    """Return the processor seconds of this process and of its server process: they stay comparable on a busy machine."""
    import psutil
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time(), server.user + server.system


def owed() -> list[int]:
    """Return the fresh rows, oldest event first."""
    from transactions.models import Transaction

    return list(Transaction.objects.owed().values_list("pk", flat=True))


def copy_rate(count: int) -> float:
    """Return how many of the same rows a second a plain COPY writes into a table of the same shape and indexes."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("CREATE TABLE copied (LIKE transactions_transaction INCLUDING ALL)")
        fresh = "COPY (SELECT * FROM transactions_transaction WHERE screening = 'owed') TO STDOUT"
        with session.cursor() as cursor, cursor.copy(fresh) as out:
            data = b"".join(out)
        session.commit()
        began = time.perf_counter()
        with session.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as into:
            into.write(data)
        session.commit()
        seconds = time.perf_counter() - began
        session.execute("DROP TABLE copied")
    return count / seconds


def judge_batch(ids: list[int]) -> float:
    """Judge one batch as the worker does; return rows a second."""
    from risk.services import screening

    began = time.perf_counter()
    screening.judge(ids=ids)
    return len(ids) / (time.perf_counter() - began)


def judge_single(ids: list[int]) -> list[float]:
    """Judge row by row as a synchronous decision does, commit included; return the seconds of each after a warm-up."""
    from django.db import transaction

    from risk.services import screening

    taken = []
    for pk in ids:
        began = time.perf_counter()
        with transaction.atomic():
            screening.judge_now([pk])
        taken.append(time.perf_counter() - began)
    return taken[20:]


if __name__ == "__main__":
    main()
