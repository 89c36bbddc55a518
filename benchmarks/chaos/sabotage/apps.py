"""Puts the fault named by ``CHAOS_FAULT`` into the running process."""

import os

from django.apps import AppConfig


class SabotageConfig(AppConfig):
    """Loaded last, after every app has plugged itself in."""

    name = "benchmarks.chaos.sabotage"
    label = "sabotage"

    def ready(self) -> None:
        """Break what was asked for."""
        from benchmarks.chaos.sabotage.faults import FAULTS

        FAULTS[os.environ["CHAOS_FAULT"]].build_in()
