"""Says which planted stories were found, which near misses fired, and how often ordinary life raised an alert."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.scoring import NoDemoWorld, Score, loaded_world, score

HEAD = f"{'scenario':>8} {'planted':>8} {'found':>6} {'near misses':>12} {'fired':>6} {'false alerts':>13} {'per 1,000 customer-days':>24}"


class Command(BaseCommand):
    """`manage.py demo_score`: ends with 1 when a planted story was missed or a near miss fired."""

    help = "Compare what the rules found in the demo world with what was planted there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            scores = score(loaded_world())
        except NoDemoWorld as problem:
            raise CommandError(str(problem)) from None
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in scores], ensure_ascii=False))
        else:
            self._table(scores)
        if any(one.wrong for one in scores):
            raise CommandError("Planted stories were missed, or near misses fired.")

    def _table(self, scores: list[Score]) -> None:
        self.stdout.write(HEAD)
        for one in scores:
            self.stdout.write(
                f"{one.scenario:>8} {one.planted:>8} {one.found:>6} {one.near_misses:>12} {one.fired:>6} "
                f"{one.false_alerts:>13} {one.false_per_thousand:>24}"
            )
            for line in one.wrong:
                self.stdout.write(f"         {line}")
