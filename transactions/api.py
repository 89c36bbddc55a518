"""The doors for other systems: transactions, their status, and decisions that cannot wait.

Input is read strictly: amounts and times are text in ASCII, one meaning each; unknown fields, numbers where text belongs and
characters that look alike are refused with 400 and the reason.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.access.services import actor_of, get_visible
from transactions.choices import Channel, Direction, Instrument, Kind, Status
from transactions.models import Transaction
from transactions.services import NewTransaction, Outcome, Recorded, Step, change_status, decide_now, record
from transactions.services.resolving import FIRST_STATUSES
from transactions.validators import (
    BadValue,
    plain_text,
    read_amount,
    read_country,
    read_currency,
    read_external_id,
    read_moment,
    reason_text,
)

MOST = 1_000
CODES = {Outcome.NEW: 201, Outcome.REFUSED: 201, Outcome.SAME: 200, Outcome.CONFLICT: 409, Outcome.INVALID: 400}
"""What each outcome is as an HTTP status: of the whole answer for one transaction, of each result in a list."""


class _Strict(serializers.Field[Any, Any, Any, Any]):
    """Text, read by one of the product's readers; no other JSON type is taken for it."""

    def to_internal_value(self, data: Any) -> Any:
        """Return what the reader makes of the text."""
        if not isinstance(data, str):
            raise ValidationError(str(reason_text("not_text", {})), code="not_text")
        try:
            return self.read(data)
        except BadValue as problem:
            raise ValidationError(str(problem), code=problem.code) from None

    def read(self, text: str) -> Any:
        """Return the value; raise ``BadValue``."""
        raise NotImplementedError

    def to_representation(self, value: Any) -> Any:
        """Return the value as text."""
        return str(value)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,18})?$", "example": "1234.50"})
class AmountField(_Strict):
    """A positive amount as text."""

    def read(self, text: str) -> Decimal:
        """Return the amount."""
        return read_amount(text, grouped=False)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(_Strict):
    """A moment in ISO 8601; without an offset it is read in the source's time zone."""

    def read(self, text: str) -> datetime:
        """Return the moment."""
        if "T" not in text:
            raise BadValue("time_unreadable", value=text[:40])
        return read_moment(text)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]{1,64}$"})
class ExternalIdField(_Strict):
    """The source's own id."""

    def read(self, text: str) -> str:
        """Return the id."""
        return read_external_id(text)


@extend_schema_field({"type": "string", "pattern": "^[A-Z][A-Z0-9]{2,7}$", "example": "CNY"})
class CurrencyField(_Strict):
    """ISO or token code."""

    def read(self, text: str) -> str:
        """Return the code."""
        return read_currency(text)


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{2}$", "example": "CN"})
class CountryField(_Strict):
    """ISO country code."""

    def read(self, text: str) -> str:
        """Return the code."""
        return read_country(text)


@extend_schema_field(OpenApiTypes.STR)
class TextField(_Strict):
    """Text of limited length without control characters."""

    def __init__(self, limit: int, **kwargs: Any) -> None:
        self.limit = limit
        super().__init__(**kwargs)

    def read(self, text: str) -> str:
        """Return the trimmed text."""
        return plain_text(text, self.limit, self.field_name or "", required=self.required)


class FlagField(serializers.BooleanField):
    """true or false, not words or numbers for them."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value."""
        if not isinstance(data, bool):
            raise ValidationError(str(reason_text("not_boolean", {})), code="not_boolean")
        return data


class CodeField(serializers.ChoiceField):
    """One of the listed codes, as text."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the code."""
        if not isinstance(data, str) or data not in self.choices:
            known = ", ".join(str(code) for code in self.choices)
            raise ValidationError(str(reason_text("unknown_code", {"value": str(data)[:40], "known": known})), code="unknown_code")
        return data


class _ClosedSerializer(serializers.Serializer[Any]):
    """A serializer that refuses what it does not know: a misspelt field must not be a field left out."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or every error by field."""
        if not isinstance(data, Mapping):
            raise ValidationError({"non_field_errors": [str(reason_text("not_an_object", {}))]})
        strange = sorted(set(data) - set(self.fields))
        if strange:
            raise ValidationError({name[:40]: [str(reason_text("unknown_field", {"names": name[:40]}))] for name in strange[:20]})
        return super().to_internal_value(data)


