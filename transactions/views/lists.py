"""The lists of transactions and of their files."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.actor import Actor
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag, NumberRange, Preset, Related, Text
from crm.lists.terms import Query
from crm.staff.filters import BranchTree, branches_of
from customers.models import Customer
from products.models import Account
from transactions.choices import Channel, Direction, ImportState, Instrument, Kind, Status
from transactions.models import UNRATED, FileImport, Source, Transaction

STATUS_LEVELS = {
    Status.HELD: "hold",
    Status.REFUSED: "high",
    Status.DECLINED: "high",
    Status.FAILED: "mid",
    Status.ABORTED: "mid",
    Status.REVOKED: "mid",
    Status.REVERSED: "mid",
    Status.COMPLETED: "low",
}
IMPORT_LEVELS = {ImportState.DONE: "low", ImportState.FAILED: "high", ImportState.REJECTED: "mid", ImportState.RUNNING: "info"}


def status_level(row: Transaction) -> str:
    """Return the badge's level for a status."""
    return STATUS_LEVELS.get(Status(row.status), "")


def import_level(row: FileImport) -> str:
    """Return the badge's level for a file's state."""
    return IMPORT_LEVELS.get(ImportState(row.state), "")


def counterparty(row: Transaction) -> str:
    """Return the counterparty as a list shows it: name and last four."""
    return " ".join(filter(None, (row.counterparty_name, f"…{row.counterparty_last4}" if row.counterparty_last4 else "")))


class TransactionList(ListDefinition):
    """Transactions of the customers in reach, newest first."""

    name = "transactions.transaction"
    title = _("Transactions")
    permission = "transactions.view_transaction"
    export_permission = "transactions.export_transaction"
    columns = (
        Column("occurred_at", _("Time"), kind="moment", sort="event_order"),
        Column("reference", _("Transaction reference"), kind="mono", head=True),
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin"),
        Column("core_number", _("Core customer number"), value="customer.core_number", kind="mono", shown=False),
        Column("account", _("Account"), value=lambda row: f"…{row.account.number_last4}", kind="mono"),
        Column("direction", _("Debit or credit"), value="get_direction_display"),
        Column("kind", _("Transaction type"), value="get_kind_display"),
        Column("amount", _("Amount"), kind="money", sort="amount", currency="currency"),
        Column("amount_cny", _("CNY equivalent"), kind="money", sort="amount_cny", shown=False),
        Column("counterparty", _("Counterparty"), value=counterparty),
        Column("channel", _("Channel"), value="get_channel_display"),
        Column("instrument", _("Cash or transfer"), value="get_instrument_display", shown=False),
        Column("status", _("Status"), value="get_status_display", kind="badge", level=status_level),
        Column("source", _("Source"), value="source.code", kind="mono", shown=False),
        Column("received_at", _("Received at"), kind="moment", shown=False),
    )
    filters = (
        DateRange("day", _("Bank date"), field="bank_date"),
        NumberRange("amount", _("Amount"), field="amount"),
        Choice("direction", _("Debit or credit"), Direction.choices),
        Choice("status", _("Status"), Status.choices, multiple=True),
        Choice("kind", _("Transaction type"), Kind.choices, multiple=True),
        Choice("channel", _("Channel"), Channel.choices, multiple=True),
        Choice("instrument", _("Cash or transfer"), Instrument.choices),
        Text("customer", _("Customer reference"), field="customer__reference", exact=True),
        Text("account", _("Account reference"), field="account__reference", exact=True),
        Text("counterparty", _("Counterparty name"), field="counterparty_name"),
        Text("transfer", _("Transfer id"), field="transfer_id", exact=True, longest=64),
        Related("source", _("Source"), lambda _actor: Source.objects.order_by("code")),
        Flag("cross_border", _("Cross-border"), lambda rows, _actor: rows.filter(cross_border=True)),
        DateRange("received", _("Received at"), field="received_at"),
        BranchTree(
            "branch", _("Opening branch"), branches_of("transactions.view_transaction"), field="customer__opening_branch", at="received_at"
        ),
        Flag("unrated", _("Without a rate"), lambda rows, _actor: rows.filter(UNRATED)),
    )
    presets = (
        Preset(pgettext_lazy("list of transactions", "Held"), {"status": "held"}),
        Preset(pgettext_lazy("list of transactions", "Refused"), {"status": "refused"}),
        Preset(_("Cash"), {"instrument": "cash"}),
        Preset(_("Cross-border"), {"cross_border": "on"}),
    )
    default_sort = ("-occurred_at",)
    empty_text = _("Transactions appear here as soon as a door has taken them in.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the transactions in reach."""
        return Transaction.objects.visible_to(actor).select_related("customer", "account", "source")

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Return the transactions of the customers, of the account's last four, or with the number that was typed.

        One reading each, and each an index look-up: among millions of rows a search in every column would take seconds.
        """
        text = str(query)
        if text.upper().startswith("T-"):
            return rows.filter(reference=text.upper())
        if len(query.digits) == 4:
            return rows.filter(account_id__in=list(Account.objects.filter(number_last4=query.digits).values_list("pk", flat=True)))
        of_customers = Customer.objects.filter(core_number=query.compact) if query.digits else Customer.objects.named(text)
        if of_customers.exists():
            return rows.filter(customer__in=of_customers)
        sources = list(Source.objects.values_list("pk", flat=True))
        return rows.filter(Q(source_id__in=sources, external_id=text) | Q(transfer_id=text))

    def row_url(self, row: Any) -> str:
        """Return the address of the transaction page."""
        return reverse("transactions:transaction", args=[row.reference])


class ImportList(ListDefinition):
    """Uploaded files, newest first."""

    name = "transactions.fileimport"
    title = _("Transaction files")
    permission = "transactions.view_fileimport"
    columns = (
        Column("uploaded_at", _("Uploaded at"), kind="moment", sort="uploaded_at"),
        Column("reference", _("File number"), kind="mono", head=True),
        Column("file_name", _("File name")),
        Column("source", _("Source"), value="source.code", kind="mono"),
        Column("state", _("State"), value="get_state_display", kind="badge", level=import_level),
        Column("rows_total", _("Rows"), kind="number"),
        Column("rows_new", _("New"), kind="number"),
        Column("rows_same", _("Stored before"), kind="number"),
        Column("rows_refused", _("Refused and kept"), kind="number"),
        Column("rows_bad", _("Bad rows"), kind="number", level=lambda row: "high" if row.rows_bad else ""),
        Column("uploaded_by", _("Uploaded by"), value="uploaded_by.name"),
    )
    filters = (
        Choice("state", _("State"), ImportState.choices, multiple=True),
        DateRange("uploaded", _("Uploaded at"), field="uploaded_at"),
        Related("source", _("Source"), lambda _actor: Source.objects.order_by("code")),
    )
    search = ("reference", "file_name", "uploaded_by__name", "uploaded_by__number")
    default_sort = ("-uploaded_at",)
    empty_text = _("Upload a file of transactions from another system.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the files in reach."""
        return FileImport.objects.visible_to(actor).select_related("source", "uploaded_by")

    def row_url(self, row: Any) -> str:
        """Return the address of the file's page."""
        return reverse("transactions:import", args=[row.reference])
