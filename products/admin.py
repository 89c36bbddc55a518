"""Accounts and freezes in the auditors' read-only admin, masked."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.access.admin import ReadOnlyAdmin, auditor_site
from crm.fields.masks import mask
from products.models import Account, Freeze


@admin.register(Account, site=auditor_site)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts; the number shows its last four digits."""

    list_display = ("reference", "number", "masked_holder", "core_number", "kind", "status", "currency", "opened_at", "branch")
    list_filter = ("kind", "status", "currency")
    list_select_related = ("customer", "branch", "data_key")
    search_fields = ("=reference", "=number_last4", "=customer__core_number", "=customer__reference")
    ordering = ("-id",)
    fields = (
        "reference", "number", "masked_holder", "core_number", "kind", "status", "currency", "branch", "reported_balance", "reported_at",
        "opened_at", "closed_at",
    )  # fmt: skip

    @admin.display(description=_("Account holder"))
    def masked_holder(self, account: Account) -> str:
        """The holder as far as an auditor sees it here."""
        return mask("name", account.holder_name)

    @admin.display(description=_("Core customer number"), ordering="customer__core_number")
    def core_number(self, account: Account) -> str:
        """Whose account it is."""
        return account.customer.core_number


@admin.register(Freeze, site=auditor_site)
class FreezeAdmin(ReadOnlyAdmin):
    """Freezes, standing and ended."""

    list_display = (
        "reference",
        "core_number",
        "subject",
        "kind",
        "authority",
        "state",
        "sequence",
        "placed_at",
        "placed_by_number",
        "ended_at",
    )
    list_filter = ("kind", "authority", "state")
    list_select_related = ("customer", "account")
    search_fields = ("=reference", "=document", "=customer__core_number", "=customer__reference")
    ordering = ("-id",)
    fields = (
        "reference", "core_number", "subject", "kind", "authority", "document", "amount", "currency", "reason", "sequence", "state",
        "placed_at", "placed_by_number", "valid_until", "lapses_at", "confirmed_at", "confirmed_by", "ended_at", "ended_by",
        "ended_reason", "lift_refused_at", "origin_type", "origin_reference",
    )  # fmt: skip

    @admin.display(description=_("Core customer number"), ordering="customer__core_number")
    def core_number(self, freeze: Freeze) -> str:
        """Whose money stands still."""
        return freeze.customer.core_number

    @admin.display(description=_("Subject"))
    def subject(self, freeze: Freeze) -> str:
        """The account's last four digits, or the whole customer."""
        return f"…{freeze.account.number_last4}" if freeze.account else str(_("Whole customer"))
