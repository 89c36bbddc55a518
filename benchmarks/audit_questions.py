"""How long the auditor's questions take over a long log: two seconds at five million lines is the promise.

    python -m benchmarks.audit_questions --lines 5000000 --database postgresql://…

Fills `log_event` of a database *made for this* with made-up lines past the chain (as superuser, triggers off), analyses, asks each
question as the pages do (501 lines and the counts), and prints the slowest of five and the index that answered. Never point it at a
log that matters.
"""

import argparse
import statistics
import sys
import time

import psycopg

FILL = """
INSERT INTO log_event (uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action,
                       result, target_type, target_ref, customer, reason, approver, data, body, mac)
SELECT gen_random_uuid(), now() - (%(lines)s - n) * interval '6 seconds', NULL, (80000 + n %% 400)::text, 'name ' || n %% 400, 'staff',
       'relationship-manager', 'web', 's', '10.0.0.' || n %% 250, 'r-' || n / 3, CASE n %% 20 WHEN 0 THEN 'audit' ELSE 'operations' END,
       CASE n %% 500 WHEN 0 THEN 'export.asked' WHEN 1 THEN 'export.downloaded' ELSE 'page.viewed' END, 'done', 'customers.customer',
       'C-' || n %% 100000, 'C-' || n %% 100000, '', '', '{}', '\\x00', sha256('x')
  FROM generate_series(1, %(lines)s) AS n
"""
SHOWN = "id, at, actor_number, actor_name, action, result, target_type, target_ref, customer, reason"
LATELY = "at BETWEEN now() - interval '90 days' AND now()"
EXPORTS = "action IN ('list.exported', 'export.asked', 'export.made', 'export.downloaded', 'job.downloaded')"
QUESTIONS = {
    "who looked at this customer": f"customer = 'C-4711' AND {LATELY} AND action LIKE '%viewed'",
    "what did this person do": f"actor_number = '80042' AND {LATELY}",
    "the story of a request": "request_id = 'r-100000'",
    "who exported what": f"{EXPORTS} AND {LATELY}",
}


def main(arguments: list[str] | None = None) -> int:
    """Fill, ask, print; 1 when a question took longer than two seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--database", required=True, help="of a superuser; made for this and thrown away afterwards")
    options = parser.parse_args(arguments)
    slow = 0
    with psycopg.connect(options.database, autocommit=True) as session:
        session.execute("SET session_replication_role = replica")
        session.execute(FILL, {"lines": options.lines})
        session.execute("VACUUM ANALYZE log_event")
        for question, where in QUESTIONS.items():
            took = [_ask(session, where) for _time in range(5)]
            slow += max(took) > 2
            middle, most = statistics.median(took) * 1000, max(took) * 1000
            print(f"{question:32} median {middle:8.1f} ms, slowest {most:8.1f} ms  {_index(session, where)}")
    return 1 if slow else 0


def _ask(session: "psycopg.Connection[tuple[object, ...]]", where: str) -> float:
    begun = time.perf_counter()
    session.execute(f"SELECT {SHOWN} FROM log_event WHERE {where} ORDER BY at DESC, id DESC LIMIT 501".encode()).fetchall()
    session.execute(f"SELECT action, count(*) FROM log_event WHERE {where} GROUP BY 1 ORDER BY 2 DESC LIMIT 50".encode()).fetchall()
    return time.perf_counter() - begun


def _index(session: "psycopg.Connection[tuple[object, ...]]", where: str) -> str:
    plan = session.execute(f"EXPLAIN SELECT {SHOWN} FROM log_event WHERE {where} ORDER BY at DESC, id DESC LIMIT 501".encode()).fetchall()
    words = " ".join(str(line) for (line,) in plan).split()
    return ", ".join(sorted({word for word in words if word.startswith("log_event_")}))


if __name__ == "__main__":
    sys.exit(main())
