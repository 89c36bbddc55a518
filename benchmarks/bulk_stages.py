"""What each stage of the bulk path costs, in one process: parsing, sealing, storing, facts, consequences, the log.

    python -m benchmarks.bulk_stages [--accounts 5000] [--history 500000] [--sample 20000] [--hot 0]

Microseconds of processor time per transaction, of this process ("client") and of its database session ("server").
"""

import argparse
import json
import time
from typing import Any

from benchmarks.stages import COMMIT, Stages
from benchmarks.world import Fresh, Size, World, running

STAGES = {
    "transactions.importers:load": "read",
    "transactions.importers:read": "read",
    "transactions.importers:_File.parse": "parse",
    "transactions.importers:record": "record: rest",
    "transactions.services.recording:resolve": "resolve, fingerprint",
    "transactions.services.recording:hold": "hold",
    "transactions.services.recording:dated": "calendar, rates",
    "transactions.services.recording:decide": "freezes",
    "transactions.services.recording:_store": "seal, blind index, values",
    "transactions.services.recording:insert": "insert",
    "transactions.services.recording:_known": "known already",
    "transactions.services.recording:_late": "late",
    "transactions.services.recording:customers.update_figures": "customers' figures",
    "transactions.services.recording:_write_down": "log",
    "crm.log.services:record": "log",
    "crm.jobs.running:Run.advance": "progress",
    "risk.services.screening:judge": "judge: rest",
    "risk.services.screening:_claim": "judge: claim",
    "risk.services.judging:split": "judge: plan",
    "risk.services.judging:Bench.judge": "judge: facts, rules, assessment",
    "risk.services.screening:consequences.follow": "judge: consequences",
    "risk.services.screening:register.refresh": "judge: register",
    "risk.services.screening:_step": "judge: status",
    "risk.services.screening:_owe": "judge: owe again",
    "risk.services.screening:_write_down": "judge: log",
}
LOG = ("log", "judge: log")
PIECE = 1_000


def taken_in(content: bytes, rows: int) -> tuple[Any, Any]:
    """Return an uploaded file as if it had been checked (checking stores nothing and is not part of the path), and who uploaded it."""
    from crm.access.middleware import staff_actor
    from crm.staff.models import User
    from transactions.models import FileImport, Source
    from transactions.services import imports

    actor = staff_actor(User.objects.get(number="84001"), origin="task")
    source = Source.objects.get(code="core")
    row = imports.take_in(actor=actor, source=source, file_name="core.csv", pieces=[content])
    FileImport.objects.filter(pk=row.pk).update(state="checked", rows_total=rows)
    row.refresh_from_db()
    return row, actor


def walked(fresh: Fresh) -> tuple[Stages, float, float]:
    """Load and judge in this process; the stages, and the processor microseconds per movement of recording and of judging."""
    from crm.jobs.queue import captured
    from risk.services import screening
    from transactions import importers
    from transactions.models import Transaction
    from transactions.services import imports

    file, actor = taken_in(fresh.csv(), fresh.count)
    with captured():
        file = imports.release(actor=actor, row=file, mode="skip_bad_rows")
        with Stages(STAGES) as stages:
            importers.load_file(actor=actor, job_id=file.job_id or 0)
            recorded = stages.total()
            while ids := list(Transaction.objects.owed().values_list("pk", flat=True)[:PIECE]):
                screening.judge(ids=ids)
    return stages, recorded / fresh.count / 1e3, (stages.total() - recorded) / fresh.count / 1e3


def measured(world: World, *, sample: int, hot: int) -> dict[str, Any]:
    """Return the stages of a file like the whole one, the costs of others, the share of the log, and how quickly it is verified."""
    count_functions(world)
    stages, _recorded, _judged = walked(world.draw(sample, hot=hot))
    table = stages.table(sample)
    result: dict[str, Any] = {"stages_us": table, "audit_share": round(_log_us(world, table, sample) / sum(table["all"].values()), 3)}
    result |= costs(world, sample) | slope(world, max(sample // 4, 500))
    return result | verified()


def costs(world: World, sample: int) -> dict[str, Any]:
    """Return what a movement costs where no account is hot."""
    _stages, recorded, judged = walked(world.draw(sample))
    return {"cold": {"recorded_us": round(recorded, 1), "judged_us": round(judged, 1)}}


def slope(world: World, sample: int) -> dict[str, Any]:
    """Return what 100 more rows of history within reach add to a judgement: ordinary accounts against merchants."""
    from risk.facts.spans import DAY
    from risk.services import rule_sets

    _rule_set, program = rule_sets.current()
    days = min(max(program.reach("account"), program.reach("customer")) / DAY, world.size.days)
    each = world.size.history * days / world.size.days
    within = {
        "ordinary": 0.8 * each / world.size.accounts,
        "merchants": 0.8 * each / world.size.accounts + 0.2 * each / world.size.merchants,
    }
    judged = {who: walked(world.draw(sample, who=who))[2] for who in within}
    grown = (judged["merchants"] - judged["ordinary"]) / (within["merchants"] - within["ordinary"]) * 100
    return {
        "judged_us_by_rows_within_reach": {round(within[who]): round(judged[who], 1) for who in within},
        "slope_us_per_100_rows": round(grown, 1),
    }


def verified() -> dict[str, Any]:
    """Return how many stored lines of the log (single ones and rows of batches) are verified a second."""
    from crm.log.verification import verify_log

    began = time.perf_counter()
    report = verify_log()
    seconds = time.perf_counter() - began
    if not report.holds:
        raise RuntimeError([finding.sentence for finding in report.findings[:5]])
    return {"verified_lines": report.lines + report.batch_rows, "verified_per_s": round((report.lines + report.batch_rows) / seconds)}


def count_functions(world: World) -> None:
    """Have the server count what its functions cost, from the next connection on: sealing the log is one, at the commit."""
    from django.db import connection

    with world.superuser() as session:
        session.execute("ALTER DATABASE crm SET track_functions = 'all'")
    connection.close()


def _log_us(world: World, table: dict[str, dict[str, float]], rows: int) -> float:
    from django.db import connection

    connection.close()  # what a session counted is told when it ends at the latest
    time.sleep(1.5)
    with world.superuser() as session:
        row = session.execute("SELECT total_time FROM pg_stat_user_functions WHERE funcname = 'log_seal_lines'").fetchone()
    sealing = float(row[0]) * 1e3 / rows if row else 0.0
    table[COMMIT]["of which sealing the log"] = round(sealing, 2)
    return sealing + sum(sum(table.get(stage, {}).values()) for stage in LOG)


def main() -> None:
    """Print the stages and the cost of a movement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("accounts", 5_000), ("history", 500_000), ("sample", 20_000), ("hot", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with running(Size(options.accounts, options.history)) as world:
        stages, _recorded, _judged = walked(world.draw(options.sample, hot=options.hot))
        print(json.dumps({"stages_us": stages.table(options.sample)} | costs(world, options.sample), ensure_ascii=False))


if __name__ == "__main__":
    main()
