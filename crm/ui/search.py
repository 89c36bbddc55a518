"""One search box for the whole product.

An app registers a provider in `AppConfig.ready()`::

    from crm.ui import search

    def find_customers(user, query: search.Query) -> list[search.Hit]:
        rows = Customer.objects.visible_to(user).filter(core_number=query.digits)[: search.LIMIT]
        return [search.Hit(_("Customers"), row.name, row.core_number, row.get_absolute_url(), _("Core customer number")) for row in rows]

    search.register(find_customers)

`why` says in words which field matched, because a reader must know whether 8821 is an account's tail or a customer number.
Providers read through `visible_to` and answer at most `LIMIT` hits. `query` is a `str` (the text as typed, normalised) with a
few readings of it as properties.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

LIMIT = 8
LONGEST = 80


class Query(str):
    """What was typed: NFKC, trimmed, single spaces; a plain `str` to those who do not care."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> "Query":
        """The normal form of a typed text."""
        return cls(" ".join(unicodedata.normalize("NFKC", text).split()))

    @property
    def compact(self) -> str:
        """Without spaces and hyphens: numbers are typed in groups of four."""
        return re.sub(r"[\s-]", "", self)

    @property
    def digits(self) -> str:
        """The compact form when it is digits only, else an empty string."""
        return self.compact if re.fullmatch(r"[0-9]+", self.compact) else ""

    @property
    def is_id_number(self) -> bool:
        """Looks like a resident ID number (15, or 17 digits and a check character) or a unified social credit code."""
        return bool(
            re.fullmatch(
                r"[0-9]{15}|[0-9]{17}[0-9Xx]|[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}",
                self.compact,
            )
        )

    @property
    def is_mobile(self) -> bool:
        """Looks like a mainland mobile number, with or without +86."""
        return bool(re.fullmatch(r"(\+?86)?1[3-9][0-9]{9}", self.compact))

    @property
    def is_account(self) -> bool:
        """Looks like an account or card number."""
        return 12 <= len(self.digits) <= 30

    @property
    def is_sensitive(self) -> bool:
        """Holds something that must not be written in clear in a log or a URL."""
        return self.is_id_number or self.is_mobile or self.is_account or "@" in self

    @property
    def masked(self) -> str:
        """Fit for the log: clear words, masked numbers."""
        text = self.compact
        if self.is_mobile:
            return f"{text[-11:-8]}****{text[-4:]}"
        if "@" in self:
            return f"{self[:1]}***@{self.rpartition('@')[2]}"
        if self.is_sensitive:
            return f"{text[:2]}{'*' * (len(text) - 6)}{text[-4:]}"
        # A longer text may still hold a number: hide any run of six digits or more.
        return re.sub(
            r"[0-9]{6,}", lambda run: "*" * (len(run[0]) - 2) + run[0][-2:], self
        )


@dataclass(frozen=True)
class Hit:
    """One thing found."""

    kind: str | Promise
    label: str
    detail: str
    url: str
    why: str | Promise
    level: str = ""


@dataclass(frozen=True)
class Group:
    """Hits of one kind, in the order of the providers."""

    kind: str
    hits: list[Hit]


Provider = Callable[[Any, Query], list[Hit]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add a place to look; registering the same function twice is harmless."""
    if provider not in _providers:
        _providers.append(provider)


def find(user: Any, query: Query) -> list[Group]:
    """All that this reader may see and that matches, grouped by kind."""
    groups: dict[str, list[Hit]] = {}
    for hit in _hits(user, query):
        groups.setdefault(str(hit.kind), []).append(hit)
    return [Group(kind, hits) for kind, hits in groups.items()]


def _hits(user: Any, query: Query) -> Iterator[Hit]:
    seen: set[str] = set()
    for provider in _providers:
        for hit in provider(user, query)[:LIMIT]:
            if hit.url not in seen:
                seen.add(hit.url)
                yield hit
