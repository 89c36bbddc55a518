"""Proof 6, the API: what its own description allows, what it forbids, naughty texts and every column's name in every body.

Requests are drawn by schemathesis from the OpenAPI description, valid and not, as a partner, a partner whose terms have ended,
somebody of the staff with her session, and a stranger. No answer may be a 5xx, and nobody but the partner may change anything. Holes are
planted, and must be found.

What it cannot find: an answer that is wrong and no 5xx; an interface that the description leaves out (`test_matrix` asks every
route); states that only several requests in the right order reach.

Requirements: R251, R253, R259.
"""

import json
import time
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.serializers import Serializer

from crm.jobs.queue import captured
from crm.staff.models import ServiceClient
from crm.tests.personas import Bank, browser
from crm.tests.proofs.fingerprints import changed, fingerprints
from crm.tests.proofs.test_foreign_fields import columns
from crm.tests.proofs.test_forms_fuzzed import NAUGHTY
from products.models import Account
from transactions.api.fields import MomentField
from transactions.api.serializers import ClosedSerializer
from transactions.models import Source, Transaction
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db
PEOPLE = ("partner", "partner out of terms", "staff", "stranger")
QUICK, WHOLE = 2, 120
FEW = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


def client_of(who: str, bank: Bank, headers: dict[str, str]) -> Client:
    """Return who knocks."""
    if who == "staff":
        client = browser(bank.somebody("operations"))
        client.raise_request_exception = False
        return client
    if who == "partner out of terms":
        ServiceClient.objects.update(valid_until=timezone.now())
    return Client(raise_request_exception=False, headers=headers if who.startswith("partner") else {})


def operations() -> list[Any]:
    """Return every operation of the description."""
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    described = json.loads(json.dumps(generator.get_schema(request=None, public=True), default=str))
    schema: Any = schemathesis.openapi.from_dict(described)
    return [found.ok() for found in schema.get_all_operations()]


def send(client: Client, case: Any) -> int:
    """Send one drawn request."""
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool) or case.body is None else {}
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace("{" + name + "}", str(value).replace("/", "").replace("?", "").replace("#", "") or "x")
    sent = json.dumps(body, default=str) if body is not None else ""
    return client.generic(str(case.method).upper(), path, sent, "application/json").status_code


def fuzz(client: Client, examples: int) -> tuple[Counter[int], list[str]]:
    """Return how often each status was answered, and the 5xx."""
    counts: Counter[int] = Counter()
    failures: list[str] = []
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    for operation in operations():
        for mode in modes:

            @settings(FEW, max_examples=examples)
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case: Any) -> None:
                status = send(client, case)
                counts[status] += 1
                if status >= 500:
                    failures.append(f"{case.method} {case.path} {case.body!r}: {status}"[:300])

            try:
                one()
            except Unsatisfiable:
                continue  # an operation whose parameters cannot be wrong
    return counts, failures


