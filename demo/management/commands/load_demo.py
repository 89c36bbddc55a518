"""Fills an empty database with the demo world."""

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.loading.bank import PEOPLE_FILE, NotEmpty, load, refuse_unless_empty, rows_to_do, world_of
from demo.loading.movements import LoadFailed
from demo.progress import Bar


class Command(BaseCommand):
    """`manage.py load_demo`: 2,000 customers and 120 days; `--scale 5` for five times as many."""

    requires_system_checks = ()  # the supervisor has just migrated; the web checks when it starts
    help = "Load the demo world into an empty database and judge its last 30 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=int, default=1, help="how many times 2,000 customers")
        parser.add_argument("--last-day", type=date.fromisoformat, help="the world's last day (default: yesterday)")
        parser.add_argument("--processes", type=int, help="how many work side by side (default: 2, or 1 on one core)")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not 1 <= options["scale"] <= 50:
            raise CommandError("--scale takes 1 to 50.")
        began = time.monotonic()
        try:
            refuse_unless_empty()
            world = world_of(options["last_day"], options["scale"])
            self.stdout.write(
                f"{len(world.customers):,} customers, {len(world.transactions):,} transactions, {world.first_day} to {world.last_day}"
            )
            with Bar("History, then 30 days", rows_to_do(world)) as bar:
                loaded = load(world, scale=options["scale"], processes=options["processes"], report=lambda _step, count: bar.advance(count))
        except (NotEmpty, LoadFailed) as problem:
            raise CommandError(str(problem)) from None
        totals = loaded.totals
        self.stdout.write(
            f"Loaded in {time.monotonic() - began:.1f} s: recording {totals.recording:.1f} s, judging {totals.judging:.1f} s. "
            f"The people and their password stand in {PEOPLE_FILE} of the home folder."
        )
