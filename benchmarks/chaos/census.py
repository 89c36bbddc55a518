"""What stands in every table at the end, without what is random: references, moments of processing, who was quicker.

Written in SQL apart from the product's models, so that a wrong query of theirs cannot hide a wrong row.
"""

import re
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from psycopg import sql

from benchmarks.chaos.product import Eye, Product, clean_environment
from crm.operations.first_steps import ROOT

Census = dict[str, Counter[Any]]

UNFROZEN = "NOT EXISTS (SELECT FROM products_freeze z WHERE z.customer_id = t.customer_id)"
"""Where a freeze falls, it depends on who was quicker whether a debit was judged before or after it; the latest verdict does not."""

STORM = 20
"""More alerts of a rule raised at once are told in one sentence; only of such a sitting the sentence stands for a notice."""

QUESTIONS = {
    "transactions": """
        SELECT s.code, t.external_id, a.reference, t.direction, t.amount::text, t.amount_cny::text, t.occurred_at::text, t.status,
               t.refusal, t.screening, (t.refused_by_id IS NOT NULL)::text, t.owed_attempts
          FROM transactions_transaction t JOIN transactions_source s ON s.id = t.source_id
          JOIN products_account a ON a.id = t.account_id""",
    "verdicts": """
        SELECT DISTINCT ON (t.id) t.external_id, a.label, a.points, a.actions::text, a.exits::text, a.facts::text
          FROM risk_assessment a JOIN transactions_transaction t ON t.id = a.transaction_id ORDER BY t.id, a.revision DESC""",
    "first verdicts": """
        SELECT t.external_id, a.revision, a.label, a.points, a.facts::text FROM risk_assessment a
          JOIN transactions_transaction t ON t.id = a.transaction_id WHERE a.revision = 1 AND UNFROZEN""",
    "revisions": """
        SELECT t.external_id, count(*) FROM risk_assessment a JOIN transactions_transaction t ON t.id = a.transaction_id
         WHERE UNFROZEN GROUP BY 1""",
    "hits": """
        SELECT t.external_id, r.code, h.band, h.shadow, h.supported, count(*) FROM risk_hit h
          JOIN transactions_transaction t ON t.id = h.transaction_id JOIN risk_ruleversion v ON v.id = h.rule_version_id
          JOIN risk_rule r ON r.id = v.rule_id WHERE UNFROZEN GROUP BY 1, 2, 3, 4, 5""",
    "alerts": """
        SELECT c.core_number, a.reference, r.code, w.band, w.state, w.supported, w.hits, w.amount_at_risk::text, w.first_hit_at::text,
               w.last_hit_at::text FROM risk_alert w JOIN customers_customer c ON c.id = w.customer_id
          JOIN risk_rule r ON r.id = w.rule_id LEFT JOIN products_account a ON a.id = w.account_id""",
    "alerts joined": """
        SELECT c.core_number, r.code, t.external_id FROM risk_alerthit j JOIN risk_alert w ON w.id = j.alert_id
          JOIN customers_customer c ON c.id = w.customer_id JOIN risk_rule r ON r.id = w.rule_id
          JOIN transactions_transaction t ON t.id = j.transaction_id""",
    "freezes": """
        SELECT a.reference, f.kind, f.authority, f.state, t.external_id FROM products_freeze f
          LEFT JOIN products_account a ON a.id = f.account_id LEFT JOIN transactions_transaction t ON t.reference = f.origin_reference""",
    "instructions": """
        SELECT a.reference, i.act, i.state, i.telling FROM products_coreinstruction i JOIN products_freeze f ON f.id = i.freeze_id
          LEFT JOIN products_account a ON a.id = f.account_id""",
    "register": """
        SELECT c.core_number, r.code, w.bank_date::text, w.direction, w.currency_group, w.total::text, w.state, w.revision,
               (SELECT count(*) FROM risk_largevaluerow_transactions p WHERE p.largevaluerow_id = w.id)
          FROM risk_largevaluerow w JOIN customers_customer c ON c.id = w.customer_id JOIN risk_rule r ON r.id = w.rule_id""",
    "status events": """
        SELECT t.external_id, array_agg((e.status, e.external_id)::text ORDER BY e.id)::text FROM transactions_statusevent e
          JOIN transactions_transaction t ON t.id = e.transaction_id GROUP BY 1""",
    "told of alerts": """
        WITH raised AS (SELECT ref, event_id FROM log_leaf UNION ALL SELECT target_ref, id FROM log_event WHERE NOT data ? 'batch'),
        sitting AS (SELECT w.id, count(*) OVER (PARTITION BY w.rule_id, e.id) AS size FROM risk_alert w
          JOIN raised l ON l.ref = w.reference JOIN log_event e ON e.id = l.event_id AND e.action = 'alert.raised')
        SELECT u.number, c.core_number, r.code, count(DISTINCT n.id) + CASE WHEN count(n.id) = 0 AND max(g.size) > STORM AND EXISTS (
                 SELECT FROM notify_notice s WHERE s.user_id = u.id AND s.kind = 'alert.storm' AND s.key LIKE 'storm:' || r.code || ':%'
                    AND abs(extract(epoch FROM s.created_at - w.created_at)) < 60) THEN 1 ELSE 0 END
          FROM risk_alert w JOIN risk_rule r ON r.id = w.rule_id JOIN customers_customer c ON c.id = w.customer_id
          LEFT JOIN sitting g ON g.id = w.id
         CROSS JOIN (SELECT DISTINCT user_id AS id FROM notify_notice WHERE kind LIKE 'alert.%') told JOIN staff_user u ON u.id = told.id
          LEFT JOIN notify_notice n ON n.user_id = u.id AND n.key = 'alert:' || w.reference
         GROUP BY u.id, w.id, r.code, c.core_number""",
    "other notices": """
        SELECT u.number, n.kind, coalesce(a.reference, '') FROM notify_notice n JOIN staff_user u ON u.id = n.user_id
          LEFT JOIN products_freeze f ON f.reference = n.params ->> 'freeze' LEFT JOIN products_account a ON a.id = f.account_id
         WHERE n.kind NOT LIKE 'alarm.%' AND n.kind NOT LIKE 'alert.%'
           AND n.kind NOT IN ('risk.judging_delayed', 'audit.anchor')""",
    "files": """
        SELECT f.file_name, f.state, f.mode, f.file_digest, f.rows_total, f.rows_done, f.rows_new, f.rows_same, f.rows_bad, f.rows_refused
          FROM transactions_fileimport f""",
    "jobs": "SELECT kind, state, title, result::text FROM jobs_job WHERE kind LIKE 'transactions.%'",
    "figures": """
        SELECT c.core_number, g.accounts, g.assets_cny::text, g.last_transaction_at::text FROM customers_customerfigures g
          JOIN customers_customer c ON c.id = g.customer_id""",
    "recorded in the log": """
        SELECT t.external_id, e.action, count(*) FROM transactions_transaction t
          JOIN (SELECT ref, event_id FROM log_leaf UNION ALL
                SELECT target_ref, id FROM log_event WHERE NOT data ? 'batch') l ON l.ref = t.reference
          JOIN log_event e ON e.id = l.event_id
         WHERE e.action IN ('transaction.recorded', 'transaction.refused', 'transaction.status_changed', 'transaction.completed_frozen')
         GROUP BY 1, 2""",
    "verdicts in the log": """
        SELECT t.external_id, count(*) FROM transactions_transaction t
          JOIN (SELECT ref, event_id FROM log_leaf UNION ALL
                SELECT target_ref, id FROM log_event WHERE NOT data ? 'batch' AND (data ->> 'unchanged') = '0') l ON l.ref = t.reference
          JOIN log_event e ON e.id = l.event_id WHERE e.action = 'transaction.judged' AND UNFROZEN GROUP BY 1""",
    "alerts in the log": """
        SELECT c.core_number, r.code, count(e.id) FROM risk_alert w JOIN customers_customer c ON c.id = w.customer_id
          JOIN risk_rule r ON r.id = w.rule_id
          LEFT JOIN (SELECT ref, event_id FROM log_leaf UNION ALL SELECT target_ref, id FROM log_event WHERE NOT data ? 'batch') l
                 ON l.ref = w.reference LEFT JOIN log_event e ON e.id = l.event_id AND e.action = 'alert.raised' GROUP BY w.id, 1, 2""",
    "log lines": "SELECT action, result, count(*) FROM log_event GROUP BY 1, 2",
}

