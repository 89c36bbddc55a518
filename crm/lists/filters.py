"""What a reader may ask a list for: each filter declares form fields, narrows the rows, and says in words what it did."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.lists.terms import Query

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str
Values = Mapping[str, Any]


class Filter(Protocol):
    """The shape of a filter; write your own where the kinds below do not fit."""

    @property
    def name(self) -> str:
        """Its name, and the root of its parameters."""

    @property
    def label(self) -> Label:
        """What it is called on the page."""

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """The form fields, by parameter."""

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """The narrowed rows."""

    def words(self, form: forms.Form, values: Values) -> str:
        """What it does now, in words; empty when it does nothing."""


class StrictDecimal(forms.DecimalField):
    """ASCII digits only: Django alone takes `5_0`, full-width digits and spaces."""

    def to_python(self, value: Any) -> Any:
        """The number, or None when nothing was typed."""
        if isinstance(value, str) and value and not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", value.replace(",", "")):
            raise ValidationError(_("Enter a number, such as 50000 or 49999.99."), code="invalid")
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)


class DayInput(forms.DateInput):
    """The browser's own calendar, always with ISO days."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _day_field(label: Label) -> forms.DateField:
    wrong = {"invalid": _("Write a day as 2026-11-21.")}
    return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"], widget=DayInput(), error_messages=wrong)


def _chosen(form: forms.Form, name: str, values: Iterable[Any]) -> str:
    labels = {str(code): str(label) for code, label in form.fields[name].choices}  # type: ignore[attr-defined]
    return "/".join(labels.get(str(value), str(value)) for value in values)


@dataclass(frozen=True)
class Choice:
    """One of a fixed set, or several with `multiple=True`. `field` is the field path (default: the name)."""

    name: str
    label: Label
    choices: Iterable[tuple[Any, Label]] | Callable[[], Iterable[tuple[Any, Label]]]
    multiple: bool = False
    field: str = ""

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """A select, or check boxes."""
        choices = list(self.choices() if callable(self.choices) else self.choices)
        wrong = {"invalid_choice": _("“%(value)s” is not one of the choices.")}
        if self.multiple:
            boxes = forms.CheckboxSelectMultiple()
            many = forms.MultipleChoiceField(label=self.label, choices=choices, required=False, widget=boxes, error_messages=wrong)
            return {self.name: many}
        one = [("", _("Any")), *choices]
        return {self.name: forms.ChoiceField(label=self.label, choices=one, required=False, error_messages=wrong)}

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows with the chosen value or values."""
        value, path = values.get(self.name), self.field or self.name
        if not value:
            return rows
        return rows.filter(**{f"{path}__in": value}) if self.multiple else rows.filter(**{path: value})

    def words(self, form: forms.Form, values: Values) -> str:
        """The labels that were chosen."""
        value = values.get(self.name)
        return _chosen(form, self.name, value if self.multiple else [value]) if value else ""


@dataclass(frozen=True)
class Related:
    """One row of another model, chosen among those the reader may see; `to_field` is its public code in the address."""

    name: str
    label: Label
    rows: Callable[[Actor], QuerySet[Any]]
    field: str = ""
    to_field: str = "code"

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """A select over the visible rows."""
        wrong = {"invalid_choice": _("“%(value)s” is not known, or not yours to see.")}
        chosen = forms.ModelChoiceField(
            self.rows(actor),
            label=self.label,
            required=False,
            empty_label=str(_("Any")),
            to_field_name=self.to_field,
            error_messages=wrong,
        )
        return {self.name: chosen}

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows that belong to it."""
        value = values.get(self.name)
        return rows.filter(**{self.field or self.name: value}) if value is not None else rows

    def words(self, form: forms.Form, values: Values) -> str:
        """Its name."""
        value = values.get(self.name)
        return str(value) if value is not None else ""