class NewTransactionSerializer(_ClosedSerializer):
    """One transaction as its source tells it."""

    source = TextField(20, help_text="Code of the source system; the token must be allowed to speak for it.")  # type: ignore[assignment]
    external_id = ExternalIdField(help_text="The transaction's id in the source; stored once by (source, external_id).")
    account = TextField(64, help_text="Our account number or account reference (A-…).")
    direction = CodeField(Direction.choices, help_text="D debit, C credit, seen from the account.")
    amount = AmountField()
    currency = CurrencyField()
    occurred_at = MomentField(help_text="Not more than 5 minutes in the future.")
    kind = CodeField(Kind.choices)
    instrument = CodeField(Instrument.choices)
    channel = CodeField(Channel.choices)
    cross_border = FlagField(default=False)
    customer_initiated = FlagField(default=True)
    operator = TextField(20, required=False, default="")
    counterparty_name = TextField(120, required=False, default="")
    counterparty_account = TextField(64, required=False, default="")
    counterparty_bank = TextField(80, required=False, default="")
    counterparty_country = CountryField(required=False, default="CN")
    remark = TextField(200, required=False, default="")
    transfer_id = TextField(64, required=False, default="")
    status = CodeField(
        [(s.value, s.value) for s in FIRST_STATUSES if s], required=False, help_text="Default: received, or completed by source."
    )


class ResultSerializer(serializers.Serializer[Any]):
    """What became of one transaction."""

    outcome = serializers.ChoiceField([(o.value, o.value) for o in Outcome])
    http_status = serializers.IntegerField(
        help_text="201 stored (also when refused and kept), 200 stored before, 409 conflict, 400 invalid."
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


class StatusSerializer(_ClosedSerializer):
    """The core's word on what became of a transaction: an event of its own, idempotent by (source, external_id)."""

    external_id = ExternalIdField(help_text="Id of the message in the transaction's source.")
    status = CodeField([(s.value, s.label) for s in Status if s not in (Status.RECEIVED, Status.REFUSED)])
    at = MomentField(help_text="When it happened; without an offset in the source's zone.")
    reason = TextField(200, required=False, default="")


class VerdictSerializer(serializers.Serializer[Any]):
    """The label, mildest first: allow, challenge, review, hold, decline. The scenario behind it is not told."""

    label = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField(help_text="Empty, or refused, or engine_error (then the label is review).")


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


PROBLEM = OpenApiResponse(ProblemSerializer)
EXAMPLE = OpenApiExample(
    "One transaction",
    value={
        "source": "mobile",
        "external_id": "M20261121-000017",
        "account": "A-7K3MQ2XW",
        "direction": "D",
        "amount": "1234.50",
        "currency": "CNY",
        "occurred_at": "2026-11-21T14:30:05+08:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "mobile",
    },
    request_only=True,
)


def _row(values: Mapping[str, Any]) -> NewTransaction:
    coded: dict[str, Any] = {"direction": Direction, "kind": Kind, "instrument": Instrument, "channel": Channel, "status": Status}
    return NewTransaction(**{name: coded[name](value) if name in coded else value for name, value in values.items()})


def _result(answer: Recorded) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "outcome": answer.outcome.value,
        "http_status": CODES[answer.outcome],
        "source": answer.source,
        "external_id": answer.external_id,
    }
    if answer.problem is None:
        return {**shown, "reference": answer.reference, "status": answer.status}
    return {**shown, "code": answer.problem.code, "message": str(answer.problem), "field": answer.problem.field}


def _unreadable(data: Any, errors: Any) -> dict[str, Any]:
    known = data if isinstance(data, Mapping) else {}
    words = {name: str(known[name])[:64] if isinstance(known.get(name), str) else "" for name in ("source", "external_id")}
    message = str(reason_text("missing", {})) if not errors else str(next(iter(errors.values()))[0])
    return {"outcome": "invalid", "http_status": 400, **words, "code": "invalid", "message": message, "errors": errors}


