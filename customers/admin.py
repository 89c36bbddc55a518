"""Customers in the auditors' read-only admin, masked."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.access.admin import ReadOnlyAdmin, auditor_site
from crm.fields.masks import mask
from customers.models import Customer


@admin.register(Customer, site=auditor_site)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers; sealed values show their masks by themselves."""

    list_display = ("reference", "core_number", "masked_name", "kind", "aml_risk_level", "risk_tolerance", "opening_branch", "manager")
    list_filter = ("kind", "aml_risk_level", "lifecycle_stage", "segment")
    list_select_related = ("opening_branch", "manager")
    search_fields = ("=reference", "=core_number")
    ordering = ("-id",)
    fields = (
        "reference", "core_number", "masked_name", "kind", "gender", "id_type", "id_number", "mobile", "email", "address", "region",
        "occupation", "income_band", "opening_branch", "manager", "segment", "aml_risk_level", "risk_tolerance", "lifecycle_stage",
        "credit_record",
    )  # fmt: skip

    @admin.display(description=_("Customer name"))
    def masked_name(self, customer: Customer) -> str:
        """The name as far as an auditor sees it here."""
        return mask("name", customer.name)
