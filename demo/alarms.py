"""What makes each alarm of the audit log ring: lines as the product's services write them, marked as a rehearsal.

`write(name)` writes as many as the threshold asks for; with ``short=1`` one too few, which must ring nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import transaction

from audit.definitions.patterns import PATTERNS
from audit.models import Network
from audit.services.alarms import limits_of
from crm.access.actor import SYSTEM, Actor, anonymous
from crm.access.middleware import staff_actor
from crm.log import services as log
from crm.staff.models import User

HERE, FAR = "198.51.100.7", "203.0.113.7"
# Ranges for documentation (RFC 5737), put at two places so that the rehearsal needs no real table.
PLACES = (("198.51.100.0", "198.51.100.255", "北京", 39.9, 116.4), ("203.0.113.0", "203.0.113.255", "伦敦", 51.5, -0.1))


class NobodyToRehearse(LookupError):
    """There is no person in the database who could be the one."""


def suspect() -> Actor:
    """The person who does it in the rehearsal: the first relationship manager, from an address that is nobody's."""
    person = User.objects.filter(assignments__role__code="relationship-manager", is_active=True).order_by("number").first()
    if person is None:
        raise NobodyToRehearse
    return staff_actor(person, session="rehearsal", address=HERE)


def _line(actor: Actor, action: str, *, customer: str = "", **data: Any) -> None:
    result = "failed" if action.endswith(("failed", "found")) else "done"
    log.record(actor=actor, action=action, customer=customer, data={"rehearsal": True, **data}, result=result)


def _spraying(number: int) -> None:
    for place in range(number):
        _line(anonymous(origin="web", address=HERE, request_id="rehearsal"), "staff.sign_in_failed", name_mark=f"mark{place}")


def _travel(number: int) -> None:
    """The figure is kilometres an hour: Beijing to London in a minute, or a second sign-in from the same network."""
    for first, last, place, latitude, longitude in PLACES:
        if not Network.objects.filter(first=first).exists():
            Network.objects.create(first=first, last=last, place=place, latitude=latitude, longitude=longitude)
    far = number >= limits_of(PATTERNS["travel"]).threshold
    for address in (HERE, FAR if far else HERE):
        _line(replace(suspect(), address=address), "staff.signed_in")


def _each(action: str, **data: Any) -> Callable[[int], None]:
    def write_lines(number: int) -> None:
        actor = suspect()
        for _place in range(number):
            _line(actor, action, **data)

    return write_lines


def _mass_viewing(number: int) -> None:
    actor = suspect()
    for place in range(number):
        _line(actor, "page.viewed", customer=f"C-REHEARSE{place}")


def _bulk_export(number: int) -> None:
    _line(suspect(), "export.made", rows=number - 1)
    _line(suspect(), "export.made", rows=1)


def _list_paging(number: int) -> None:
    """Pages as large as they can be asked for, the last as small as what is left."""
    actor, left = suspect(), number
    while left > 0:
        _line(actor, "list.viewed", list="customers.customer", asked={"size": str(min(left, 200))})
        left -= 200


def _by_system(action: str, **data: Any) -> Callable[[int], None]:
    def write_lines(number: int) -> None:
        for _place in range(number):
            _line(SYSTEM, action, **data)

    return write_lines


REHEARSALS: dict[str, Callable[[int], None]] = {
    "spraying": _spraying,
    "spraying_wide": _by_system("staff.spraying_suspected", by="password", key="mark", names=13),
    "travel": _travel,
    "mass_viewing": _mass_viewing,
    "list_paging": _list_paging,
    "search_burst": _each("search.made", query="张*"),
    "bulk_export": _bulk_export,
    "mass_download": _each("export.downloaded", rows=1),
    "export_burst": _each("export.asked"),
    "reveal_burst": _each("field.revealed", field="customers.customer.mobile"),
    "off_hours": _each("field.revealed", field="customers.customer.mobile"),
    "relay_stopped": _by_system("task.failed", task="audit.anchor_log", error="KeeperAway"),
    "tampering": _by_system("log.tampering_found", findings=["rehearsal"]),
}


@transaction.atomic
def write(name: str, *, short: int = 0) -> int:
    """Write the lines of one pattern; how far they go."""
    number = limits_of(PATTERNS[name]).threshold - short
    REHEARSALS[name](number)
    return number
