"""The page of a line, the story of a request, the state of the chain."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit import services
from audit.choices import DATA_LABELS
from audit.models import Event, field_name
from audit.views.lists import result_level, view_level
from crm.access.errors import AccessError
from crm.access.gate import gated
from crm.access.scopes import ScopedQuerySet
from crm.access.services import actor_of, get_visible, may
from crm.lists.positions import position
from crm.log import anchors, proofs
from crm.log.models import Attestation, Head, Leaf
from crm.log.verifier import read_anchors

MOST_LEAVES = 50


@gated(services.VIEW)
@require_GET
def event_detail(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One line: who, what, before and after, and whether it still is what was written."""
    actor = actor_of(request)
    event = services.look_at(actor=actor, uid=uid)
    around = Event.objects.visible_to(actor).of_request(event.request_id).defer("body", "mac", "data")
    context = {
        "event": event,
        "result_level": result_level(event),
        "view_level": view_level(event),
        "changes": _changes(event),
        "details": _details(event.data),
        "check": proofs.check_line(event),
        "target_url": _target_url(actor, event),
        "story": list(around[:20]),
        "leaves": list(Leaf.objects.filter(event_id=event.pk).order_by("position")[:MOST_LEAVES]) if "batch" in event.data else [],
        "batches": proofs.batch_lines_of(event.target_ref)[:5] if event.target_ref else [],
        "here": position(request),
    }
    return render(request, "audit/event.html", context)


@gated(services.VIEW)
@require_GET
def request_story(request: HttpRequest, request_id: str) -> HttpResponse:
    """All that one request, task or command wrote."""
    lines = services.look_at_request(actor=actor_of(request), request_id=request_id)
    return render(request, "audit/request.html", {"request_id": request_id, "lines": lines, "first": lines[0] if lines else None})


@gated(services.VIEW)
@require_GET
def chain(request: HttpRequest) -> HttpResponse:
    """How long the chain is, since when it is attested and anchored, and how the last verifications ended."""
    actor = actor_of(request)
    outcomes = Event.objects.visible_to(actor).filter(action__in=["log.verified", "log.tampering_found", "log.attestation_adopted"])
    kept = read_anchors(anchors.path())
    head = Head.objects.get()
    attestation = Attestation.objects.first()
    context = {
        "head": head,
        "digest": bytes(head.hash).hex(),
        "attestation": attestation,
        "behind": head.seq - attestation.seq if attestation else head.seq,
        "anchors": kept[-5:][::-1],
        "anchor_count": len(kept),
        "outcomes": [{"event": event, "findings": event.data.get("findings", [])} for event in outcomes.order_by("-at")[:10]],
        "may_verify": may(actor, services.VERIFY),
    }
    return render(request, "audit/chain.html", context)


@gated(services.VERIFY)
@require_POST
def chain_verify(request: HttpRequest) -> HttpResponse:
    """Have the log verified now."""
    services.ask_verification(actor=actor_of(request))
    messages.success(request, _("The log is being verified. The outcome appears here as soon as a worker has it."))
    return redirect("audit:chain")


def _changes(event: Event) -> list[dict[str, Any]]:
    """Before and after, field by field, whichever of the two ways the line tells it."""
    data = event.data
    if isinstance(data.get("differences"), dict):
        return [{"field": _field_label(event, name), "before": pair[0], "after": pair[1]} for name, pair in data["differences"].items()]
    before, after = data.get("before"), data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    names = sorted({*before, *after})
    return [{"field": _field_label(event, name), "before": before.get(name, ""), "after": after.get(name, "")} for name in names]


def _field_label(event: Event, name: str) -> str:
    """What a field of the changed object is called in the reader's language."""
    try:
        field = apps.get_model(event.target_type)._meta.get_field(name)
        return str(getattr(field, "verbose_name", name))
    except (FieldDoesNotExist, LookupError, ValueError):
        return str(DATA_LABELS.get(name, name))


def _details(data: dict[str, Any]) -> list[tuple[str, Any]]:
    told = {"before", "after", "differences", "batch"}
    return [
        (str(DATA_LABELS.get(name, name)), _in_words(name, value))
        for name, value in sorted(data.items())
        if name not in told and value not in ("", None, [], {})
    ]


def _in_words(name: str, value: Any) -> Any:
    """A value as people read it: the field by its name in the policy, a truth as yes or no."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return field_name(value) if name == "field" and isinstance(value, str) else value


def _target_url(actor: Any, event: Event) -> str:
    """The page of what was acted on, when the reader may see it and it still is there."""
    try:
        model = apps.get_model(event.target_type) if event.target_type else None
    except LookupError:
        return ""
    if model is None or not hasattr(model, "get_absolute_url") or model is Event:
        return ""
    rows = model._default_manager.all()
    names = {field.name for field in model._meta.get_fields()}
    key = next((name for name in ("reference", "number", "code") if name in names), "")
    if not key or not isinstance(rows, ScopedQuerySet):
        return ""
    try:
        return str(get_visible(rows, actor, **{key: event.target_ref}).get_absolute_url())
    except (AccessError, DatabaseError):
        return ""
