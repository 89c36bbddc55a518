"""Loads a public simulation of money laundering and says how well the rules find it."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.loading.movements import LoadFailed
from demo.loading.simulation import BadFolder, load
from demo.progress import Bar


class Command(BaseCommand):
    """`manage.py load_amlsim FOLDER [--scale 100]`: the last line printed is one JSON object."""

    help = "Load the AMLSim sample (accounts.csv.gz, transactions.csv.gz), judge it, and print precision and recall as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--scale", default="1", help="what every amount is multiplied by")
        parser.add_argument("--processes", type=int, help="how many work side by side (default: 2, or 1 on one core)")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            scale = Decimal(options["scale"])
        except InvalidOperation:
            raise CommandError("--scale takes a number.") from None
        if not Decimal("0.0001") <= scale <= 1_000_000:
            raise CommandError("--scale takes 0.0001 to 1000000.")
        bar = Bar("Recorded and judged", 0)
        try:
            with bar:
                result = load(
                    options["folder"], scale=scale, processes=options["processes"],
                    begin=bar.expect, report=lambda _step, count: bar.advance(count),
                )  # fmt: skip
        except (BadFolder, LoadFailed) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(asdict(result)))
