"""Several people and channels on the same rows at once: does each promise hold in every round, and is every deadlock dealt with?

    python -m benchmarks.concurrency [--threads 16] [--rounds 1000] [--contest "claim next"]

A PostgreSQL server of its own, the real services, a database session per thread. Prints one JSON object; exit 1 when a promise was broken,
an act was answered with anything but an outcome or a refusal in words, or the log does not verify.
"""

import argparse
import json
import os
import sys
import time
from typing import Any

from benchmarks.small_bank import RUN, without_witness


def main() -> int:
    """Run the contests, print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--contest", action="append", default=[])
    options = parser.parse_args()
    RUN.enter()
    try:
        RUN.start()
        RUN.renew_database()
        without_witness()
        os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
        import django

        django.setup()
        result = measured(options.threads, options.rounds, options.contest)
    finally:
        RUN.leave()
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["sound"] else 1


def measured(threads: int, rounds: int, wanted: list[str]) -> dict[str, Any]:
    """Return what each contest answered and broke."""
    from benchmarks.arena import Arena
    from benchmarks.bouts import build
    from benchmarks.contests import CONTESTS
    from crm.log.verification import verify_log
    from crm.tests.personas import build_bank

    world, arena = build(build_bank(), threads), Arena(threads)
    result: dict[str, Any] = {"threads": threads, "rounds": rounds, "contests": {}}
    try:
        for name in wanted or CONTESTS:
            contest, began, before = CONTESTS[name](world), time.perf_counter(), deadlocks()
            outcomes = contest.run(arena, rounds)
            result["contests"][name] = {
                "promise": contest.promise,
                "answers": dict(sorted(outcomes.answers.items())),
                "broken_promises": len(contest.wrong),
                "unresolved": len(outcomes.broken),
                "deadlocks": deadlocks() - before,
                "first": (contest.wrong + outcomes.broken)[:5],
                "seconds": round(time.perf_counter() - began, 1),
            }
            print(json.dumps({name: result["contests"][name]}, ensure_ascii=False), file=sys.stderr, flush=True)
    finally:
        arena.close()
    report = verify_log()
    found = [finding.sentence for finding in report.findings]
    result |= {"log": found[:5] or "clean", "log_lines": report.lines}
    result["sound"] = not found and not any(one["broken_promises"] or one["unresolved"] for one in result["contests"].values())
    return result


def deadlocks() -> int:
    """Return how many deadlocks the server has broken up so far in this database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
