"""What transactions register with the ground: search hits, kinds of job, a sweep."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.access.services import may
from crm.jobs.kinds import JobKind
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.lists import formats
from crm.staff import tiles
from crm.ui.search import LIMIT, Hit, Query
from customers.models import Customer
from transactions.choices import STOPPED, ImportState, Status
from transactions.models import FileImport, Transaction
from transactions.services import imports

PERMISSION = "transactions.view_transaction"
LABELS = {
    "rows_total": _("Rows"),
    "rows_new": _("New"),
    "rows_same": _("Stored before"),
    "rows_refused": _("Refused and kept"),
    "rows_bad": _("Bad rows"),
}


def find_transactions(user: Any, query: Query) -> list[Hit]:
    """Return the transactions with this reference, source id or transfer id; all exact, so that each costs an index look-up."""
    text = str(query)
    if not may(user, PERMISSION) or not text.isascii() or " " in text or not 4 <= len(text) <= 64:
        return []
    rows = Transaction.objects.visible_to(user).select_related("customer", "source")
    hits = []
    for found, why in (
        (rows.filter(reference=text.upper()), _("Transaction reference")),
        (rows.filter(transfer_id=text).exclude(transfer_id=""), _("Transfer id")),
        (rows.filter(Q(source_id__in=_sources()) & Q(external_id=text)), _("Transaction id of the source")),
    ):
        hits += [_hit(row, why) for row in found.order_by("-event_order")[:LIMIT]]
    return hits[:LIMIT]


def _sources() -> Any:
    # With the sources named, the unique (source, external id) index answers.
    from transactions.models import Source

    return list(Source.objects.values_list("pk", flat=True))


def _hit(row: Transaction, why: Any) -> Hit:
    amount = formats.amount(row.amount, row.currency)
    return Hit(
        kind=_("Transactions"),
        label=row.reference,
        detail=f"{formats.moment(row.occurred_at)} · {row.customer.name} · {row.get_direction_display()} {row.currency} {amount}",
        url=reverse("transactions:transaction", args=[row.reference]),
        why=why,
    )


def stopped_tile(actor: Actor) -> dict[str, Any] | None:
    """Return payments of the last seven days that did not go through, for people who serve these customers; officers have the queue."""
    if actor.reach(PERMISSION) == Reach.ALL and may(actor, "transactions.view_refusal"):
        return None
    since = timezone.now() - timedelta(days=7)
    rows = Transaction.objects.visible_to(actor).filter(status__in=STOPPED, received_at__gte=since).select_related("customer")
    lines = [
        tiles.Line(
            label=row.customer.name,
            url=reverse("transactions:transaction", args=[row.reference]),
            detail=f"{row.get_status_display()} · {row.currency} {formats.amount(row.amount, row.currency)}",
            note=formats.moment(row.occurred_at)[:16],
            level="hold" if row.status == Status.HELD else "mid",
        )
        for row in rows.order_by("-received_at")[: tiles.LONGEST]
    ]
    return {"lines": lines, "nothing": _("Every payment of the last seven days went through.")}


def file_tile(actor: Actor) -> dict[str, Any]:
    """Return the newest transaction files in reach, with how they ended."""
    rows = FileImport.objects.visible_to(actor).order_by("-uploaded_at")[: tiles.LONGEST]
    lines = [
        tiles.Line(
            label=row.file_name,
            url=reverse("transactions:import", args=[row.reference]),
            detail=str(row.get_state_display()),
            note=formats.moment(row.uploaded_at)[:16],
            level="high" if row.state == ImportState.FAILED else "",
        )
        for row in rows
    ]
    return {"lines": lines, "nothing": _("No file was uploaded yet.")}


def describe(job: Job) -> dict[str, Any]:
    """Return the figures of a checked or loaded file in words."""
    return {str(label): job.result[name] for name, label in LABELS.items() if name in job.result}


JOB_KINDS = (
    JobKind(code=imports.CHECK, label=_("Check of a transaction file"), task=imports.CHECK, describe=describe),
    JobKind(code=imports.LOAD, label=_("Loading of a transaction file"), task=imports.LOAD, describe=describe, ended=imports.loading_ended),
)


def sweep_uploads() -> None:
    """Have uploaded bytes removed that are older than 24 hours."""
    enqueue("transactions.remove_uploads", once_key="sweep")


def rates_arrived(**_signal: Any) -> None:
    """Have what waits for a rate rated; called after rates were loaded, and by a sweep in case that message was lost."""
    enqueue("transactions.rate_waiting", once_key="rates")


def payments_must_be_kept(customer: Any) -> Iterator[str]:
    """Object to erasing a customer whose last transaction is not as old as evidence must be kept."""
    since = timezone.now() - timedelta(days=366 * settings.EVIDENCE_YEARS)
    if isinstance(customer, Customer) and Transaction.objects.filter(account__customer=customer, occurred_at__gt=since).exists():
        yield "transactions"
