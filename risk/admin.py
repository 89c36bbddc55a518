"""Rules, the large-value register, alerts and cases in the auditors' read-only admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.access.admin import ReadOnlyAdmin, auditor_site
from risk.models import Alert, Case, LargeValueRow, Rule


class OfCustomerAdmin(ReadOnlyAdmin):
    """Rows about one customer."""

    search_fields = ("=reference", "=customer__core_number", "=customer__reference")
    ordering = ("-id",)

    @admin.display(description=_("Core customer number"), ordering="customer__core_number")
    def core_number(self, row: Alert | Case | LargeValueRow) -> str:
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


@admin.register(Rule, site=auditor_site)
class RuleAdmin(ReadOnlyAdmin):
    """Rules; what they say is on the product's own pages."""

    reference_field = "code"
    list_display = ("code", "scenario", "name", "anomaly", "source")
    list_filter = ("anomaly",)
    search_fields = ("=code",)
    ordering = ("scenario", "code")
    fields = ("code", "scenario", "name", "anomaly", "source")


@admin.register(LargeValueRow, site=auditor_site)
class LargeValueRowAdmin(OfCustomerAdmin):
    """Rows of the large-value register."""

    list_display = ("reference", "core_number", "rule", "bank_date", "direction", "total", "state", "due_on")
    list_filter = ("state", "direction", "currency_group")
    list_select_related = ("customer", "rule")
    fields = (
        "reference", "core_number", "rule", "bank_date", "direction", "currency_group", "total", "threshold", "due_on", "state",
        "exemption", "exemption_reason", "decided_by", "decided_at", "created_at", "updated_at",
    )  # fmt: skip
