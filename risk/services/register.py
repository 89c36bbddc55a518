"""The large-value register."""

from collections.abc import Sequence

from crm.access.actor import Actor
from risk.engine.program import Program
from risk.services.judging import Judged


def refresh(*, actor: Actor, program: Program, judged: Sequence[Judged]) -> int:
    """Bring the register up to date with the customers' days that were judged."""
    return 0
