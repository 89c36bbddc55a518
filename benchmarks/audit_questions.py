"""How long the auditor's questions take over a long log: two seconds at five million lines is the promise.

    python -m benchmarks.audit_questions [--lines 5000000]

On servers of its own: a small bank, made-up lines past the chain (triggers off), analysed. Then an auditor opens each page of the questions
five times, over ninety days and over a year; the slowest counts. 1 is returned when one took longer than two seconds.
"""

import argparse
import statistics
import sys
import time
from datetime import timedelta

from benchmarks.world import Size, World, running

BANK = Size(accounts=500, history=5_000, days=30)
LIMIT_S = 2.0
TIMES = 5
# One line in a thousand is about one customer, one in four hundred by one person, one in two hundred and fifty an export.
FILL = """
INSERT INTO log_event (uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action,
                       result, target_type, target_ref, customer, reason, approver, data, body, mac)
SELECT gen_random_uuid(), now() - (%(lines)s - n) * interval '6 seconds', NULL, (80000 + n %% 400)::text, 'name ' || n %% 400, 'staff',
       'relationship-manager', 'web', 's', '10.0.0.' || n %% 250, 'r-' || n / 3, CASE n %% 20 WHEN 0 THEN 'audit' ELSE 'operations' END,
       CASE n %% 500 WHEN 0 THEN 'export.asked' WHEN 1 THEN 'export.downloaded' ELSE 'page.viewed' END, 'done', 'customers.customer',
       c.reference, c.reference, '', '', '{}', '\\x00', sha256('x')
  FROM generate_series(1, %(lines)s) AS n
 CROSS JOIN LATERAL (SELECT CASE n %% 1000 WHEN 7 THEN %(hot)s ELSE 'C-' || n %% 100000 END AS reference) c
"""


def measured(lines: int) -> dict[str, list[float]]:
    """Return the seconds of every asking, by question."""
    with running(BANK, keep=False) as world:
        from customers.models import Customer

        hot = Customer.objects.get_queryset().order_by("pk").values_list("reference", flat=True)[0]
        fill(world, lines, hot)
        return {name: [asked(path) for _time in range(TIMES)] for name, path in pages(hot, lines).items()}


def fill(world: World, lines: int, hot: str) -> None:
    """Write the lines."""
    with world.superuser() as session:
        session.execute("SET session_replication_role = replica")
        session.execute(FILL, {"lines": lines, "hot": hot})
        session.commit()
        session.autocommit = True
        session.execute("VACUUM ANALYZE log_event")


def pages(hot: str, lines: int) -> dict[str, str]:
    """Return the addresses of the questions."""
    from django.urls import reverse
    from django.utils import timezone

    now = timezone.localtime()
    spans = {"ninety days": timedelta(days=90), "a year": timedelta(days=365)}
    between = {name: f"since={now - span:%Y-%m-%dT%H:%M}&until={now:%Y-%m-%dT%H:%M}" for name, span in spans.items()}
    found = {"request": f"request_id=r-{lines // 6}", "rights": f"number=80001&moment={now:%Y-%m-%dT%H:%M}"}
    for span, asked_between in between.items():
        found[f"customer, {span}"] = f"customer={hot}&{asked_between}"
        found[f"person, {span}"] = f"number=80001&{asked_between}"
        found[f"exports, {span}"] = asked_between
    return {name: f"{reverse('audit:question', args=[name.partition(',')[0]])}?{query}" for name, query in found.items()}


def asked(path: str) -> float:
    """Open one page as an auditor."""
    from benchmarks.pages_asked import AUDITOR, Desk

    desk = Desk(AUDITOR)
    begun = time.perf_counter()
    answer = desk.client.get(path)
    took = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{path} was answered {answer.status_code}")
    return took


def main(arguments: list[str] | None = None) -> int:
    """Fill, ask, print; 1 when a question took longer than two seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000_000)
    found = measured(parser.parse_args(arguments).lines)
    for question, took in found.items():
        print(f"{question:24} median {statistics.median(took) * 1000:8.1f} ms, slowest {max(took) * 1000:8.1f} ms")
    return 1 if max(max(took) for took in found.values()) > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
