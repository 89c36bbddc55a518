"""Proof 6, the API: what its own description allows, what it forbids, and every column's name in every body.

Requests are drawn by schemathesis from the OpenAPI description, valid and not, as a partner, a partner whose terms have ended,
somebody of the staff with her session, and a stranger. No answer may be a 5xx, and nobody but the partner may change anything.

What it cannot find: an answer that is wrong and no 5xx; an interface that the description leaves out (`test_matrix` asks every
route); states that only several requests in the right order reach.

Requirements: R251, R253, R259.
"""

import json
import time
from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from crm.staff.models import ServiceClient
from crm.tests.personas import Bank, browser
from crm.tests.proofs.fingerprints import changed, fingerprints
from crm.tests.proofs.test_forms_fuzzed import columns
from products.models import Account
from transactions.models import Source, Transaction

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


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_no_column_is_set_from_outside(salary_account: Account, mobile: Source, partner_headers: dict[str, str], every: bool) -> None:
    """R251: each name of a column beside a valid body is refused, and nothing is stored."""
    client, before = Client(raise_request_exception=False, headers=partner_headers), fingerprints()
    valid = {
        "source": "mobile",
        "external_id": "M-1",
        "account": salary_account.reference,
        "direction": "D",
        "amount": "1.00",
        "currency": "CNY",
        "occurred_at": "2026-11-20T12:00:00+08:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "mobile",
    }
    known = set(valid) | {"counterparty_name", "counterparty_account", "counterparty_bank", "counterparty_country", "remark", "transfer_id"}
    strange = sorted(set(columns()) - known - {"status", "operator", "cross_border", "customer_initiated"})
    strange, taken = strange if every else strange[::11], []
    for path in ("/api/v1/transactions/", "/api/v1/decisions/"):
        for name in strange:
            answer = client.post(path, json.dumps({**valid, name: "1"}), "application/json")
            if answer.status_code != 400:
                taken.append(f"{path} {name}: {answer.status_code}")
    print(f"\nextra fields of the API: {len(strange)} names × 2, {len(taken)} taken")
    assert taken == []
    assert not Transaction.objects.exists()
    assert changed(before, fingerprints()) == []
