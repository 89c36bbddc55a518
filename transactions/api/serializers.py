"""What the API takes and what it answers: input and output apart, every field named."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from transactions.api.fields import AmountField, CodeField, CountryField, CurrencyField, ExternalIdField, FlagField, MomentField, TextField
from transactions.choices import CORE_SAYS, Channel, Direction, Instrument, Kind, Status
from transactions.services import Outcome
from transactions.services.resolving import FIRST_STATUSES
from transactions.validators import reason_text


class ClosedSerializer(serializers.Serializer[Any]):
    """A serializer that refuses what it does not know: a misspelt field must not be a field left out."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or every error by field."""
        if not isinstance(data, Mapping):
            raise ValidationError({"non_field_errors": [str(reason_text("not_an_object", {}))]})
        strange = sorted(set(data) - set(self.fields))
        if strange:
            raise ValidationError({name[:40]: [str(reason_text("unknown_field", {"names": name[:40]}))] for name in strange[:20]})
        return super().to_internal_value(data)


class NewTransactionSerializer(ClosedSerializer):
    """One transaction as its source tells it."""

    source = TextField(20, help_text=_("Code of the source system; the token must be allowed to speak for it."))  # type: ignore[assignment]
    external_id = ExternalIdField(help_text=_("The transaction's id in the source; stored once by (source, external_id)."))
    account = TextField(64, help_text=_("Our account number or account reference (A-…)."))
    direction = CodeField(Direction.choices, help_text=_("D debit, C credit, seen from the account."))
    amount = AmountField()
    currency = CurrencyField()
    occurred_at = MomentField(help_text=_("Not more than 5 minutes in the future."))
    kind = CodeField(Kind.choices)
    instrument = CodeField(Instrument.choices)
    channel = CodeField(Channel.choices)
    cross_border = FlagField(default=False)
    customer_initiated = FlagField(default=True)
    operator = TextField(20, required=False, default="", help_text=_("Shown as what the source says; decides nothing."))
    counterparty_name = TextField(120, required=False, default="")
    counterparty_account = TextField(64, required=False, default="")
    counterparty_bank = TextField(80, required=False, default="")
    counterparty_country = CountryField(required=False, default="CN")
    remark = TextField(200, required=False, default="")
    transfer_id = TextField(64, required=False, default="")
    status = CodeField(
        [(s.value, s.label) for s in FIRST_STATUSES if s], required=False, help_text=_("Default: received, or completed by source.")
    )


_NEW = NewTransactionSerializer()


def read_transaction(data: Any) -> dict[str, Any]:
    """Return the values of one transaction as told, or raise ``ValidationError`` with every error by field.

    One serializer reads them all: it keeps nothing of what it read, and building its twenty fields anew costs more than reading them.
    """
    if not isinstance(data, Mapping):
        raise ValidationError({"non_field_errors": [str(reason_text("not_an_object", {}))]})
    values: dict[str, Any] = _NEW.run_validation(data)
    return values


class ResultSerializer(serializers.Serializer[Any]):
    """What became of one transaction."""

    outcome = serializers.ChoiceField([(o.value, o.value) for o in Outcome])
    http_status = serializers.IntegerField(
        help_text=_("201 stored (also when refused and kept), 200 stored before, 409 conflict, 400 invalid.")
    )
    source = serializers.CharField()  # type: ignore[assignment]
    external_id = serializers.CharField()
    reference = serializers.CharField(required=False)
    status = serializers.ChoiceField(Status.choices, required=False)
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False)
    field = serializers.CharField(required=False, allow_null=True)
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class ResultListSerializer(serializers.Serializer[Any]):
    """The results in the order of the request, and how many of each."""

    results = ResultSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class TransactionSerializer(serializers.Serializer[Any]):
    """A stored transaction as a partner may read it; account and counterparty numbers stay inside."""

    reference = serializers.CharField()
    source = serializers.CharField(source="source.code")  # type: ignore[assignment]
    external_id = serializers.CharField()
    account = serializers.CharField(source="account.reference")
    direction = serializers.ChoiceField(Direction.choices)
    amount = serializers.DecimalField(38, 18, normalize_output=True)
    currency = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    bank_date = serializers.DateField()
    kind = serializers.ChoiceField(Kind.choices)
    instrument = serializers.ChoiceField(Instrument.choices)
    channel = serializers.ChoiceField(Channel.choices)
    status = serializers.ChoiceField(Status.choices)
    status_at = serializers.DateTimeField()
    transfer_id = serializers.CharField()


_TOLD = TransactionSerializer()


def tell_transaction(row: Any) -> dict[str, Any]:
    """Return a stored transaction, or what a decision tells of it, as a partner may read it; by one serializer, like `read_transaction`."""
    shown: dict[str, Any] = _TOLD.to_representation(row)
    return shown


class StatusSerializer(ClosedSerializer):
    """The core's word on what became of a transaction: an event of its own, idempotent by (source, external_id)."""

    external_id = ExternalIdField(help_text=_("Id of the message in the transaction's source."))
    status = CodeField([(s.value, s.label) for s in CORE_SAYS])
    at = MomentField(help_text=_("When it happened; without an offset in the source's zone."))
    reason = TextField(200, required=False, default="")


class VerdictSerializer(serializers.Serializer[Any]):
    """The label, mildest first: allow, challenge, review, hold, decline. The scenario behind it is not told."""

    label = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField(help_text=_("Empty, or refused, or engine_error (then the label is review)."))


class DecisionSerializer(serializers.Serializer[Any]):
    """What was stored and what may happen."""

    transaction = TransactionSerializer()
    verdict = VerdictSerializer()


class ProblemSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False, allow_null=True)
    errors = serializers.DictField(required=False)  # type: ignore[assignment]
    request_id = serializers.CharField()
