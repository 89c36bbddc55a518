"""A bank made by a few statements on a server of its own, where `benchmarks.world` would be more than is needed."""

from crm.operations.testing import Run

RUN = Run()

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


def without_witness() -> None:
    """Take the tests' witness off the tables: production has none, and it reads the text of every statement for every row."""
    with RUN.postgres.connect(RUN.database) as session:
        for (table,) in session.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'zz_witness'").fetchall():
            session.execute(f"DROP TRIGGER zz_witness ON {table}")
