"""A small core banking system for the demo world: it acknowledges freezes, and can be switched off to see what happens then."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from products.services import Acknowledgement, CoreUnavailable, Instruction


def switch() -> Path:
    """Return the file whose presence means that the core is off; every process of one home sees the same."""
    return Path(settings.HOME) / "demo-core-off"


def is_off() -> bool:
    """Return whether the demo core has been switched off."""
    return switch().exists()


def turn(*, off: bool) -> None:
    """Switch the demo core off, or on again; what it was not told meanwhile is still owed and sent then."""
    if off:
        switch().parent.mkdir(parents=True, exist_ok=True)
        switch().touch()
    else:
        switch().unlink(missing_ok=True)


class Core:
    """The connector that ``CORE_CONNECTOR`` names in the demo."""

    def send(self, instruction: Instruction) -> Acknowledgement:
        """Return the core's answer, the same one for the same instruction; raises ``CoreUnavailable`` while switched off."""
        if is_off():
            raise CoreUnavailable("The core banking system does not answer.")
        mark = hashlib.sha256(instruction.key.encode()).hexdigest()[:10].upper()
        return Acknowledgement(accepted=True, core_reference=f"CB{mark}", message=f"{instruction.act} {instruction.freeze_reference}")
