"""A back-test as corrected over a generated bank: all live rules by frames, and the per-row plan beside it on a sample of its customers.

    python -m benchmarks.backtest [--history 1750000] [--accounts 17500] [--sample 400]

Prints one JSON object; both plans run on the same server in one run.
"""

import argparse
import json
import time
from datetime import date
from typing import Any

from benchmarks.world import Size, running


def main() -> None:
    """Build the world, run, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("history", 1_750_000), ("accounts", 17_500), ("sample", 400)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(measured(vars(parser.parse_args()))))


def measured(options: dict[str, Any]) -> dict[str, Any]:
    """Return the figures for ``history`` transactions on ``accounts`` accounts, and ``sample`` customers by the other plan."""
    history, accounts = int(options.get("history", 1_750_000)), int(options.get("accounts", 17_500))
    with running(Size(accounts, history)):
        return _measured(int(options.get("sample", 400)))


def _measured(sample: int) -> dict[str, Any]:
    from customers.models import Customer
    from risk.services import trials

    trial = trials.trial_of(trials.live_versions(), known=False)
    period = (date(2000, 1, 1), date(2100, 1, 1))
    seconds, judged, hits = _timed(lambda: trials.run(trial, *period))
    some = list(Customer.objects.order_by("pk").values_list("pk", flat=True)[sample : 2 * sample])
    by_rows = _timed(lambda: trials.run(trial, *period, customers=some, frames_from=10**9))
    by_frames = _timed(lambda: trials.run(trial, *period, customers=some))
    return {
        "transactions": judged,
        "rules": len(trial.tried),
        "facts": len(trial.program.facts),
        "hits": hits,
        "seconds": round(seconds, 2),
        "per_s": round(judged / seconds),
        "sample": by_rows[1],
        "sample_frames_per_s": round(by_frames[1] / by_frames[0]),
        "sample_rows_per_s": round(by_rows[1] / by_rows[0]),
        "frames_over_rows": round(by_rows[0] / by_frames[0], 2),
        "same_hits": by_rows[2] == by_frames[2],
    }


def _timed(work: Any) -> tuple[float, int, int]:
    began = time.perf_counter()
    found = list(work())
    return time.perf_counter() - began, sum(chunk.judged for chunk in found), sum(len(chunk.rows) for chunk in found)


if __name__ == "__main__":
    main()