WEATHER = {
    "transaction.recorded": "one line for a request or a piece; its rows are compared one by one",
    "transaction.refused": "likewise",
    "transaction.judged": "one line for a sitting; its verdicts are compared one by one",
    "alert.raised": "one line for a sitting; its alerts are compared one by one",
    "large_value.refreshed": "one line for a sitting that changed a sum; the rows are compared",
    "core.told": "written before each attempt: a worker that dies before the answer tells the core again, which knows the key",
    "task.failed": "a task that met a dead database; the row still owed",
    "access.session_ended": "how long it took",
    "audit.anchored": "every five minutes",
    "log.verified": "once a day by the clock, in whichever run that falls; both logs are verified at the end",
    "transaction.not_judged": "put off while the disk was full; compared as attempts and verdicts",
    "judging.delayed": "a minute of judging lost to kills on a slow machine: officers are told, as they should be",
    "judging.caught_up": "likewise",
    "page.viewed": "the clerk opens the page of the account or file again where an answer was lost",
    "factors.refused": "a code that grew old on its way; the clerk sends the next one",
    "staff.signed_in": "the clerk signs in again where an answer was lost",
}
"""Actions whose number of lines depends on the weather, each with the reason; all others must be equal."""

BROKEN = {
    "a verdict is owed": "SELECT count(*) FROM transactions_transaction WHERE screening = 'owed'",
    "judged without a verdict": """SELECT count(*) FROM transactions_transaction t WHERE screening = 'judged'
        AND NOT EXISTS (SELECT FROM risk_assessment a WHERE a.transaction_id = t.id)""",
    "judged twice as known": """SELECT count(*) FROM
        (SELECT FROM risk_assessment WHERE revision = 1 GROUP BY transaction_id HAVING count(*) > 1) twice""",
    "stored without a first step": """SELECT count(*) FROM transactions_transaction t
        WHERE NOT EXISTS (SELECT FROM transactions_statusevent e WHERE e.transaction_id = t.id)""",
    "status without its step": """SELECT count(*) FROM transactions_transaction t WHERE t.status IS DISTINCT FROM
        (SELECT e.status FROM transactions_statusevent e WHERE e.transaction_id = t.id ORDER BY e.id DESC LIMIT 1)""",
    "an alert without hits": "SELECT count(*) FROM risk_alert w WHERE NOT EXISTS (SELECT FROM risk_alerthit j WHERE j.alert_id = w.id)",
    "a freeze of which the core was not told": """SELECT count(*) FROM products_freeze f
        WHERE NOT EXISTS (SELECT FROM products_coreinstruction i WHERE i.freeze_id = f.id AND i.state <> 'owed')""",
    "a mail is owed": "SELECT count(*) FROM notify_notice WHERE mail_state IN ('owed', 'failed')",
    "a job is open": "SELECT count(*) FROM jobs_job WHERE state IN ('waiting', 'running')",
    "a file in between": "SELECT count(*) FROM transactions_fileimport WHERE state NOT IN ('done', 'rejected')",
    "a log line without its seal": "SELECT count(*) FROM log_event e WHERE NOT EXISTS (SELECT FROM log_seal s WHERE s.event_id = e.id)",
    "a batch line without its rows": """SELECT count(*) FROM log_event e WHERE data ? 'batch'
        AND (data #>> '{batch,leaves}')::int <> (SELECT count(*) FROM log_leaf l WHERE l.event_id = e.id)""",
    "a transaction left open": "SELECT count(*) FROM pg_prepared_xacts",
}
"""What may never be: the half of something."""

