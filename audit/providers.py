"""What the auditor's rooms give to the ground's registries."""

from auditlog.registry import auditlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from crm.fields.sealed import sealed_fields
from crm.jobs.services import enqueue


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
