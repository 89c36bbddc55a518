"""`manage.py explain_rules`: how the engine computes the rules, which plan and index, at what cost, and why."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from crm.access.actor import SYSTEM
from risk.engine.explaining import LOOK_UP, Measured
from risk.engine.planner import FRAMES_FROM
from risk.services.explaining import ChoiceShown, Explained, FactShown, NotExplained, RuleShown, explain

MOST = 50_000
WHY = {
    "many": f"{FRAMES_FROM} rows of the customer or more, all can be framed: frames",
    "few": f"fewer than {FRAMES_FROM} rows of the customer: a look per row is cheaper",
    "not_counted": "the row itself does not count in windows (refused, failed …): per row",
    "reversal": "a reversal among the customer's past, which counts for some moments only: per row",
}
SHARED_SHOWN = 6


class Command(BaseCommand):
    """Judges without writing; one line in the log says that somebody looked."""

    help = "Show for each running rule its facts, the plan and index that compute them, the measured cost, and the planner's choice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which rules, on which transactions."""
        parser.add_argument(
            "--rule", action="append", default=[], metavar="CODE", help="show this live or shadow rule only; may be repeated"
        )
        parser.add_argument("--draft", action="append", default=[], metavar="CODE", help="take in the version in test of this rule, too")
        parser.add_argument("--transaction", default="", metavar="REFERENCE", help="measure on this one (default: the newest)")
        parser.add_argument("--rows", type=int, default=5_000, help="measure on so many of the newest, judged together (default: 5000)")
        parser.add_argument("--sql", action="store_true", help="show the statements of both plans and their parameters")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Explain and print."""
        if not 0 <= options["rows"] <= MOST:
            raise CommandError(f"--rows takes 0 to {MOST}.")
        try:
            with translation.override("en"):
                found = explain(
                    actor=replace(SYSTEM, origin="command"),
                    rules=options["rule"],
                    drafts=options["draft"],
                    reference=options["transaction"],
                    rows=options["rows"],
                    sql=options["sql"],
                )
        except NotExplained as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(asdict(found), ensure_ascii=False, indent=1) if options["json"] else "\n".join(_text(found)))


def _text(found: Explained) -> Iterator[str]:
    for rule in found.rules:
        yield from _rule(rule)
    yield f"{len(found.rules)} rule{'s' * (len(found.rules) != 1)} shown. All running rules in one statement, without what judging writes:"
    if not found.costs:
        yield "  nothing is measured: there are no transactions"
    yield from (f"  {_cost(one)}" for one in found.costs)
    if len(found.costs) > 1 and found.choice.frames:
        yield "  (the last line: what the rows that go by frames would cost by the other plan)"
    yield ""
    yield from _choice(found.choice)
    yield "A late, corrected or reversed event re-opens what was judged up to"
    account, customer = (found.reach_days[key] for key in ("account", "customer"))
    yield f"  {account:g} days after it on the same account, {customer:g} days on other accounts of the customer"
    if found.transaction:
        yield f"  correcting {found.transaction} would re-open {found.reopened} judged transactions"
    for plan, sql in found.sql.items():
        yield f"\nStatement, plan “{plan}”:\n{sql}"
    if found.sql:
        yield "\nParameters beside ids:"
        yield from (f"  {name} = {value}" for name, value in found.values.items())


def _rule(rule: RuleShown) -> Iterator[str]:
    yield f"{rule.code} v{rule.version} ({rule.state})"
    yield f"  looks at: {rule.applies}"
    for fact in rule.facts:
        yield from _fact(fact)
    yield "  cost of this rule alone:"
    yield from (f"    {_cost(one)}" for one in rule.costs)
    yield ""


def _fact(fact: FactShown) -> Iterator[str]:
    yield f"  {', '.join(fact.names)}: {fact.text}"
    included = "this transaction included" if fact.current else "this transaction left out"
    yield f"    key {fact.key or '—'}; formula {fact.formula}; window {fact.window}; {included}; reaches back {fact.reach_days:g} days"
    ways = ", ".join(fact.ways) or "no index"
    if fact.scan == LOOK_UP:
        yield f"    both plans: a look-up by {ways}"
        return
    more = fact.shared_with[:SHARED_SHOWN] + (["…"] if len(fact.shared_with) > SHARED_SHOWN else [])
    yield f"    few rows: scan {fact.scan} by {ways}; " + (f"shared with {', '.join(more)}" if more else "of its own")
    many = f"one sorted pass, {fact.framed_by}" if fact.framed_by else f"per row as well: {fact.never_framed}"
    yield f"    many rows of a customer: {many}"


def _cost(one: Measured) -> str:
    plan = "by frames" if one.plan == "frames" else "per row"
    head = f"{one.transactions} transaction{'s' * (one.transactions > 1)} {plan}: "
    if one.failed:
        return f"{head}failed: {one.failed}"
    return (
        f"{head}{one.execution_ms:.2f} ms ({one.execution_ms / one.transactions * 1000:.0f} µs each), planned in {one.planning_ms:.1f} ms, "
        f"{one.buffers_hit} buffers hit, {one.buffers_read} read; by {', '.join(one.indexes) or 'no index'}"
    )


def _choice(choice: ChoiceShown) -> Iterator[str]:
    yield f"Choice of the planner for the {choice.rows} newest, judged together: {choice.frames} by frames, {choice.per_row} per row"
    yield from (f"  {count:>6} {WHY[why]}" for why, count in choice.why.items())
    if choice.customers:
        yield f"  customers with most rows ({len(choice.customers)}):"
    for one in choice.customers:
        why = ", ".join(f"{name} {count}" for name, count in one.why.items())
        yield f"    {one.customer}: {one.rows} rows, {one.frames} by frames, {one.per_row} per row ({why})"
    yield ""
