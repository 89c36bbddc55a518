"""Pages about transactions: the list, one of them with its life, entering one by hand, deciding on one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.errors import DomainError, NotVisible
from crm.access.gate import gated, signed_in_page
from crm.access.services import actor_of, get_visible, may, require
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from transactions import services
from transactions.choices import DECIDED, NEXT_STATUS, NOT_CARRIED_OUT, PENDING, Status
from transactions.forms import ActForm, TransactionForm, one_time_token
from transactions.models import StatusEvent, Transaction
from transactions.services import Outcome
from transactions.views.lists import TransactionList, status_level

VIEW = "transactions.view_transaction"
RELATED = ("customer", "account", "source", "data_key", "refused_by", "entered_by")
ACTS: dict[str, tuple[Status, str, Callable[..., Transaction], str | Promise]] = {
    "release": (Status.RELEASED, "transactions.release_transaction", services.release_held, gettext_lazy("Release")),
    "decline": (Status.DECLINED, "transactions.release_transaction", services.decline_held, gettext_lazy("Decline")),
    "revoke": (Status.REVOKED, "transactions.revoke_transaction", services.revoke, gettext_lazy("Revoke")),
    "reverse": (Status.REVERSED, "transactions.reverse_transaction", services.reverse, gettext_lazy("Reverse")),
}
"""What a person may do with a transaction: the status it leads to, the permission, the verb, its name."""


@gated(VIEW)
def transaction_list(request: HttpRequest) -> HttpResponse:
    """List the transactions in reach."""
    extra = {"may_add": may(actor_of(request), "transactions.add_transaction")}
    return render_list(request, TransactionList(), template="transactions/transaction_list.html", extra=extra)


@gated(VIEW)
def transaction_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one transaction; looking is written in the log."""
    actor = actor_of(request)
    with transaction.atomic():
        row = get_visible(Transaction.objects.select_related(*RELATED), actor, reference=reference)
        log.record(actor=actor, action="transaction.viewed", target=row)
    context = {"row": row, "acts": _acts(request, row), "here": position(request), **_life(request, row)}
    return render(request, "transactions/transaction.html", context)


@gated(VIEW, polling=True)
def transaction_status(request: HttpRequest, reference: str) -> HttpResponse:
    """Show where a transaction stands: the part of the page that asks for itself while something may still happen."""
    row = get_visible(Transaction.objects.select_related(*RELATED), actor_of(request), reference=reference)
    return render(request, "transactions/_status.html", {"row": row, **_life(request, row)})


def _life(request: HttpRequest, row: Transaction) -> dict[str, Any]:
    """What the status panel shows; who stopped or let go a payment, and why, is told only to those who may know."""
    may_see = may(actor_of(request), "transactions.view_refusal")
    events = row.status_events.select_related("source").order_by("id")
    return {
        "events": [_told(event, may_see) for event in events],
        "level": status_level(row),
        "under_way": row.status in PENDING,
        "not_carried_out": row.status in NOT_CARRIED_OUT,
        "may_see_refusal": may_see,
    }


def _told(event: StatusEvent, may_see: bool) -> StatusEvent:
    """A step as a reader may know it: of a decision of ours that it was taken and when, nothing of who and why."""
    if not may_see and event.status in DECIDED and not event.external_id:
        event.operator = event.reason = ""
    return event


def _acts(request: HttpRequest, row: Transaction) -> list[dict[str, Any]]:
    actor = actor_of(request)
    possible = NEXT_STATUS.get(Status(row.status), frozenset())
    return [
        {"name": name, "label": label, "danger": name != "release"}
        for name, (status, permission, _verb, label) in ACTS.items()
        if status in possible and may(actor, permission, row)
    ]


@gated("transactions.add_transaction")
def transaction_create(request: HttpRequest) -> HttpResponse:
    """Enter one transaction by hand; sent twice, it is one transaction and the same page."""
    actor = actor_of(request)
    initial = {"token": one_time_token(), "account": request.GET.get("account", "")[:64]}
    form = TransactionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            answer = services.record_one(actor=actor, row=form.row(number=actor.number))
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            _tell(request, answer.outcome)
            return redirect("transactions:transaction", reference=answer.reference)
    return render(request, "transactions/transaction_form.html", {"form": form})


def _tell(request: HttpRequest, outcome: Outcome) -> None:
    if outcome == Outcome.NEW:
        messages.success(request, _("The transaction is recorded."))
    elif outcome == Outcome.SAME:
        messages.info(request, _("This form was sent before: the transaction below is the one recorded then."))
    else:
        messages.warning(request, _("The transaction was not carried out. The attempt is kept."))


@signed_in_page("each act asks for its own permission before anything is shown")
def transaction_act(request: HttpRequest, reference: str, act: str) -> HttpResponse:
    """Release, decline, revoke or reverse, with a reason."""
    if act not in ACTS:
        raise NotVisible(VIEW, detail=act)
    actor = actor_of(request)
    _status, permission, verb, label = ACTS[act]
    require(actor, permission)
    row = get_visible(Transaction.objects.select_related(*RELATED), actor, permission, reference=reference)
    form = ActForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verb(actor=actor, row=row, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The decision is recorded."))
            return redirect("transactions:transaction", reference=reference)
    context = {"form": form, "row": row, "label": label, "danger": act != "release"}
    return render(request, "transactions/transaction_act.html", context)
