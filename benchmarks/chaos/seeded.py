"""Whether the census would notice: each fault is built in, a small storm is run, and its end is compared with the calm one."""

import json
import time

from benchmarks.chaos import census, plan, storm
from benchmarks.chaos.census import Census
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.product import Product, Seed, running, seed
from benchmarks.chaos.sabotage.faults import FAULTS, Fault

TRANSACTIONS = 500
SETTLE = 8
"""Nothing is written for so many seconds: what was on its way has arrived."""
PATIENCE = 45
"""Work that is owed after so many seconds counts as never done."""
SETTINGS = "benchmarks.chaos.sabotage.settings"


def main(names: list[str] | None = None) -> int:
    """Run each fault's storm; print what was found of each, and exit 1 when one was not."""
    chosen = names or list(FAULTS)
    with seed(plan.customers_for(TRANSACTIONS), 2) as base:
        sending = plan.make(base.accounts, base.probes, TRANSACTIONS)
        with running(base, "calm") as product:
            storm.run(product, sending, 0)
            calm = census.take(product)
            clean = census.log_findings(product)
        storm.say(f"calm: log {clean}, half-written {dict(calm['half-written'])}")
        found = {name: _found(base, sending, calm, name, FAULTS[name]) for name in chosen}
    caught = sum(bool(by) for by in found.values())
    print(json.dumps({"caught": caught, "of": len(found), "by": found}, ensure_ascii=False))
    return 0 if caught == len(found) else 1


def _found(base: Seed, sending: Plan, calm: Census, name: str, fault: Fault) -> list[str]:
    """Return what the census found of one fault."""
    began = time.monotonic()
    with running(base, "seeded", DJANGO_SETTINGS_MODULE=SETTINGS, CHAOS_FAULT=name) as product:
        stuck = _storm(product, sending, fault)
        stormy = census.take(product)
        log = census.log_findings(product)
    seen = census.differences(calm, stormy, sending.ids())
    by = [stuck] if stuck else []
    by += [f"{what}: {seen[what]}" for what in ("lost", "doubled", "half_written") if seen[what]]
    by += [f"different: {', '.join(seen['different'])}"] if seen["different"] else []
    by += [] if log == "clean" else [f"log: {log.splitlines()[-1][:120]}"]
    storm.say(f"{name}: {'; '.join(by)[:200] or 'NOT FOUND'} ({time.monotonic() - began:.0f} s)")
    return by


def _storm(product: Product, sending: Plan, fault: Fault) -> str:
    """Run the storm; a run that does not come to rest is a finding too."""
    if fault.sql:
        eye = product.eye()
        eye.ask(fault.sql)
        eye.close()
    aims: list[tuple[str, str]] = [(storm.victim_of(fault.point), fault.point)] if fault.point else []
    try:
        storm.run(product, sending, len(aims), aims=aims, patience=PATIENCE, settle=SETTLE, at_the_end=fault.point != storm.MID_FILE)
    except (TimeoutError, RuntimeError) as stuck:
        return str(stuck)[:200]
    return ""
