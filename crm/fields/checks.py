"""System checks over all models."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks

from crm.fields import keyprobe
from crm.fields.models import SealedModel
from crm.fields.policy import policy_of
from crm.fields.sealed import sealed_fields


def every_sealed_field_has_a_policy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Errors for sealed fields whose purpose and permission nobody registered, and for labels used twice."""
    problems: list[checks.CheckMessage] = []
    seen: dict[str, str] = {}
    for model in apps.get_models():
        if not issubclass(model, SealedModel):
            continue  # history tables carry the same fields, labels and seal ids
        for field in sealed_fields(model):
            place = f"{model._meta.label}.{field.name}"
            if policy_of(field.label) is None:
                problems.append(checks.Error(f"{place} has no field policy.", obj=model, id="fields.E005"))
            if seen.setdefault(field.label, place) != place:
                problems.append(checks.Error(f"{place} and {seen[field.label]} share a label.", obj=model, id="fields.E006"))
    return problems


def keys_open_what_is_stored(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Errors when the key file is missing, wrong or lacks a version that stored values need: nothing may start like that."""
    if not settings.CRM_KEYS and not settings.PRODUCTION:
        return []  # commands that touch no data still load; `operations.E010` says the rest
    hint = "Put the key file back (CRM_KEYS_FILE), or restore it from its two halves: manage.py join_key."
    return [checks.Error(problem, hint=hint, id="fields.E007") for problem in keyprobe.problems()]
