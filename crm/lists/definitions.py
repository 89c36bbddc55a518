"""What a list is: rows, columns, filters, order. See the package for how to write one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.services import require
from crm.lists.columns import Column
from crm.lists.filters import Filter, Preset
from crm.lists.terms import LONGEST, Query

SIZES = (50, 100, 200)
_known: dict[str, type["ListDefinition"]] = {}


class ListForm(forms.Form):
    """The form of a list; it knows which of its fields each filter declared, so that a page asks a filter once."""

    of_filter: ClassVar[Mapping[str, list[str]]] = {}


class ListDefinition:
    """Subclass it per list; an instance is cheap and holds no state of a request.

    ``of``: the reference of what the rows belong to, for a list of one thing's parts (the hits of one back-test); else empty. What is
    made of a list again elsewhere (the neighbours of a row, its file) is made with it, so `queryset` proves it for the reader each time.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str | Promise] = ""
    permission: ClassVar[str] = ""
    export_permission: ClassVar[str] = ""
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    presets: ClassVar[Sequence[Preset]] = ()
    search: ClassVar[Sequence[str]] = ()
    search_in: ClassVar[Mapping[str, Callable[[str], QuerySet[Any]]]] = {}
    """Path of a foreign key → the rows behind it that hold a word, found their own way (by index, where ``search`` reads every row)."""
    default_sort: ClassVar[Sequence[str]] = ()
    size: ClassVar[int] = 50
    pick_form: ClassVar[str] = ""
    extra_parameters: ClassVar[Sequence[str]] = ()
    empty_title: ClassVar[str | Promise] = _("Nothing here yet")
    empty_text: ClassVar[str | Promise] = ""

    def __init__(self, of: str = "") -> None:
        self.of = of

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            _known[cls.name] = cls

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """The rows this reader may see, with everything the columns need."""
        raise NotImplementedError

    def row_url(self, row: Any) -> str:
        """Where a row opens; empty for rows without a page."""
        return ""

    def row_key(self, row: Any) -> str:
        """What a ticked row sends as `pick` to the form named by `pick_form`."""
        return str(row.reference)

    def row_level(self, row: Any) -> str:
        """high, mid, hold or empty: a mark at the left of the row."""
        return ""

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Rows that hold every typed word in any of the `search` fields, or in what `search_in` asks."""
        for word in query.split():
            own = [Q(**{f"{path}__icontains": word}) for path in self.search]
            theirs = [Q(**{f"{path}__in": ask(word).values("pk")}) for path, ask in self.search_in.items()]
            rows = rows.filter(reduce(or_, own + theirs))
        return rows

    def require(self, actor: Actor) -> None:
        """Raise unless the reader may see this list at all."""
        if self.permission:
            require(actor, self.permission)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def sort_choices(self) -> list[str]:
        """What `?sort=` takes: the names of sortable columns, and each with a minus."""
        names = [column.name for column in self.columns if column.sort_paths]
        return [*names, *(f"-{name}" for name in names)]

    def sort_paths(self, sort: str) -> list[str]:
        """The field paths behind a sort parameter; the default order for an empty one."""
        if not sort:
            return [path for entry in self.default_sort for path in self._paths(entry)]
        return self._paths(sort)

    def _paths(self, entry: str) -> list[str]:
        column = self.column(entry.lstrip("-"))
        paths = column.sort_paths if column and column.sort_paths else (entry.lstrip("-"),)
        return [f"-{path}".replace("--", "") if entry.startswith("-") else path for path in paths]

    def form_class(self, actor: Actor) -> type[ListForm]:
        """The one form that every query parameter goes through."""
        fields: dict[str, forms.Field] = {}
        of_filter: dict[str, list[str]] = {}
        if self.search or type(self).find is not ListDefinition.find:
            fields["q"] = forms.CharField(label=_("Search in this list"), required=False, max_length=LONGEST)
        for one in self.filters:
            own = one.fields(actor)
            of_filter[one.name] = list(own)
            fields.update(own)
        sorts = [("", ""), *((choice, choice) for choice in self.sort_choices())]
        names = [(column.name, column.label) for column in self.columns]
        fields["sort"] = forms.ChoiceField(required=False, choices=sorts, widget=forms.HiddenInput(), label=_("Order"))
        boxes = forms.CheckboxSelectMultiple()
        fields["columns"] = forms.MultipleChoiceField(required=False, choices=names, widget=boxes, label=_("Columns"))
        sizes = sorted([("", self.size), *((size, size) for size in SIZES if size != self.size)], key=lambda choice: choice[1])
        fields["size"] = forms.TypedChoiceField(required=False, coerce=int, empty_value="", choices=sizes, label=_("Rows on a page"))
        fields["at"] = forms.CharField(required=False, max_length=2_000, widget=forms.HiddenInput(), label=_("Page"))
        return type("OneListForm", (ListForm,), {**fields, "of_filter": of_filter})

    @classmethod
    def url(cls, url_name: str, *args: Any, **parameters: Any) -> str:
        """The address of this list with parameters: what a figure elsewhere links to."""
        return with_query(reverse(url_name, args=args), parameters)


def with_query(path: str, parameters: Mapping[str, Any]) -> str:
    """An address with its parameters; empty ones are left out."""
    kept = {key: value for key, value in parameters.items() if value not in (None, "", [])}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


def known(name: str) -> type[ListDefinition] | None:
    """The list of that name, once its module is loaded."""
    return _known.get(name)


def all_known() -> Iterable[type[ListDefinition]]:
    """Every list of the product whose module is loaded, by name."""
    return [_known[name] for name in sorted(_known)]
