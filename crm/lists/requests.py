"""One reader's question to a list, read from the address and proven; everything else works from this."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.access.actor import Actor
from crm.lists import keyset, sealing, tokens
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition, with_query
from crm.lists.errors import BadParameters
from crm.lists.filters import DateRange, NumberRange
from crm.lists.keyset import Key
from crm.lists.terms import Query

OWN = ("sort", "columns", "size", "at")


@dataclass(frozen=True)
class Applied:
    """A condition that holds now, in words, and the address without it."""

    label: str
    words: str
    without: str


@dataclass(frozen=True)
class Place:
    """Where a page begins: the sort values of a row, the direction, and about how many rows lie before it."""

    values: list[Any] | None
    backwards: bool
    offset: int


class Asked:
    """A list, a reader and proven parameters; raises `BadParameters` when they do not fit."""

    def __init__(self, definition: ListDefinition, actor: Actor, data: QueryDict, path: str) -> None:
        # What is kept and handed on is closed; what is asked of the database is open.
        self.definition, self.actor, self.data, self.path = definition, actor, sealing.closed(definition, actor, data), path
        self.form = definition.form_class(actor)(sealing.opened(data, actor))
        self._prove()
        self.values: dict[str, Any] = self.form.cleaned_data

    def _prove(self) -> None:
        sentences = [
            _("This list has no condition called “%(name)s”.") % {"name": name[:40]}
            for name in self.data
            if name not in self.form.fields and name not in self.definition.extra_parameters
        ]
        for name, errors in self.form.errors.items():
            label = self.form.fields[name].label if name in self.form.fields else name
            sentences.extend(_("%(field)s: %(error)s") % {"field": label, "error": error} for error in errors)
        for name in self.form.fields:
            values = self.data.getlist(name)
            if len(values) > 1 and not isinstance(self.form.fields[name], forms.MultipleChoiceField):
                sentences.append(_("%(field)s is given twice.") % {"field": self.form.fields[name].label})
        for one in self.definition.filters:
            problem = one.problem(self.form.cleaned_data) if isinstance(one, DateRange | NumberRange) else ""
            sentences.extend([_("%(field)s: %(error)s") % {"field": one.label, "error": problem}] if problem else [])
        if sentences:
            raise BadParameters(sentences)

    @property
    def size(self) -> int:
        """How many rows a page has."""
        return self.values["size"] or self.definition.size

    @property
    def sort(self) -> str:
        """The sort parameter, empty for the default order."""
        return str(self.values["sort"])

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """Everything that fits, unordered."""
        rows = self.definition.queryset(self.actor)
        for one in self.definition.filters:
            rows = one.apply(rows, self.values, self.actor)
        query = Query.of(self.values.get("q") or "")
        return self.definition.find(rows, query) if query else rows

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The sort keys, the primary key last."""
        return keyset.keys_of(self.rows.model, self.definition.sort_paths(self.sort))

    @cached_property
    def columns(self) -> list[Column]:
        """The columns to show, in the list's own order."""
        chosen = self.values["columns"]
        return [column for column in self.definition.columns if (column.name in chosen if chosen else column.shown)]

    @cached_property
    def conditions(self) -> dict[str, list[str]]:
        """The parameters that narrow or order the list, without the place in it."""
        given = {name: [value for value in self.data.getlist(name) if value] for name in self.data if name != "at"}
        return {name: values for name, values in given.items() if values}

    @cached_property
    def encoded(self) -> str:
        """The same parameters as they stand in an address."""
        query = QueryDict("", mutable=True)
        for name, values in self.conditions.items():
            query.setlist(name, values)
        return query.urlencode()

    def address(self, **changes: Any) -> str:
        """The same list with some parameters changed; a change of conditions begins at the first page."""
        return with_query(self.path, {**self.conditions, **changes})

    @cached_property
    def applied(self) -> list[Applied]:
        """The conditions in words."""
        found: list[Applied] = []
        query = Query.of(self.values.get("q") or "")
        if query:
            found.append(Applied(_("Search"), query.masked, self.address(q="")))
        for one in self.definition.filters:
            words = one.words(self.form, self.values)
            if words:
                found.append(Applied(str(one.label), words, self.address(**dict.fromkeys(self.form.of_filter[one.name], ""))))
        return found

    def fields_of(self, name: str) -> list[forms.BoundField]:
        """The fields of the form that a filter declared."""
        return [self.form[field] for field in self.form.of_filter[name]]

    @property
    def in_words(self) -> str:
        """All conditions on one line, for print, files and the log."""
        colon = pgettext("between a name and what is said of it", ": ")
        return pgettext("between conditions", "; ").join(f"{one.label}{colon}{one.words}" for one in self.applied)

    def place(self) -> Place | None:
        """Where the page begins, from the `at` parameter; None for the first page."""
        token = self.values["at"]
        if not token:
            return None
        try:
            found = tokens.unseal(f"page:{self.definition.name}", token)
        except tokens.BadToken as error:
            raise BadParameters([_("The page in this address was cut off or changed. Begin at the first page.")]) from error
        if found["s"] != self.sort or (found["v"] is not None and len(found["v"]) != len(self.keys)):
            raise BadParameters([_("The page in this address belongs to another order of the list. Begin at the first page.")])
        return Place(found["v"], found["b"], found["n"])

    def page_address(self, row: Any | None, backwards: bool, offset: int) -> str:
        """The page after (or before) a row; without a row the last page."""
        values = keyset.values_of(row, self.keys) if row is not None else None
        token = tokens.seal(f"page:{self.definition.name}", {"s": self.sort, "v": values, "b": backwards, "n": offset})
        return with_query(self.path, {**self.conditions, "at": token})