LOST_AND_DOUBLED = "SELECT external_id, count(*) FROM transactions_transaction GROUP BY 1"


def take(product: Product) -> Census:
    """Return the census of a product at rest."""
    eye = product.eye()
    found: Census = {name: Counter(eye.ask(worded(question))) for name, question in QUESTIONS.items()}
    found["log lines"] = Counter({row: n for row, n in found["log lines"].items() if row[0] not in WEATHER})
    found["history"] = Counter(
        {name: eye.number(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))) for name in _histories(eye)}
    )
    found["ids"] = Counter(dict(eye.ask(LOST_AND_DOUBLED)))
    found["half-written"] = Counter({name: n for name, question in BROKEN.items() if (n := eye.number(question))})
    found["half-written"] += _uploads(product, eye) + _mails(product, eye)
    found["told to the core"] = _books(product, eye)
    found["mails"] = _sent(product, eye)
    eye.close()
    return found


def worded(question: str) -> str:
    """Return a question with the words it shares with others put in."""
    return question.replace("UNFROZEN", UNFROZEN).replace("> STORM", f"> {STORM}")


def _histories(eye: Eye) -> list[str]:
    names = [name for (name,) in eye.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE '%history'")]
    return sorted(names)


def _uploads(product: Product, eye: Eye) -> Counter[str]:
    """Sealed files that no row knows, or rows whose file is gone."""
    folder = product.home.path / "files" / "imports"
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    known = {name for (name,) in eye.ask("SELECT stored_as FROM transactions_fileimport WHERE removed_at IS NULL")}
    # An upload that died between its bytes and its row leaves bytes that nobody knows; a sweep removes them after a day.
    return Counter({"a file's bytes are gone": len(known - there)} if known - there else {})


def _mail_files(product: Product) -> list[Path]:
    return sorted((product.home.path / "mail").glob("*")) if (product.home.path / "mail").exists() else []


def _mails(product: Product, eye: Eye) -> Counter[str]:
    """Mails cut short, sent twice, sent and not known, known as sent and not there."""
    texts = [path.read_text(errors="replace") for path in _mail_files(product)]
    cut = sum(not text.rstrip().endswith("-" * 79) for text in texts)
    ids = Counter(number for text in texts for number in re.findall(r"^Message-ID: <(N-\w+)@", text, re.MULTILINE))
    sent = {reference for (reference,) in eye.ask("SELECT reference FROM notify_notice WHERE mail_state = 'sent'")}
    found = {
        "a mail cut short": cut,
        "a mail sent twice": sum(n > 1 for n in ids.values()),
        "a mail said to be sent": len(sent - set(ids)),
        "a mail nobody knows of": len(set(ids) - sent),
    }
    return Counter({name: n for name, n in found.items() if n})


def _sent(product: Product, eye: Eye) -> Counter[Any]:
    """Mails by their reader and what they are about, those about alerts counted with their storm's sentence as notices are."""
    rows = eye.ask("SELECT n.reference, u.number, n.kind FROM notify_notice n JOIN staff_user u ON u.id = n.user_id")
    kinds = {reference: (number, kind) for reference, number, kind in rows}
    texts = (path.read_text(errors="replace") for path in _mail_files(product))
    found = Counter(kinds.get(number) for text in texts for number in re.findall(r"^Message-ID: <(N-\w+)@", text, re.MULTILINE))
    return Counter(
        {
            key: n
            for key, n in found.items()
            if key is None or not key[1].startswith(("alert.", "alarm.", "risk.judging_delayed", "audit.anchor"))
        }
    )


def _books(product: Product, eye: Eye) -> Counter[Any]:
    """What the core itself has in its books."""
    path = product.home.path / "demo-core.sqlite3"
    if not path.exists():
        return Counter()
    with sqlite3.connect(path) as books:
        rows = books.execute("SELECT reference, kind, stands FROM freeze").fetchall()
    accounts = dict(eye.ask("SELECT f.reference, a.reference FROM products_freeze f JOIN products_account a ON a.id = f.account_id"))
    return Counter((accounts.get(reference), kind, stands) for reference, kind, stands in rows)


def differences(calm: Census, storm: Census, wanted: set[str]) -> dict[str, Any]:
    """Say what was lost, doubled or left half done in the storm, and what else came out differently."""
    different = {name: _difference(calm[name], storm[name]) for name in calm if name != "half-written" and calm[name] != storm[name]}
    return {
        "lost": len(wanted - set(storm["ids"])),
        "doubled": sum(n > 1 for n in storm["ids"].values()),
        "half_written": dict(storm["half-written"]),
        "different": different,
    }


def _difference(calm: Counter[Any], storm: Counter[Any]) -> dict[str, Any]:
    missing, more = calm - storm, storm - calm
    return {
        "only_calm": [missing.total(), str(missing.most_common(2))[:500]],
        "only_storm": [more.total(), str(more.most_common(2))[:500]],
    }


def log_findings(product: Product) -> str:
    """Return what the verifier of the audit log says: "clean", or its sentences."""
    command = [sys.executable, "manage.py", "verify_audit", "--silent-line"]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(product.home), capture_output=True, text=True, check=False)
    return "clean" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-600:]
