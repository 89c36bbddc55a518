"""What is many in the bank of `benchmarks.pages_world`, as SQL: the ledger, verdicts, alerts, cases, freezes, grants, notices, log lines.

Written past the triggers by a superuser (`session_replication_role = replica`). ``{first}`` is the key of the first customer.
"""

HEX, LETTERS = "0123456789abcdef", "23456789ABCDEFGH"
"""A reference's alphabet lacks some letters; hexadecimal digits are read as sixteen of those it has."""
OF_HEX = str.maketrans(HEX, LETTERS)


def letters(number: int, length: int) -> str:
    """Return a number as the letters of a reference; the same as `_ref` in SQL."""
    return f"{number:0{length}x}".translate(OF_HEX)


def _ref(prefix: str, number: str, length: int) -> str:
    return f"'{prefix}-' || translate(lpad(to_hex({number}), {length}, '0'), '{HEX}', '{LETTERS}')"


CUSTOMER = (
    "id, seal_id, data_key_id, reference, core_number, kind, name, name_pinyin, name_compact, name_initials, gender, birth_date, id_type,"
    " id_number, id_number_index, id_number_last4, mobile, mobile_index, mobile_last4, opening_branch_id, manager_id, segment,"
    " aml_risk_level, risk_tolerance, lifecycle_stage, created_at, region, occupation, income_band, credit_record, version, updated_at"
)
ACCOUNT = (
    "id, seal_id, data_key_id, reference, customer_id, number, number_index, number_last4, holder_name, kind, branch_id, reported_balance,"
    " opened_at, status, currency, version, created_at"
)
MANAGERS = f"""
INSERT INTO staff_user (password, is_superuser, number, reference, name, name_pinyin, title, email, mobile, language, theme, is_active,
  on_duty, created_at, branch_id)
SELECT '!', false, 'M' || lpad(g::text, 5, '0'), {_ref("U", "g::int + 1048576", 8)}, '经理' || g, 'jing li ' || g, '客户经理', '', '', '',
  'system', true, true, now(), b.ids[1 + g % array_length(b.ids, 1)]
FROM generate_series(1, {{count}}) g, (SELECT array_agg(id ORDER BY id) AS ids FROM staff_branch WHERE level = 'subbranch') b"""
MANAGER_ROLES = """
INSERT INTO staff_roleassignment (user_id, role_id, assigned_at)
SELECT u.id, r.id, now() FROM staff_user u, staff_role r WHERE u.number LIKE 'M%' AND r.code = 'relationship-manager'"""