@dataclass(frozen=True)
class Text:
    """Part of a text, or the whole with `exact=True`."""

    name: str
    label: Label
    field: str = ""
    exact: bool = False
    longest: int = 60

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """A line of text."""
        return {self.name: forms.CharField(label=self.label, required=False, max_length=self.longest)}

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows that hold it."""
        value = values.get(self.name)
        return rows.filter(**{f"{self.field or self.name}{'' if self.exact else '__icontains'}": value}) if value else rows

    def words(self, form: forms.Form, values: Values) -> str:
        """The text, masked where it looks like an ID, mobile or account number."""
        return Query.of(values.get(self.name) or "").masked


@dataclass(frozen=True)
class DateRange:
    """From and to, both days included, on the bank's clock where the field holds moments."""

    name: str
    label: Label
    field: str = ""

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """Two days: <name>_from and <name>_to."""
        return {f"{self.name}_from": _day_field(self.label), f"{self.name}_to": _day_field(self.label)}

    def problem(self, values: Values) -> str:
        """What is wrong with the two days together; empty when nothing is."""
        first, last = values.get(f"{self.name}_from"), values.get(f"{self.name}_to")
        return str(_("The first day lies after the last.")) if first and last and first > last else ""

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows between the two days."""
        path, first, last = self.field or self.name, values.get(f"{self.name}_from"), values.get(f"{self.name}_to")
        moments = holds_moments(rows.model, path)
        if first:
            rows = rows.filter(**{f"{path}__gte": _midnight(first) if moments else first})
        if last:
            rows = rows.filter(**{f"{path}__lt": _midnight(last + timedelta(days=1))} if moments else {f"{path}__lte": last})
        return rows

    def words(self, form: forms.Form, values: Values) -> str:
        """2026-11-01 – 2026-11-30, open at either end."""
        first, last = values.get(f"{self.name}_from"), values.get(f"{self.name}_to")
        return f"{first or '…'} – {last or '…'}" if first or last else ""


@dataclass(frozen=True)
class NumberRange:
    """At least and at most."""

    name: str
    label: Label
    field: str = ""

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """Two numbers: <name>_min and <name>_max."""
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        return {f"{self.name}_{end}": StrictDecimal(label=self.label, required=False, widget=widget) for end in ("min", "max")}

    def problem(self, values: Values) -> str:
        """What is wrong with the two numbers together; empty when nothing is."""
        low, high = values.get(f"{self.name}_min"), values.get(f"{self.name}_max")
        return str(_("The smallest number is greater than the greatest.")) if low is not None and high is not None and low > high else ""

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows between the two numbers."""
        path, low, high = self.field or self.name, values.get(f"{self.name}_min"), values.get(f"{self.name}_max")
        rows = rows.filter(**{f"{path}__gte": low}) if low is not None else rows
        return rows.filter(**{f"{path}__lte": high}) if high is not None else rows

    def words(self, form: forms.Form, values: Values) -> str:
        """The bounds that were given."""
        low, high = values.get(f"{self.name}_min"), values.get(f"{self.name}_max")
        return " ".join(f"{sign} {bound:,f}" for sign, bound in (("≥", low), ("≤", high)) if bound is not None)


@dataclass(frozen=True)
class Flag:
    """A yes or no that narrows the rows by a function of its own."""

    name: str
    label: Label
    narrow: Callable[[QuerySet[Any], Actor], QuerySet[Any]]

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """A select of one word, so that the address says `mine=on` or nothing."""
        return {self.name: forms.ChoiceField(label=self.label, required=False, choices=[("", _("Any")), ("on", _("Yes"))])}

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """The narrowed rows when it is on."""
        return self.narrow(rows, actor) if values.get(self.name) == "on" else rows

    def words(self, form: forms.Form, values: Values) -> str:
        """Yes, when it is on."""
        return str(_("Yes")) if values.get(self.name) == "on" else ""


@dataclass(frozen=True)
class Preset:
    """A quick view above the list: a label and the parameters it stands for."""

    label: Label
    parameters: Mapping[str, str] = field(default_factory=dict)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(settings.BANK_ZONE))


def holds_moments(model: type[models.Model], path: str) -> bool:
    """Whether a field path ends in a moment rather than a day."""
    last: Any = None
    for part in path.split("__"):
        try:
            last = (last.related_model if last is not None else model)._meta.get_field(part)
        except FieldDoesNotExist:
            return True
    return isinstance(last, models.DateTimeField)
