"""What the auditor's rooms give to the ground's registries."""

from datetime import datetime, time
from typing import Any

from auditlog.registry import auditlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from crm.access.actor import Actor
from crm.fields.sealed import sealed_fields
from crm.jobs.services import enqueue
from crm.lists import formats
from crm.staff import tiles

OUTCOMES = ("log.verified", "log.tampering_found")


def keep_differences(model: type[Model], *, hidden: tuple[str, ...] = ()) -> None:
    """Have the changes of a configuration model shown in the auditor's admin, field by field; in ``AppConfig.ready()``.

    A convenience beside the log, which is the evidence: bulk loads and bare SQL leave no difference. Models with sealed fields are
    refused: their values, masks included, have no business in a second table.
    """
    if sealed_fields(model):
        raise ImproperlyConfigured(f"{model._meta.label} has sealed fields: its versions are kept by crm.fields.history")
    auditlog.register(model, exclude_fields=list(hidden))


def sweep_anchor() -> None:
    """Have the newest state of the log written down outside the database."""
    enqueue("audit.anchor_log")


def sweep_verification() -> None:
    """Have the whole log verified."""
    enqueue("audit.verify_log")


def log_tile(actor: Actor) -> dict[str, Any]:
    """Return what the log took in since midnight, and how its last verification ended."""
    begins = datetime.combine(timezone.localdate(), time.min, tzinfo=timezone.get_default_timezone())
    seen = Event.objects.visible_to(actor)
    fresh = seen.filter(at__gte=begins)
    refused = fresh.filter(result="refused").count()
    last = seen.filter(action__in=OUTCOMES).order_by("-at").first()
    bad = last is not None and last.action == "log.tampering_found"
    where, since = reverse("audit:event_list"), f"at_from={timezone.localdate().isoformat()}"
    return {
        "figures": [
            tiles.Figure(label=_("Lines today"), value=fresh.count(), url=f"{where}?{since}"),
            tiles.Figure(label=_("Refused today"), value=refused, url=f"{where}?{since}&result=refused", level="mid" if refused else ""),
            tiles.Figure(
                label=_("Last verified"),
                value=formats.moment(last.at)[:16] if last else "—",
                note=str(last.action_label) if last else "",
                url=reverse("audit:chain"),
                level="high" if bad else "",
            ),
        ]
    }
