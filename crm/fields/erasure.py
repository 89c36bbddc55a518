"""What stands against erasing a person: every app that must keep something registers an objection.

An objection gets the record whose data key would be destroyed and answers with a reason to keep it, or with nothing. The one who asks is
shown `STANDING` and no more: which app objects (a court's hold, an open case) is not hers to know.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError

Objection = Callable[[Any], Iterator[str]]
_objections: dict[str, Objection] = {}


class MustBeKept(DomainError):
    """Something stands against erasing this record."""

    code = "must_be_kept"
    message = _("Records of this customer must be kept for the time being: the law, a bank's own period or an authority asks for it.")


def register_objection(key: str, objection: Objection) -> None:
    """Ask this callable before a person is erased; the same key twice replaces the first."""
    _objections[key] = objection


def objections(record: Any) -> dict[str, list[str]]:
    """Who objects, by key, with the reasons in words for the log; empty when nothing stands against it."""
    found = {key: list(objection(record)) for key, objection in _objections.items()}
    return {key: reasons for key, reasons in found.items() if reasons}


def refuse_if_kept(record: Any) -> None:
    """Raise `MustBeKept` while anybody objects."""
    if objections(record):
        raise MustBeKept
