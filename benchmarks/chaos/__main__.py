"""Kill -9 while transactions arrive: what is lost, what is doubled, what is half done, and is the end the same as without?

    python -m benchmarks.chaos [--transactions 100000] [--kills 200] [--broker-down 60] [--no-disk] [--seeded]

The same transactions are sent to the product twice, as `make run` starts it, each time on a copy of the same bank: calmly, then while
web, worker, beat, broker and database are killed, at named points too, the broker forgets everything and is silent for a while, and
the database's disk is full. Prints one JSON object; exit 1 when anything is lost, doubled, half-written or different.

With --seeded faults are built into the product one after the other, and the census has to find each: k of k.
"""

import argparse
import json
import sys
import time
from typing import Any

from benchmarks.chaos import census, plan, storm
from benchmarks.chaos.product import running, seed


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Run calm and storm, compare."""
    began = time.monotonic()
    with seed(plan.customers_for(options.transactions), max(options.kills, 1)) as base:
        sending = plan.make(base.accounts, base.probes, options.transactions)
        storm.say(f"{sending.size} transactions, {len(sending.files)} files, {len(sending.events)} events")
        result: dict[str, Any] = {"transactions": sending.size}
        with running(base, "calm") as product:
            at = time.monotonic()
            storm.run(product, sending, 0)
            calm = census.take(product)
            result["calm_s"] = round(time.monotonic() - at, 1)
        storm.say(f"calm: {result['calm_s']} s, half-written: {dict(calm['half-written'])}")
        with running(base, "storm", small_disk=options.disk) as product:
            at = time.monotonic()
            ran = storm.run(product, sending, options.kills, broker_down=options.broker_down)
            stormy = census.take(product)
            result["storm_s"] = round(time.monotonic() - at, 1)
            result |= ran.figures() | {"log": census.log_findings(product)}
            if options.disk and product.volume is None:
                result["disk_full"] = "left out: this machine does not let us mount a file system of our own"
    result |= census.differences(calm, stormy, sending.ids())
    result["counted"] = {name: counter.total() for name, counter in stormy.items()}
    return result | {"calm_half_written": dict(calm["half-written"]), "all_s": round(time.monotonic() - began, 1)}


def is_bad(result: dict[str, Any]) -> bool:
    """Return whether the promise was broken, or a point that was promised not hit."""
    broken = any(result[name] for name in ("lost", "doubled", "half_written", "different", "calm_half_written", "unclear_answers"))
    return broken or result["log"] != "clean"


def main() -> int:
    """Run, print the figures, judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--broker-down", type=float, default=60, help="seconds for which the broker does not answer; 0 leaves it out")
    parser.add_argument("--no-disk", dest="disk", action="store_false", help="leave the full disk out")
    parser.add_argument("--seeded", action="store_true", help="build faults in, one after the other, and count those found")
    options = parser.parse_args()
    if options.seeded:
        from benchmarks.chaos import seeded

        return seeded.main()
    result = measured(options)
    print(json.dumps(result, ensure_ascii=False, default=str))
    return 1 if is_bad(result) else 0


if __name__ == "__main__":
    sys.exit(main())
