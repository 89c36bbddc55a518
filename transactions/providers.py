"""What transactions register with the ground: search hits, kinds of job, a sweep."""

from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.services import may
from crm.jobs.kinds import JobKind
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.lists import formats
from crm.ui.search import LIMIT, Hit, Query
from transactions.models import Transaction
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
