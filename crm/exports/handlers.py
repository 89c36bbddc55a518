"""What can be exported: every app registers its sources in `AppConfig.ready()`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from crm.access.actor import Actor
from crm.lists.sheets import Mark

Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an export would hold, before it is made."""

    title: str
    rows: int
    conditions: str = ""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file, and what its line in the log says; ``keys`` are what `still` proves again at the download."""

    content: bytes
    filename: str
    rows: int
    keys: list[int] = field(default_factory=list)
    about: Mapping[str, Any] = field(default_factory=dict)
    target: Model | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of export.

    * ``wanted(actor, params)`` proves the rights of now and says what the file would hold; raises like `require`, or `DomainError`.
    * ``make(actor, params, mark)`` proves them again and makes the file, with ``mark`` as a sheet of it.
    * ``still(actor, params, keys)``: whether the reader may have, at this moment, everything that went into the file.
    * ``action`` is written when the file is made, beside the permit's own lines.
    """

    code: str
    label: str | Promise
    action: str
    wanted: Callable[[Actor, Params], Wanted]
    make: Callable[[Actor, Params, Mark], Made]
    still: Callable[[Actor, Params, list[int]], bool]


class UnknownSource(LookupError):
    """No app registered a source of this code."""


_sources: dict[str, Source] = {}


def register(*added: Source) -> None:
    """Make sources known."""
    for source in added:
        _sources[source.code] = source


def source_of(code: str) -> Source:
    """The source of a code, else `UnknownSource`."""
    try:
        return _sources[code]
    except KeyError:
        raise UnknownSource(code) from None


def registered() -> list[Source]:
    """All sources, by code."""
    return [_sources[code] for code in sorted(_sources)]
