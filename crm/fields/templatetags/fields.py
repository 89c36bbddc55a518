"""`{% sealed obj "mobile" %}`: the mask, with a way to the full value for those who may see it."""

from typing import Any

from django import template
from django.db import models

from crm.access.services import actor_of, may
from crm.fields.services import NotRevealable, sealed_field

register = template.Library()


@register.inclusion_tag("fields/_sealed.html", takes_context=True)
def sealed(context: dict[str, Any], obj: models.Model, name: str) -> dict[str, Any]:
    """The mask of a sealed field, and a button where the reader's role may reveal it."""
    value = getattr(obj, name)
    answer: dict[str, Any] = {"sealed": value, "state": "plain", "obj": obj}
    request = context.get("request")
    if request is None or not value:
        return answer
    try:
        field, policy = sealed_field(obj, name)
    except NotRevealable:
        return answer
    actor = actor_of(request)
    # Only the function is asked here: the record is on this reader's page, the service checks its scope again.
    if may(actor, policy.permission):
        answer |= {
            "state": "masked",
            "label": field.label,
            "reference": obj.reference,  # type: ignore[attr-defined]
            "name": policy.name,
            "asks_reason": policy.asks_reason(actor),
            "back": request.get_full_path(),
            "csrf_token": context.get("csrf_token"),
        }
    return answer
