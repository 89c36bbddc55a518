"""Evidence shows what the verdict counted, also when a file brings more of the same customer while it is being judged.

Requirements: R087, R339.
"""

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from crm.access.actor import IMPORTER
from products.models import Account
from risk.models import Hit
from risk.services import consequences, screening
from risk.tests.work import cash_in
from transactions.models import Source
from transactions.services import record
from transactions.tests.personas import NOON, movement

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(*rows: Any) -> None:
    """Record as a piece of a file in a session of its own."""

    def work() -> None:
        try:
            record(actor=IMPORTER, rows=rows, beside_judging=True)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)


def test_what_arrives_between_verdict_and_evidence_is_no_evidence(
    core: Source, salary_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = cash_in(salary_account)
    late = movement(
        salary_account, "late", source="core", amount=Decimal(49_000), direction="C", instrument="cash", kind="deposit",
        occurred_at=NOON + timedelta(minutes=70),
    )  # fmt: skip
    follow = consequences.follow

    def meanwhile(**given: Any) -> Any:
        elsewhere(late)
        return follow(**given)

    with monkeypatch.context() as patch:
        patch.setattr(consequences, "follow", meanwhile)
        screening.judge(ids=[row.pk for row in rows])
    hits = list(Hit.objects.all())
    assert hits
    known = {row.pk for row in rows}
    assert all(set(hit.evidence["matched"]) <= known for hit in hits), "evidence that no verdict counted"
    while ids := screening.owed_ids():
        screening.judge(ids=ids)
    newest = Hit.objects.filter(transaction=rows[-1], supported=True).latest("pk")
    assert len(newest.evidence["matched"]) == 5
