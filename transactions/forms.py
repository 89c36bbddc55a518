"""Cleaning what people type about transactions and their files."""

import secrets
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.calendar.services import bank_zone
from crm.money.services import currencies
from transactions.choices import Channel, Direction, ImportMode, Instrument, Kind
from transactions.models import ColumnMapping, FileImport, Source
from transactions.services import NewTransaction, words
from transactions.services.imports import FileTooLarge
from transactions.services.sources import FORM
from transactions.validators import BadValue, plain_text, read_amount, read_country, read_moment

TOKEN = RegexValidator(r"\A[0-9a-f]{32}\Z")


def one_time_token() -> str:
    """Return a fresh token; it makes one opened form one transaction, however often it is sent."""
    return secrets.token_hex(16)


class StrictText(forms.CharField):
    """Text read by one of the product's readers, its reasons shown at the field."""

    def __init__(self, reader: Callable[[str], Any], **kwargs: Any) -> None:
        self.reader = reader
        super().__init__(strip=True, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return what the reader makes of the text; empty text stays empty."""
        text = super().clean(value)
        if not text:
            return text
        try:
            return self.reader(text)
        except BadValue as problem:
            raise ValidationError(str(problem), code=problem.code) from None


def _text(limit: int) -> Callable[[str], str]:
    return lambda text: plain_text(text, limit, "")


class TransactionForm(forms.Form):
    """One transaction entered by hand."""

    token = forms.CharField(widget=forms.HiddenInput, validators=[TOKEN])
    account = StrictText(_text(64), label=_("account"), max_length=64, help_text=_("Account number or reference."))
    direction = forms.ChoiceField(label=_("debit or credit"), choices=Direction.choices, widget=forms.RadioSelect)
    amount = StrictText(read_amount, label=_("amount"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    currency = forms.ChoiceField(label=_("currency"))
    occurred_at = StrictText(
        read_moment,
        label=_("occurred at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        help_text=_("On the bank's clock."),
    )
    kind = forms.ChoiceField(label=_("transaction type"), choices=Kind.choices)
    instrument = forms.ChoiceField(label=_("cash or transfer"), choices=Instrument.choices, initial=Instrument.TRANSFER)
    channel = forms.ChoiceField(label=_("channel"), choices=Channel.choices, initial=Channel.COUNTER)
    counterparty_name = StrictText(_text(120), label=_("counterparty name"), max_length=120, required=False)
    counterparty_account = StrictText(_text(64), label=_("counterparty account"), max_length=64, required=False)
    counterparty_bank = StrictText(_text(80), label=_("counterparty bank"), max_length=80, required=False)
    counterparty_country = StrictText(read_country, label=_("counterparty country"), max_length=2, required=False, initial="CN")
    transfer_id = StrictText(_text(64), label=_("transfer id"), max_length=64, required=False)
    remark = StrictText(_text(200), label=_("remark"), max_length=200, required=False)
    cross_border = forms.BooleanField(label=_("cross-border"), required=False)
    customer_initiated = forms.BooleanField(label=_("started by the customer"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in currencies()]  # type: ignore[attr-defined]
        self.fields["occurred_at"].initial = timezone.now().astimezone(bank_zone()).strftime("%Y-%m-%dT%H:%M:%S")

    def row(self, *, number: str) -> NewTransaction:
        """Return the transaction as its operator (employee number) enters it."""
        values = dict(self.cleaned_data)
        token = values.pop("token")
        values["counterparty_country"] = values["counterparty_country"] or "CN"
        return NewTransaction(
            **{**values, **_coded(values)},
            source=FORM,
            # Somebody else's token never meets mine.
            external_id=f"{number}-{token}"[:64],
            operator=number,
        )


def _coded(values: dict[str, Any]) -> dict[str, Any]:
    codes = {"direction": Direction, "kind": Kind, "instrument": Instrument, "channel": Channel}
    return {name: code(values[name]) for name, code in codes.items()}


class ActForm(forms.Form):
    """Why a person decides on a transaction."""

    reason = forms.CharField(
        label=_("Reason"),
        min_length=4,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Read by those who may see reasons for refusal, and by nobody who meets the customer."),
    )


class UploadForm(forms.Form):
    """A file and where it comes from."""

    source = forms.ModelChoiceField(label=_("source"), queryset=Source.objects.none(), to_field_name="code")
    mapping = forms.ModelChoiceField(
        label=_("saved columns"),
        queryset=ColumnMapping.objects.order_by("name"),
        to_field_name="name",
        required=False,
        empty_label=_("Recognise the headings"),
    )
    file = forms.FileField(
        label=_("file"),
        help_text=_("CSV in UTF-8 or GB18030, or an Excel workbook (.xlsx); at most 50 MB. The first row holds the headings."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = Source.objects.filter(is_active=True).exclude(code=FORM).order_by("code")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Refuse what was too large to be kept while it arrived."""
        upload = self.cleaned_data["file"]
        if upload.size > settings.UPLOAD_LARGEST:
            raise ValidationError(FileTooLarge.message, code=FileTooLarge.code)
        return upload

    def clean(self) -> dict[str, Any]:
        """Refuse a mapping of another source."""
        cleaned = super().clean() or {}
        mapping, source = cleaned.get("mapping"), cleaned.get("source")
        if mapping is not None and source is not None and mapping.source_id != source.pk:
            self.add_error("mapping", _("These columns were saved for another source."))
        return cleaned


class ColumnsForm(forms.Form):
    """Which heading means what, and what to assume where a column is absent."""

    DEFAULTS = {"kind": Kind.choices, "channel": Channel.choices, "currency": None}

    def __init__(self, *args: Any, row: FileImport, heading: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "—"), *((name, name) for name in heading if name)]
        for name, label in words.FIELDS.items():
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=label, choices=choices, required=False, initial=row.columns.get(name, "")
            )
        for name, known in self.DEFAULTS.items():
            options: list[tuple[str, Any]] = [*known] if known else [(code, code) for code in currencies()]
            self.fields[f"default_{name}"] = forms.ChoiceField(
                label=_("If absent: %(name)s") % {"name": words.FIELDS[name]},
                choices=[("", "—"), *options],
                required=False,
                initial=row.defaults.get(name, ""),
            )
        self.fields["save_as"] = forms.CharField(
            label=_("Save these columns as"), max_length=60, required=False, help_text=_("For the next file of this kind.")
        )

    def columns(self) -> dict[str, str]:
        """Return our field → heading."""
        return {name: self.cleaned_data[f"column_{name}"] for name in words.FIELDS if self.cleaned_data[f"column_{name}"]}

    def defaults(self) -> dict[str, str]:
        """Return our field → value where the file has no such column."""
        return {name: self.cleaned_data[f"default_{name}"] for name in self.DEFAULTS if self.cleaned_data[f"default_{name}"]}


class ReleaseForm(forms.Form):
    """What happens to bad rows."""

    mode = forms.ChoiceField(label=_("bad rows"), choices=ImportMode.choices, widget=forms.RadioSelect, initial=ImportMode.ALL_OR_NOTHING)
