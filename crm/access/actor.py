"""Who acts: built once per request, task or command, and handed to every service."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from crm.access.reach import Reach
from crm.access.roles import reach_of_roles

Kind = Literal["staff", "service", "customer", "partner", "anonymous"]
Origin = Literal["web", "api", "task", "command", "file", "admin"]

STEP_UP_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, in which roles, from where. ``user`` is the row behind it, if there is one."""

    number: str
    name: str
    kind: Kind
    role: str
    origin: Origin
    user_id: int | None = None
    user: Any = field(default=None, compare=False, repr=False)
    session: str = ""
    address: str = ""
    request_id: str = ""
    stepped_up_at: datetime | None = None

    @property
    def is_person(self) -> bool:
        """Return whether a human being sits behind this."""
        return self.kind in ("staff", "customer")

    @property
    def is_signed_in(self) -> bool:
        """Return whether we know who this is."""
        return self.kind != "anonymous"

    @property
    def is_stepped_up(self) -> bool:
        """Return whether a second factor was shown within the last 15 minutes."""
        return self.stepped_up_at is not None and timezone.now() - self.stepped_up_at < STEP_UP_LASTS

    def reach(self, permission: str) -> Reach:
        """Return how far the permission carries for this actor, today."""
        if self.user is not None:
            return Reach(self.user.reach(permission))
        if self.kind == "service":
            return reach_of_roles(self.role.split(","), permission)
        return Reach.NONE


def _service(number: str, name: str, role: str) -> Actor:
    return Actor(number=number, name=name, kind="service", role=role, origin="task")


# Names are stored in the log, so they are fixed words, translated where they are shown; what these may do stands in the role table.
SYSTEM = _service("system", gettext_noop("System"), "service-system")
IMPORTER = _service("importer", gettext_noop("File import"), "service-importer")
FEED = _service("feed", gettext_noop("Data feed"), "service-feed")
_SERVICES = {actor.number: actor.name for actor in (SYSTEM, IMPORTER, FEED)}


def called(number: str) -> str:
    """Return how a number that acted is shown: one of our services by its name in the reader's language, anybody else as is."""
    return gettext(_SERVICES[number]) if number in _SERVICES else number


def anonymous(*, origin: Origin = "web", address: str = "", request_id: str = "") -> Actor:
    """Return the actor for a visitor who has not signed in."""
    return Actor(
        number="",
        name="",
        kind="anonymous",
        role="",
        origin=origin,
        address=address,
        request_id=request_id,
    )