# Half a year in the order of its time. One transaction in fifty is of the first customer; the others' shares fall as a square root.
LEDGER = f"""
INSERT INTO transactions_transaction (seal_id, data_key_id, reference, source_id, external_id, fingerprint, event_order, customer_id,
  account_id, direction, amount, currency, amount_cny, amount_usd, occurred_at, received_at, bank_date, business_day, kind, instrument,
  channel, cross_border, customer_initiated, operator, counterparty_name, counterparty_last4, counterparty_bank, counterparty_country,
  remark, transfer_id, status, status_at, reversed_at, refusal, screening, owed_cause, owed_since, owed_attempts, version)
SELECT gen_random_uuid(), a.data_key_id, {_ref("T", "g::int + 16777216", 13)}, s.id, 'K' || g, '\\x00',
  ((extract(epoch FROM m.at) - 946684800) * 1000000)::bigint * 4096 + (hashint8(g) & 2047), a.customer_id, a.id,
  CASE WHEN r.c < 0.3 THEN 'C' ELSE 'D' END, r.amount, CASE WHEN r.d < 0.03 THEN 'USD' ELSE 'CNY' END,
  CASE WHEN r.d < 0.03 THEN r.amount * 7 ELSE r.amount END, round(CASE WHEN r.d < 0.03 THEN r.amount ELSE r.amount / 7 END, 4),
  m.at, m.at + interval '1 minute', b.day, b.ordinal,
  CASE WHEN r.c > 0.97 THEN 'withdrawal' WHEN r.c < 0.04 THEN 'salary' WHEN r.c < 0.5 THEN 'transfer' ELSE 'payment' END,
  CASE WHEN r.c > 0.97 THEN 'cash' ELSE 'transfer' END,
  (ARRAY['mobile','mobile','mobile','counter','web','atm','pos','third_party'])[1 + g % 8],
  r.d < 0.01, true, '', n.names[1 + (g * 31) % array_length(n.names, 1)], lpad((g % 10000)::text, 4, '0'), '中国银行', 'CN', '',
  CASE WHEN g % 10 = 0 THEN 'R' || g ELSE '' END, st.status, m.at, CASE WHEN st.status = 'reversed' THEN m.at + interval '1 day' END,
  CASE WHEN st.status = 'refused' THEN 'frozen' ELSE '' END, 'judged', 'new', m.at, 0, 1
FROM generate_series(1::bigint, {{transactions}}) g
CROSS JOIN LATERAL (SELECT random() AS c, random() AS d, random() AS e, random() AS f,
  round((10 ^ (1 + 3.6 * random()))::numeric, 2) AS amount OFFSET g * 0) r
CROSS JOIN LATERAL (SELECT now() - interval '180 days' + g * (interval '180 days' / {{transactions}}) - interval '1 hour' AS at) m
CROSS JOIN LATERAL (SELECT CASE WHEN r.e < {{hot}}.0 / {{transactions}} THEN 0 ELSE
  (floor(r.f * r.f * {{customers}})::bigint * 7919 + 1) % {{customers}} END AS place) p
CROSS JOIN LATERAL (SELECT CASE WHEN r.d < 0.97 THEN 'completed' WHEN r.d < 0.98 THEN 'failed' WHEN r.d < 0.985 THEN 'received'
  WHEN r.d < 0.99 THEN 'reversed' WHEN r.d < 0.994 THEN 'refused' WHEN r.d < 0.998 THEN 'declined' ELSE 'held' END AS status) st
JOIN products_account a ON a.id = {{first}} + p.place + CASE WHEN p.place % 2 = 1 AND g % 2 = 0 THEN 10000000 ELSE 0 END
JOIN calendar_businessday b ON b.day = (m.at AT TIME ZONE 'Asia/Shanghai')::date
JOIN transactions_source s ON s.code = 'core'
CROSS JOIN (SELECT array_agg(name) AS names FROM (SELECT DISTINCT name FROM customers_customer LIMIT 500) x) n
ORDER BY g"""
VERDICTS = """
INSERT INTO risk_assessment (revision, label, points, actions, exits, facts, cause, snapshot, judged_at, transaction_id, rule_set_id)
SELECT 1, CASE WHEN t.id % 250 = 0 THEN 'hold' WHEN t.id % 40 = 0 THEN 'review' ELSE 'allow' END, (t.id % 7 * 10)::int, ARRAY[]::varchar[],
  '{{}}', array_fill(123.45::numeric, ARRAY[24]), 'new', '1:1:', t.received_at + interval '2 seconds', t.id, s.id
FROM transactions_transaction t, (SELECT max(id) AS id FROM risk_ruleset) s
WHERE NOT EXISTS (SELECT FROM risk_assessment x WHERE x.transaction_id = t.id) ORDER BY t.id"""
STATE = (
    "CASE WHEN g % 20 < 3 THEN 'open' WHEN g % 20 = 3 THEN 'claimed' WHEN g % 20 = 4 THEN 'in_case'"
    " WHEN g % 20 = 5 THEN 'closed' ELSE 'dismissed' END"
)
CASES = f"""
INSERT INTO risk_case (id, reference, state, step, summary, opened_at, due_at, disposition, conclusion, version, customer_id, officer_id,
  opened_by_id)
SELECT 1000 + g, {_ref("K", "g::int + 1048576", 8)}, CASE WHEN g % 20 = 4 THEN 'open' ELSE 'closed' END, 'review', '资金快进快出', c.at,
  c.at + interval '10 days', CASE WHEN g % 20 = 4 THEN '' ELSE 'useful' END, '', 1, {{first}} + (g * 5 + 2) % {{customers}}, o.id, o.id
FROM generate_series(1, {{alerts}}) g
CROSS JOIN LATERAL (SELECT now() - interval '90 days' + g * (interval '90 days' / {{alerts}}) AS at) c
JOIN staff_user o ON o.number = (ARRAY['82001', '82003'])[1 + g % 2] WHERE g % 20 IN (4, 5)"""
ALERTS = f"""
INSERT INTO risk_alert (id, reference, state, band, priority, amount_at_risk, hits, first_hit_at, last_hit_at, created_at, due_at,
  supported, claimed_at, disposition, dismissal_reason, finished_at, version, claimed_by_id, customer_id, finished_by_id, case_id, rule_id)
SELECT 1000 + g, {_ref("W", "g::int + 1048576", 8)}, s.state, (ARRAY['high','mid','mid','low'])[1 + g % 4], (g * 37) % 101,
  (g * 7919) % 900000, 3, c.at, c.at, c.at, c.at + interval '1 day', true, CASE WHEN s.state = 'claimed' THEN c.at END,
  CASE WHEN s.state IN ('dismissed', 'closed') THEN (ARRAY['false_positive', 'useful', 'confirmed'])[1 + g % 3] ELSE '' END, '',
  CASE WHEN s.state IN ('dismissed', 'closed') THEN c.at + interval '5 hours' END, 1, CASE WHEN s.state <> 'open' THEN o.id END,
  {{first}} + (g * 5 + 2) % {{customers}}, CASE WHEN s.state IN ('dismissed', 'closed') THEN o.id END,
  CASE WHEN g % 20 IN (4, 5) THEN 1000 + g END,
  r.ids[1 + g % array_length(r.ids, 1)]
FROM generate_series(1, {{alerts}}) g
CROSS JOIN LATERAL (SELECT {STATE} AS state) s
CROSS JOIN LATERAL (SELECT now() - interval '90 days' + g * (interval '90 days' / {{alerts}}) AS at) c
JOIN staff_user o ON o.number = (ARRAY['82001', '82003'])[1 + g % 2]
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM risk_rule) r"""
HITS = """
INSERT INTO risk_hit (shadow, band, points, reason_code, evidence, supported, assessment_id, transaction_id, rule_version_id)
SELECT false, a.band, 10, 'bench', jsonb_build_object('facts', jsonb_build_object(), 'matched', jsonb_build_array(t.id)), true, x.id,
  t.id, v.id
FROM risk_alert a
CROSS JOIN LATERAL (SELECT id FROM transactions_transaction t WHERE t.customer_id = a.customer_id ORDER BY event_order DESC LIMIT 3) t
JOIN risk_assessment x ON x.transaction_id = t.id AND x.revision = 1
JOIN risk_ruleversion v ON v.rule_id = a.rule_id AND v.state = 'live' WHERE a.id > 1000 ON CONFLICT DO NOTHING"""
ALERT_HITS = """
INSERT INTO risk_alerthit (joined_at, alert_id, hit_id, transaction_id)
SELECT a.created_at, a.id, h.id, h.transaction_id FROM risk_hit h JOIN risk_ruleversion v ON v.id = h.rule_version_id
JOIN transactions_transaction t ON t.id = h.transaction_id
JOIN risk_alert a ON a.customer_id = t.customer_id AND a.rule_id = v.rule_id WHERE h.reason_code = 'bench' AND a.id > 1000"""
FREEZES = f"""
INSERT INTO products_freeze (reference, kind, authority, document, reason, currency, sequence, state, placed_at, placed_by_number,
  ended_reason, ended_at, lapses_at, origin_type, origin_reference, version, customer_id)
SELECT {_ref("F", "g::int + 1048576", 8)}, 'payment_stop', CASE WHEN g % 3 = 0 THEN 'court' ELSE 'own' END,
  CASE WHEN g % 3 = 0 THEN 'D' || g ELSE '' END,
  '核实中', '', 1, s.state, now() - g * interval '1 hour', '82001', '', CASE WHEN s.state IN ('lifted', 'lapsed') THEN now() END,
  CASE WHEN g % 30 = 1 AND s.state = 'in_force' THEN now() + interval '1 day' END, '', '', 1, {{first}} + (g * 61 + 3) % {{customers}}
FROM generate_series(1, {{alerts}} / 13) g
CROSS JOIN LATERAL (SELECT CASE WHEN g % 5 = 1 THEN 'in_force' WHEN g % 5 = 2 THEN 'lapsed' ELSE 'lifted' END AS state) s"""
INQUIRIES = f"""
INSERT INTO risk_inquiry (reference, questions, asked_at, due_at, state, answer, answered_at, asked_by_id, asked_of_id, case_id,
  customer_id)
SELECT {_ref("Q", "k.id::int + 1048576", 8)}, '资金来源？', k.opened_at, k.due_at,
  CASE WHEN k.id % 4 = 0 THEN 'asked' ELSE 'answered' END, '', NULL,
  k.officer_id, coalesce(c.manager_id, k.officer_id), k.id, c.id
FROM risk_case k JOIN customers_customer c ON c.id = k.customer_id WHERE k.id > 1000"""
REGISTER = f"""
INSERT INTO risk_largevaluerow (reference, bank_date, direction, currency_group, revision, total, threshold, due_on, state, exemption,
  exemption_reason, created_at, updated_at, customer_id, rule_id)
SELECT {_ref("L", "g::int + 1048576", 8)}, now()::date - (g % 90)::int, 'C', 'CNY', 1, 50000 + g, 50000, now()::date - (g % 90)::int + 7,
  CASE WHEN g % 90 < 4 THEN 'draft' ELSE 'reported' END, '', '', now(), now(), {{first}} + (g * 31) % {{customers}}, r.id
FROM generate_series(1, {{alerts}} / 4) g, (SELECT id FROM risk_rule WHERE code = 'large-cash') r"""
FIGURES = """
INSERT INTO customers_customerfigures (customer_id, accounts, assets_cny, last_transaction_at)
SELECT a.customer_id, count(*), sum(a.reported_balance), max(t.last) FROM products_account a
LEFT JOIN (SELECT customer_id, max(occurred_at) AS last FROM transactions_transaction GROUP BY 1) t USING (customer_id)
GROUP BY a.customer_id ON CONFLICT (customer_id) DO NOTHING"""
GRANTS = """
INSERT INTO customers_customergrant (content_object_id, user_id, permission_id, valid_from, valid_until, reason)
SELECT {first} + 401 + g * 4, u.id, p.id, now() - interval '1 day', CASE WHEN g % 2 = 0 THEN now() + interval '90 days' END, '代管'
FROM generate_series(0, {grants} - 1) g, staff_user u, auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
WHERE u.number = '81001' AND p.codename = 'view_customer' AND t.app_label = 'customers' AND t.model = 'customer'"""
MOVES = """
INSERT INTO customers_customermove (pgh_created_at, pgh_label, opening_branch_id, pgh_obj_id)
SELECT now() - interval '30 days', 'former_opening_branch', b.id, c.id FROM customers_customer c, staff_branch b
WHERE c.id % 100 = 0 AND b.code = '310001'"""
NOTICES = f"""
INSERT INTO notify_notice (reference, user_id, kind, key, subject, body, params, url_name, url_args, attachments, created_at, read_at,
  mail_state, mail_attempts, mail_next_at, mail_error)
SELECT {_ref("N", "g::int + 1048576", 12)}, u.id, 'alert.raised', 'bench:' || g, 'New alert', '', '{{{{}}}}', '', '[]', '[]',
  now() - g * interval '20 minutes', CASE WHEN g > 300 THEN now() END, 'sent', 1, now(), ''
FROM generate_series(1, 6000) g JOIN staff_user u ON u.number = (ARRAY['82001', '82003', '82002'])[1 + g % 3]"""
LINES = """
INSERT INTO log_event (uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action,
  result, target_type, target_ref, customer, reason, approver, data, body, mac)
SELECT gen_random_uuid(), now() - interval '180 days' + g * (interval '180 days' / {transactions}), u.id, u.number, u.name, 'staff',
  'relationship-manager', 'web', 'x', '10.0.0.1', md5(g::text), CASE WHEN g % 400 = 0 THEN 'security' ELSE 'operations' END,
  (ARRAY['customer.viewed', 'search.made', 'transaction.viewed', 'alert.viewed', 'staff.signed_in'])[1 + g % 5],
  CASE WHEN g % 500 = 0 THEN 'refused' ELSE 'done' END, 'customers.customer', c.reference, c.reference, '', '', '{{}}', '\\x00',
  decode(repeat('00', 32), 'hex')
FROM generate_series(1::bigint, {transactions}) g
JOIN staff_user u ON u.number = 'M' || lpad((1 + g % greatest({customers} / 200, 1))::text, 5, '0')
JOIN customers_customer c ON c.id = {first} + (g * 7919) % {customers} WHERE g % 2 = 0 ORDER BY g"""
STATEMENTS = (VERDICTS, CASES, ALERTS, HITS, ALERT_HITS, FREEZES, INQUIRIES, REGISTER, FIGURES, GRANTS, MOVES, NOTICES, LINES)
NUMBERED = ("customers_customer", "products_account", "risk_alert", "risk_case")
CLONED = """
INSERT INTO approvals_changerequest (reference, kind, target_type, target_id, target_ref, customer, summary, changes, shown, reason,
  shown_hash, asked_hash, base_version, state, requested_by_id, requested_by_number, requested_at, decided_by_id, decided_at,
  decision_reason, expires_at)
SELECT 'CR-' || translate(lpad(to_hex(g::int + 1048576), 8, '0'), '0123456789abcdef', '23456789ABCDEFGH'), kind, target_type, 10000 + g,
  target_ref, customer, summary, changes, shown, reason, shown_hash, asked_hash, base_version,
  CASE WHEN g <= 30 THEN 'proposed' ELSE 'applied' END, requested_by_id, requested_by_number, now() - g * interval '1 hour',
  CASE WHEN g > 30 THEN u.id END, CASE WHEN g > 30 THEN now() END, '', now() + interval '7 days'
FROM approvals_changerequest x, generate_series(1, 2000) g, staff_user u
WHERE u.number = '82002' AND x.id = (SELECT min(id) FROM approvals_changerequest)"""
NAMES = """
SELECT 'hot', reference FROM customers_customer WHERE id = {first}
UNION ALL SELECT 'name', name FROM customers_customer WHERE id = {first}
UNION ALL SELECT 'core_number', core_number FROM customers_customer WHERE id = {first}
UNION ALL SELECT 'pinyin', name_pinyin FROM customers_customer WHERE id = {first}
UNION ALL SELECT 'hot_account', reference FROM products_account WHERE id = {first}
UNION ALL (SELECT 'transaction', reference FROM transactions_transaction WHERE customer_id = {first} ORDER BY id DESC LIMIT 1)
UNION ALL (SELECT 'external', external_id FROM transactions_transaction WHERE customer_id = {first} ORDER BY id DESC LIMIT 1)
UNION ALL (SELECT 'transfer', transfer_id FROM transactions_transaction WHERE customer_id = {first} AND transfer_id <> ''
  ORDER BY id DESC LIMIT 1)
UNION ALL SELECT 'alert', reference FROM risk_alert WHERE id = 1001
UNION ALL (SELECT 'case', reference FROM risk_case WHERE id > 1000 AND state = 'open' ORDER BY id LIMIT 1)
UNION ALL (SELECT 'line', uid::text FROM log_event ORDER BY id DESC LIMIT 1)
UNION ALL (SELECT 'common', name FROM customers_customer GROUP BY name ORDER BY count(*) DESC LIMIT 1)"""
