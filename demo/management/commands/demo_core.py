"""Switches the demo core banking system off and on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from demo import core


class Command(BaseCommand):
    """`manage.py demo_core off`: freezes stay "waiting for the core" until `manage.py demo_core on`."""

    help = "Switch the demo core banking system off or on, or show how it stands."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("state", nargs="?", choices=("on", "off"))

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["state"]:
            core.turn(off=options["state"] == "off")
        self.stdout.write("The demo core is " + ("off." if core.is_off() else "on."))