class TransactionList(APIView):
    """Recording."""

    gate = {"POST": "transactions.add_transaction"}

    @extend_schema(
        operation_id="transactions_record",
        summary="Record one transaction, or a list of up to 1,000",
        description=(
            "Each transaction is stored once by (source, external_id). The same again is answered with what is stored (200), a different"
            " one under the same id is a conflict (409) that names the fields. A debit on a frozen account is stored as refused (201). A"
            " list is always answered with 200 and one result per transaction, in order; one bad transaction does not hinder the others."
        ),
        request=PolymorphicProxySerializer(
            component_name="TransactionOrList",
            serializers=[NewTransactionSerializer, NewTransactionSerializer(many=True)],
            resource_type_field_name=None,
        ),
        examples=[EXAMPLE],
        responses={200: ResultListSerializer, 201: ResultSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 409: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Record."""
        if isinstance(request.data, list):
            return self._many(request, request.data)
        given = NewTransactionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        (answer,) = record(actor=actor_of(request._request), rows=[_row(given.validated_data)])
        if answer.problem is not None:
            raise answer.problem
        return Response(_result(answer), status=CODES[answer.outcome])

    def _many(self, request: Request, items: Sequence[Any]) -> Response:
        if not 1 <= len(items) <= MOST:
            raise ParseError("A list takes 1 to 1,000 transactions.")
        results: list[dict[str, Any] | None] = []
        rows: list[NewTransaction] = []
        for item in items:
            given = NewTransactionSerializer(data=item)
            if given.is_valid():
                rows.append(_row(given.validated_data))
                results.append(None)
            else:
                results.append(_unreadable(item, given.errors))
        answers = iter(record(actor=actor_of(request._request), rows=rows))
        full = [_result(next(answers)) if result is None else result for result in results]
        counts = {outcome.value: sum(r["outcome"] == outcome for r in full) for outcome in Outcome}
        return Response({"results": full, "counts": counts})


def _own(request: Request, reference: str) -> Transaction:
    rows = Transaction.objects.select_related("source", "account")
    return get_visible(rows, actor_of(request._request), "transactions.view_transaction", reference=reference)


class TransactionDetail(APIView):
    """Reading back."""

    gate = {"GET": "transactions.view_transaction"}

    @extend_schema(
        operation_id="transactions_read",
        summary="Read a transaction of one's own source",
        responses={200: TransactionSerializer, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: Request, reference: str) -> Response:
        """Read."""
        return Response(TransactionSerializer(_own(request, reference)).data)


class TransactionStatus(APIView):
    """The life of a transaction."""

    gate = {"POST": "transactions.change_status"}

    @extend_schema(
        operation_id="transactions_status",
        summary="Report what became of a transaction",
        description="Idempotent by the id of the message; the same id with other content is a conflict (409). An impossible step: 400.",
        request=StatusSerializer,
        responses={200: TransactionSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM},
    )
    def post(self, request: Request, reference: str) -> Response:
        """Report."""
        given = StatusSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = _own(request, reference)
        values = given.validated_data
        step = Step(
            status=Status(values["status"]),
            at=row.source.moment(values["at"]),
            source=row.source,
            external_id=values["external_id"],
            reason=values["reason"],
        )
        change_status(actor=actor_of(request._request), reference=row.reference, step=step)
        return Response(TransactionSerializer(_own(request, reference)).data, status=status.HTTP_200_OK)


class Decisions(APIView):
    """Deciding at once."""

    gate = {"POST": "transactions.decide_transaction"}

    @extend_schema(
        operation_id="decisions",
        summary="Record a transaction and have it judged at once",
        description=(
            "For channels that must know before money moves. The transaction is stored and judged in one database transaction. When the"
            " judge cannot answer, the transaction is stored, the label is review with reason engine_error, and it is judged as soon as"
            " possible. The same transaction again is answered with the verdict of now."
        ),
        request=NewTransactionSerializer,
        examples=[EXAMPLE],
        responses={200: DecisionSerializer, 201: DecisionSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 409: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Decide."""
        given = NewTransactionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        decided = decide_now(actor=actor_of(request._request), row=_row(given.validated_data))
        # Scenario codes would tell a customer's system what was noticed (no tipping-off).
        told = [reason for reason in decided.verdict.reasons if reason in ("refused", "engine_error")]
        answer = {
            "transaction": TransactionSerializer(decided.transaction).data,
            "verdict": {"label": decided.verdict.label, "reason": told[0] if told else ""},
        }
        return Response(answer, status=CODES[decided.recorded.outcome])


app_name = "transactions-api"

urlpatterns = [
    path("transactions/", TransactionList.as_view(), name="transaction_list"),
    path("transactions/<ref:reference>/", TransactionDetail.as_view(), name="transaction"),
    path("transactions/<ref:reference>/status/", TransactionStatus.as_view(), name="transaction_status"),
    path("decisions/", Decisions.as_view(), name="decisions"),
]
