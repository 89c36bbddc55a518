"""Transactions and files in the auditors' read-only admin."""

from typing import Any

from django.contrib import admin

from crm.access.admin import ReadOnlyAdmin, auditor_site
from transactions.models import FileImport, Transaction


@admin.register(Transaction, site=auditor_site)
class TransactionAdmin(ReadOnlyAdmin):
    """Transactions, masked."""

    list_display = ("reference", "occurred_at", "direction", "amount", "currency", "kind", "status", "source")
    list_filter = ("status", "kind", "direction", "channel")
    search_fields = ("=reference", "=external_id", "=transfer_id")
    ordering = ("-id",)
    list_select_related = ("source",)
    fields = (
        "reference",
        "source",
        "external_id",
        "direction",
        "amount",
        "currency",
        "amount_cny",
        "amount_usd",
        "rate_date",
        "occurred_at",
        "received_at",
        "bank_date",
        "kind",
        "instrument",
        "channel",
        "cross_border",
        "customer_initiated",
        "operator",
        "counterparty_account",
        "counterparty_bank",
        "counterparty_country",
        "transfer_id",
        "status",
        "status_at",
        "reversed_at",
        "refusal",
        "screening",
        "owed_cause",
    )


@admin.register(FileImport, site=auditor_site)
class FileImportAdmin(ReadOnlyAdmin):
    """Uploaded files and what became of them."""

    list_display: Any = ("reference", "uploaded_at", "file_name", "source", "state", "rows_total", "rows_new", "rows_bad")
    list_filter = ("state", "source")
    search_fields = ("=reference", "file_name", "file_digest")
    ordering = ("-id",)
    fields = (
        "reference",
        "source",
        "mode",
        "file_name",
        "file_digest",
        "size",
        "state",
        "columns",
        "defaults",
        "rows_total",
        "rows_new",
        "rows_same",
        "rows_bad",
        "rows_refused",
        "uploaded_by",
        "uploaded_at",
        "finished_at",
        "removed_at",
    )
