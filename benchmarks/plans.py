"""Both plans on the demo bank: every fact that window frames can compute, by sub-selects per row and by frames, for all its rows.

    python -m benchmarks.plans [--rows 200000] [--scale 2] [--batch 20000]

Prints one JSON object; ends with status 1 when a single cell differs. Frames are forced wherever they are exact (the row counts, no
reversal among its customer's past), so for more rows than the planner would choose them for; the rest is named as not comparable.
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from crm.operations.testing import Run

RUN = Run()
SPANS: list[dict[str, Any]] = [
    {"hours": 1}, {"hours": 24}, {"days": 7}, {"days": 30}, {"days": 90}, {"bank_days": 1}, {"business_days": 1}, {"business_days": 10},
    {"days_before": 30}, {"days": 7, "ago": {"days": 7}},
]  # fmt: skip
FORMULAS = ("count", "sum", "mean", "stddev", "max", "min")


def main() -> None:
    """Build the bank, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rows", 200_000), ("scale", 2), ("batch", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    RUN.enter()
    try:
        RUN.start()
        RUN.renew_database()
        os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
        import django

        django.setup()
        found = compared(options.rows, options.scale, options.batch)
    finally:
        RUN.leave()
    print(json.dumps(found))
    sys.exit(bool(found["differing_cells"]))


def compared(rows: int, scale: int, batch: int) -> dict[str, Any]:
    """Return the figures: seconds, rows, cells, and which facts differ, if any."""
    from risk.engine.planner import split
    from transactions.models import Transaction

    began = time.perf_counter()
    load(scale)
    loaded = time.perf_counter() - began
    ids = list(Transaction.objects.order_by("customer_id", "event_order").values_list("pk", flat=True)[:rows])
    exact = {pk for share in split(ids, frames_from=1) if share.plan == "frames" for pk in share.ids}
    chosen = sum(len(share.ids) for share in split(ids) if share.plan == "frames")
    framed = [pk for pk in ids if pk in exact]
    seconds = dict.fromkeys(("frames", "rows"), 0.0)
    wrong: Counter[str] = Counter()
    facts = in_frames()
    for start in range(0, len(framed), batch):
        for name in differences(facts, framed[start : start + batch], seconds):
            wrong[name] += 1
    return {
        "loaded_s": round(loaded, 1),
        "transactions": len(ids),
        "compared_rows": len(framed),
        "chosen_by_planner": chosen,
        "not_comparable": len(ids) - len(framed),
        "facts": len(facts),
        "cells": len(framed) * len(facts),
        "differing_cells": sum(wrong.values()),
        "differing_facts": wrong.most_common(5),
        **{f"{plan}_s": round(spent, 1) for plan, spent in seconds.items()},
    }


def load(scale: int) -> None:
    """Fill the database with the demo bank, its history and its last 30 days recorded and not judged."""
    from crm.jobs.queue import captured
    from demo.loading import bank
    from demo.loading.movements import as_row, record_history

    world = bank.world_of(None, scale)
    bank._write_parties(world, "not-for-signing-in-1")
    with captured():
        for start in range(0, len(world.transactions), 20_000):
            part = world.transactions[start : start + 20_000]
            record_history([as_row(entry, bank.CORE, bank._first_status(entry)) for entry in part], lambda _step, _count: None)
        bank._take_other_ends(world.transactions)
    with RUN.postgres.connect(RUN.database) as session:
        session.autocommit = True
        session.execute("VACUUM ANALYZE")


def in_frames() -> tuple[Any, ...]:
    """Return the facts of the shipped rules and a grid of all formulas, spans and keys, as far as frames can compute them."""
    from risk.facts.declarations import fact_of
    from risk.rules.catalogue import shipped
    from risk.rules.definition import definition_of

    found = {}
    for rule in shipped():
        for fact in definition_of(rule.definition, rule.parameters).facts.values():
            found[fact.identity] = fact
    keys = itertools.cycle([("account", ["direction"]), ("customer", []), ("account", []), ("customer", ["currency_group"])])
    for (span, formula), (key, same) in zip(itertools.product(SPANS, FORMULAS), keys, strict=False):
        past = "days_before" in span or "ago" in span or formula in ("stddev", "max", "min")
        data: dict[str, Any] = {"kind": "window", "key": key, "formula": formula, "window": span, "current": not past}
        data |= {} if formula == "count" else {"of": "amount_cny"}
        fact = fact_of({**data, "same": same} if same else data)
        found[fact.identity] = fact
    return tuple(found[identity] for identity in sorted(found) if found[identity].in_frames)


def differences(facts: Sequence[Any], ids: list[int], seconds: dict[str, float]) -> Iterator[str]:
    """Yield the identity of the fact of every cell in which the plans differ."""
    found = {}
    for plan in ("frames", "rows"):
        began = time.perf_counter()
        found[plan] = values(facts, plan, ids)
        seconds[plan] += time.perf_counter() - began
    if found["rows"].keys() != found["frames"].keys() or len(found["rows"]) != len(ids):
        yield "rows missing"
        return
    for pk, by_rows in found["rows"].items():
        if by_rows != found["frames"][pk]:
            for fact, one, other in zip(facts, by_rows.split("|"), found["frames"][pk].split("|"), strict=True):
                if one != other:
                    yield fact.identity


def values(facts: Sequence[Any], plan: Any, ids: list[int]) -> dict[int, str]:
    """Return what a plan says: all facts of each row, written out with every place."""
    from django.db import transaction

    from risk.engine.binding import Binder
    from risk.engine.compiler import compile_facts
    from risk.engine.cursor import run, settle

    binder = Binder()
    tables = compile_facts(tuple(facts), plan, binder)
    columns = ", ".join(f"coalesce(f{place}::text, '-')" for place in range(len(facts)))
    with transaction.atomic():
        settle(0)
        query = "WITH {} SELECT id, array_to_string(ARRAY[{}], '|') FROM facts"
        rows = run(query.format(tables, columns), {**binder.values, "ids": ids}, prepare=False)
    return dict(rows)


if __name__ == "__main__":
    main()
