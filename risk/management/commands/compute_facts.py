"""`manage.py compute_facts IN.csv --out OUT.csv …`: facts on any file of events, by the product's own engine."""

import contextlib
import csv
import gzip
import io
import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.access.actor import SYSTEM
from risk.facts.asked import Asked, NotUnderstood, asked_of, length_of
from risk.importers import UNITS, BadFile, Clock, Columns, read_events
from risk.services.file_facts import BadEvents, compute_facts

NEEDED = {"amount": "--amount COLUMN", "label": "--label COLUMN", "counterparty": "--counterparty COLUMN"}
EXAMPLE = """
example:
  manage.py compute_facts card.csv --out facts.csv --id TRANSACTION_ID --time TX_DATETIME --key CUSTOMER_ID --amount TX_AMOUNT \\
    --counterparty TERMINAL_ID --label TX_FRAUD --label-delay 7d \\
    --facts "count(1d), mean(amount, 1d), count(label, 7d) per counterparty, rate(label, 7d) per counterparty"

docs/engine.md explains the facts, the windows and how ties are treated.
"""


class Command(BaseCommand):
    """Reads a file, writes a file; nothing of it stays in the database but one line in the log."""

    help = (
        "Compute facts (counts, sums, means … over sliding windows) for every event of a CSV file, by the engine that judges transactions."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """The options, with an example below."""
        from django.core.management.base import DjangoHelpFormatter

        class Formatter(DjangoHelpFormatter):
            def _fill_text(self, text: str, width: int, indent: str) -> str:
                return text if text.startswith("\nexample") else super()._fill_text(text, width, indent)

        return super().create_parser(prog_name, subcommand, epilog=EXAMPLE, formatter_class=Formatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Files, columns, facts."""
        parser.add_argument("file", type=Path, help="CSV in UTF-8 with a heading, plain or gzip; lines in any order")
        parser.add_argument("--out", type=Path, required=True, help="CSV to write, in the order of the input; .gz packs it")
        parser.add_argument("--id", required=True, metavar="COLUMN", help="unique name of an event")
        parser.add_argument("--time", required=True, metavar="COLUMN", help="ISO date and time, or steps: see --time-unit")
        parser.add_argument("--key", required=True, metavar="COLUMN", help="whose history is looked at: card, customer, account …")
        parser.add_argument("--counterparty", default="", metavar="COLUMN", help="the other side: terminal, merchant …")
        parser.add_argument("--amount", default="", metavar="COLUMN", help="needed by facts of the amount")
        parser.add_argument("--label", default="", metavar="COLUMN", help="0 or 1; needed by facts of the label")
        parser.add_argument("--label-delay", default="7d", metavar="LENGTH", help="how long labels take to be known (default: 7d)")
        parser.add_argument(
            "--facts", required=True, help='for example "count(1d), mean(amount, 7d) before, rate(label, 7d) per counterparty"'
        )
        parser.add_argument("--names", default="", help="headings of the facts, separated by commas (default: their text)")
        parser.add_argument("--time-unit", choices=list(UNITS), default="", help="times are numbers that count such steps")
        parser.add_argument("--zone", default=settings.BANK_ZONE, help="of times that name none (default: the bank's, %(default)s)")
        parser.add_argument("--delimiter", default=",", help="between cells (default: comma; \\t for a tab)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, compute, write; all of it or nothing."""
        began = time.perf_counter()
        asked, columns = _asked(options)
        heading = _heading(options, asked)
        delimiter = options["delimiter"].replace("\\t", "\t")
        if len(delimiter) != 1:
            raise CommandError("--delimiter takes one sign.")
        events = read_events(options["file"], columns, _clock(options), delimiter)
        actor = replace(SYSTEM, origin="command")
        try:
            with _replacing(options["file"], options["out"]) as write:
                write(heading)
                done = compute_facts(actor=actor, events=events, asked=asked, write=write, delay=options["label_delay"])
        except (BadFile, BadEvents) as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(f"{options['out']}: {problem.strerror or problem}.") from None
        seconds = time.perf_counter() - began
        self.stdout.write(f"{done.rows} events of {done.keys} keys, {len(asked)} facts each, in {seconds:.1f} s: {options['out']}")


def _asked(options: dict[str, Any]) -> tuple[tuple[Asked, ...], Columns]:
    """Return the facts, and the columns they need."""
    try:
        asked = asked_of(options["facts"], length_of(options["label_delay"]))
    except NotUnderstood as problem:
        raise CommandError(str(problem)) from None
    for one in asked:
        for part in sorted(one.needs):
            if not options[part]:
                raise CommandError(f"“{one.text}” needs {NEEDED[part]}.")
    needed = {part: options[part] for part in NEEDED if any(part in one.needs for one in asked)}
    return asked, Columns(id=options["id"], time=options["time"], key=options["key"], **needed)


def _heading(options: dict[str, Any], asked: tuple[Asked, ...]) -> bytes:
    names = [name.strip() for name in options["names"].split(",")] if options["names"] else [one.text for one in asked]
    if len(names) != len(asked) or len({options["id"], *names}) != len(names) + 1 or "" in names:
        raise CommandError(f"--names takes {len(asked)} different names, one per fact.")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([options["id"], *names])
    return text.getvalue().encode()


def _clock(options: dict[str, Any]) -> Clock:
    try:
        return Clock(ZoneInfo(options["zone"]), options["time_unit"])
    except (KeyError, ValueError, OSError):
        raise CommandError(f"--zone: there is no time zone “{options['zone']}”; write Asia/Shanghai or UTC.") from None


@contextlib.contextmanager
def _replacing(source: Path, out: Path) -> Iterator[Callable[[bytes | memoryview], Any]]:
    """Write beside the wanted file and take its place at the end; whatever goes wrong, there is no half of a file."""
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"--out {out}: name a file in a folder that exists.")
    if out.exists() and source.exists() and out.samefile(source):
        raise CommandError("--out names the file that is read; choose another.")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            if out.suffix == ".gz":
                with gzip.GzipFile("", "wb", 5, file) as packed:
                    yield packed.write
            else:
                yield file.write
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
