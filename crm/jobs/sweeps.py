"""The register of sweeps: small functions that find rows which still owe something and enqueue the work again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.jobs.models import SweepState
from crm.log import services as log

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """A function without arguments and how often it runs."""

    name: str
    call: Callable[[], Any]
    every_seconds: float


_sweeps: dict[str, Sweep] = {}


def register(name: str, call: Callable[[], Any], every_seconds: float) -> None:
    """Has ``call()`` run about every so many seconds by one worker at a time; in ``AppConfig.ready()``.

    It should take a moment only: find what is owed, enqueue it.
    """
    known = _sweeps.setdefault(name, Sweep(name, call, every_seconds))
    if known.call is not call:
        raise ImproperlyConfigured(f"The sweep {name!r} is registered twice.")


def registered() -> list[Sweep]:
    """All sweeps, by name."""
    return [_sweeps[name] for name in sorted(_sweeps)]


def run_due(*, actor: Actor) -> list[str]:
    """The names of the sweeps that ran now; one failing sweep does not keep the others from running."""
    return [sweep.name for sweep in registered() if _run_if_due(sweep, actor)]


def _run_if_due(sweep: Sweep, actor: Actor) -> bool:
    if not _claim(sweep):
        return False
    try:
        sweep.call()
    except Exception as error:
        logger.exception("sweep %s failed", sweep.name)
        first = not SweepState.objects.filter(name=sweep.name, error=type(error).__name__).exists()
        SweepState.objects.filter(name=sweep.name).update(error=type(error).__name__)
        if first:  # the state shows that it goes on; the log needs one line, not one each time
            data = {"task": "jobs.sweep", "sweep": sweep.name, "error": type(error).__name__}
            log.record_refusal(actor=actor, action="task.failed", data=data, result="failed")
        return True
    SweepState.objects.filter(name=sweep.name).update(succeeded_at=timezone.now(), error="")
    return True


def _claim(sweep: Sweep) -> bool:
    SweepState.objects.bulk_create([SweepState(name=sweep.name)], ignore_conflicts=True)
    now = timezone.now()
    with transaction.atomic():
        state = SweepState.objects.select_for_update(skip_locked=True).filter(name=sweep.name).first()
        if state is None:
            return False
        # A tenth early is on time: beat's ticks are not exact.
        if state.started_at and now - state.started_at < timedelta(seconds=sweep.every_seconds * 0.9):
            return False
        state.started_at = now
        state.save(update_fields=["started_at"])
    return True
