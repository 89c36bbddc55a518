"""How services say no."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal in words. Subclasses are named as facts and set ``code`` and ``message``."""

    code: str = "invalid"
    message: "str | Promise" = _("This is not possible.")
    field: str | None = None

    def __init__(self, message: "str | Promise | None" = None, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message or self.message)
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        if field is not None:
            self.field = field

    def __str__(self) -> str:
        return str(self.message)


class Conflict(DomainError):
    """The thing changed, or exists with other content: 409 in the API."""

    code = "conflict"
    message = _("Somebody else changed this in the meantime. Load it again.")


class AccessError(Exception):
    """The base of both refusals by ``require``; written in the log by the outermost handler."""

    def __init__(self, permission: str, target: Any = None, detail: str = "") -> None:
        super().__init__(permission)
        self.permission = permission
        self.target = target
        self.detail = detail


class Refused(AccessError):
    """The function is not granted: 403."""


class NotVisible(AccessError):
    """The object is out of scope, or not there at all, and the caller cannot tell which: 404."""


class StepUpNeeded(Exception):
    """The act asks for a second factor shown within the last 15 minutes; the outermost handler asks for it."""
