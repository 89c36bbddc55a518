"""Alerts and cases in the auditors' read-only admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.access.admin import ReadOnlyAdmin, auditor_site
from risk.models import Alert, Case


class OfCustomerAdmin(ReadOnlyAdmin):
    """Rows about one customer."""

    search_fields = ("=reference", "=customer__core_number", "=customer__reference")
    ordering = ("-id",)

    @admin.display(description=_("Core customer number"), ordering="customer__core_number")
    def core_number(self, row: Alert | Case) -> str:
        """Whom it is about."""
        return row.customer.core_number


@admin.register(Alert, site=auditor_site)
class AlertAdmin(OfCustomerAdmin):
    """Alerts and what became of them."""

    list_display = ("reference", "core_number", "rule", "band", "priority", "amount_at_risk", "hits", "state", "created_at", "disposition")
    list_filter = ("state", "band", "disposition")
    list_select_related = ("customer", "rule")
    fields = (
        "reference", "core_number", "rule", "state", "band", "priority", "amount_at_risk", "hits", "first_hit_at", "last_hit_at",
        "created_at", "due_at", "supported", "claimed_by", "claimed_at", "case", "disposition", "dismissal_reason", "finished_by",
        "finished_at", "escalated_at",
    )  # fmt: skip


@admin.register(Case, site=auditor_site)
class CaseAdmin(OfCustomerAdmin):
    """Cases and their conclusions."""

    list_display = ("reference", "core_number", "state", "step", "officer", "opened_at", "due_at", "disposition", "closed_at")
    list_filter = ("state", "step", "disposition")
    list_select_related = ("customer", "officer")
    fields = (
        "reference", "core_number", "state", "step", "summary", "officer", "opened_by", "opened_at", "due_at", "disposition", "conclusion",
        "closed_by", "closed_at",
    )  # fmt: skip