@pytest.mark.parametrize("examples", [QUICK, pytest.param(WHOLE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("who", PEOPLE)
def test_whatever_is_sent(bank: Bank, mobile: Source, partner_headers: dict[str, str], who: str, examples: int) -> None:
    """R251: words, never a 5xx; nothing is changed by those who may not."""
    client, before, began = client_of(who, bank, partner_headers), fingerprints(), time.monotonic()
    counts, failures = fuzz(client, examples)
    print(f"\napi as {who}: {sum(counts.values())} requests {dict(counts)}, {len(failures)} of 5xx, {time.monotonic() - began:.0f} s")
    assert failures == []
    assert counts
    if who != "partner":
        assert set(counts) <= {400, 401, 403, 404, 405, 415}
        assert changed(before, fingerprints()) == []


def bodies(account: Account, row: Transaction) -> dict[str, dict[str, Any]]:
    """Return a valid body for each address that takes one."""
    new = {
        "source": "mobile",
        "external_id": "M-1",
        "account": account.reference,
        "direction": "D",
        "amount": "1.00",
        "currency": "CNY",
        "occurred_at": "2026-11-20T12:00:00+08:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "mobile",
    }
    status = {"external_id": "S-1", "status": "completed", "at": "2026-11-20T12:00:05+08:00", "reason": ""}
    return {"/api/v1/transactions/": new, "/api/v1/decisions/": new, f"/api/v1/transactions/{row.reference}/status/": status}


# What the API may be told beside the valid bodies above.
MAY_BE_TOLD = (
    *("cross_border", "customer_initiated", "operator", "remark", "transfer_id", "status", "reason"),
    *("counterparty_name", "counterparty_account", "counterparty_bank", "counterparty_country"),
)


def taken(client: Client, told: dict[str, dict[str, Any]], every: int) -> list[str]:
    """Send each name of a column beside a valid body; return what was not refused."""
    found, sent, began = [], 0, time.monotonic()
    for path, valid in told.items():
        for name in sorted(set(columns()) - {*valid, *MAY_BE_TOLD})[::every]:
            answer = client.post(path, json.dumps({**valid, name: "1"}), "application/json")
            sent += 1
            if answer.status_code != 400:
                found.append(f"{path} {name}: {answer.status_code}")
    print(f"\nforeign fields of the API: {sent} sent to {len(told)} addresses, {len(found)} taken, {time.monotonic() - began:.0f} s")
    return found


def broken(client: Client, told: dict[str, dict[str, Any]], every: int, only: str = "") -> list[str]:
    """Send every text in every field of every body; return the 5xx. What a valid one stores is undone."""
    found, sent, began = [], 0, time.monotonic()
    for path, valid in told.items():
        fields = sorted({*valid, *MAY_BE_TOLD}) if "status" not in valid else sorted(valid)
        for field, text in [(field, text) for field in fields for text in NAUGHTY if only in ("", field)][::every]:
            before = transaction.savepoint()
            with captured():
                status = client.post(path, json.dumps({**valid, field: text}), "application/json").status_code
            transaction.savepoint_rollback(before)
            sent += 1
            if status >= 500:
                found.append(f"{path} {field} {text[:40]!r}: {status}")
    print(f"\nnaughty texts by the API: {sent} sent to {len(told)} addresses, {len(found)} of 5xx, {time.monotonic() - began:.0f} s")
    return found


@pytest.fixture
def told(salary_account: Account, mobile: Source) -> dict[str, dict[str, Any]]:
    """Valid bodies; the one about a status is for a transaction that stands."""
    return bodies(salary_account, recorded(salary_account, 77, source="mobile"))


@pytest.mark.parametrize("every", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_no_column_is_set_from_outside(told: dict[str, dict[str, Any]], partner_headers: dict[str, str], every: int) -> None:
    """R251: each name of a column beside a valid body is refused, and nothing is stored."""
    client, before = Client(raise_request_exception=False, headers=partner_headers), fingerprints()
    assert taken(client, told, every) == []
    assert changed(before, fingerprints()) == []


@pytest.mark.parametrize("every", [29, pytest.param(1, marks=pytest.mark.slow)])
def test_naughty_texts_in_every_field(told: dict[str, dict[str, Any]], partner_headers: dict[str, str], every: int) -> None:
    """R251: each text in each field of a body that is valid without it."""
    assert broken(Client(raise_request_exception=False, headers=partner_headers), told, every) == []


def test_holes_in_the_api_are_found(
    told: dict[str, dict[str, Any]], partner_headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two holes: unknown fields passed over in silence; a moment read by the language's own parser, whose complaint nobody catches."""
    client, told = Client(raise_request_exception=False, headers=partner_headers), dict([next(iter(told.items()))])
    with monkeypatch.context() as hole:
        hole.setattr(ClosedSerializer, "to_internal_value", Serializer.to_internal_value)
        assert taken(client, told, 97)
    monkeypatch.setattr(MomentField, "read", lambda _self, text: datetime.fromisoformat(text))
    assert broken(client, told, 1, only="occurred_at")
