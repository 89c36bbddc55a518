"""The doors: record, read back, report a status, decide at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.access.services import actor_of, get_visible
from transactions.api.serializers import (
    DecisionSerializer,
    NewTransactionSerializer,
    ProblemSerializer,
    ResultListSerializer,
    ResultSerializer,
    StatusSerializer,
    TransactionSerializer,
    read_transaction,
    tell_transaction,
)
from transactions.choices import Channel, Direction, Instrument, Kind, Status
from transactions.models import Transaction
from transactions.services import NewTransaction, Outcome, Recorded, Step, change_status, decide_now, record
from transactions.validators import reason_text

MOST = 1_000
CODES = {Outcome.NEW: 201, Outcome.REFUSED: 201, Outcome.SAME: 200, Outcome.CONFLICT: 409, Outcome.INVALID: 400}
"""What each outcome is as an HTTP status: of the whole answer for one transaction, of each result in a list."""

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
        summary=_("Record one transaction, or a list of up to 1,000"),
        description=_(
            "Each transaction is stored once by (source, external_id). The same again is answered with what is stored (200), a different"
            " one under the same id is a conflict (409) that names the fields. A debit on a frozen account is stored as refused (201). A"
            " list is always answered with 200 and one result per transaction, in order; one bad transaction does not hinder the others."
        ),
        request=PolymorphicProxySerializer(
            component_name="TransactionOrList",
            serializers=[NewTransactionSerializer, NewTransactionSerializer(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        examples=[EXAMPLE],
        responses={200: ResultListSerializer, 201: ResultSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Record."""
        if isinstance(request.data, list):
            return self._many(request, request.data)
        (answer,) = record(actor=actor_of(request._request), rows=[_row(read_transaction(request.data))])
        if answer.problem is not None:
            raise answer.problem
        return Response(_result(answer), status=CODES[answer.outcome])

    def _many(self, request: Request, items: Sequence[Any]) -> Response:
        if not 1 <= len(items) <= MOST:
            raise ParseError("A list takes 1 to 1,000 transactions.")
        results: list[dict[str, Any] | None] = []
        rows: list[NewTransaction] = []
        for item in items:
            try:
                rows.append(_row(read_transaction(item)))
                results.append(None)
            except ValidationError as unreadable:
                results.append(_unreadable(item, unreadable.detail))
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
        summary=_("Read a transaction of one's own source"),
        description=_("Answers with what is stored and the status it has now."),
        responses={200: TransactionSerializer, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 429: PROBLEM},
    )
    def get(self, request: Request, reference: str) -> Response:
        """Read."""
        return Response(tell_transaction(_own(request, reference)))


class TransactionStatus(APIView):
    """The life of a transaction."""

    gate = {"POST": "transactions.change_status"}

    @extend_schema(
        operation_id="transactions_status",
        summary=_("Report what became of a transaction"),
        description=_("Idempotent by the id of the message; the same id with other content is a conflict (409). An impossible step: 400."),
        request=StatusSerializer,
        responses={200: TransactionSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def post(self, request: Request, reference: str) -> Response:
        """Report."""
        row = _own(request, reference)  # first: whatever is sent about a row out of scope is answered like one about none
        given = StatusSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        step = Step(
            status=Status(values["status"]),
            at=row.source.moment(values["at"]),
            source=row.source,
            external_id=values["external_id"],
            reason=values["reason"],
        )
        change_status(actor=actor_of(request._request), reference=row.reference, step=step)
        return Response(tell_transaction(_own(request, reference)), status=status.HTTP_200_OK)


class Decisions(APIView):
    """Deciding at once."""

    gate = {"POST": "transactions.decide_transaction"}

    @extend_schema(
        operation_id="decisions",
        summary=_("Record a transaction and have it judged at once"),
        description=_(
            "For channels that must know before money moves. The transaction is stored and judged in one database transaction. When the"
            " judge cannot answer, the transaction is stored, the label is review with reason engine_error, and it is judged as soon as"
            " possible. The same transaction again is answered with the verdict of now."
        ),
        request=NewTransactionSerializer,
        examples=[EXAMPLE],
        responses={200: DecisionSerializer, 201: DecisionSerializer, 400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Decide."""
        decided = decide_now(actor=actor_of(request._request), row=_row(read_transaction(request.data)))
        # Scenario codes would tell a customer's system what was noticed (no tipping-off).
        told = [reason for reason in decided.verdict.reasons if reason in ("refused", "engine_error")]
        answer = {
            "transaction": tell_transaction(decided.transaction),
            "verdict": {"label": decided.verdict.label, "reason": told[0] if told else ""},
        }
        return Response(answer, status=CODES[decided.recorded.outcome])
