"""The lists of accounts and freezes."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor, called
from crm.access.gate import gated
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag, Preset
from crm.lists.terms import Query
from crm.lists.views import render_list
from crm.staff.filters import BranchTree, branches_of
from customers.models import holds, of_customers
from products.choices import AccountKind, AccountStatus, Authority, FreezeKind, FreezeState
from products.models import Account, Freeze


class AccountList(ListDefinition):
    """Accounts of the customers in reach."""

    name = "products.account"
    title = _("Accounts")
    permission = "products.view_account"
    columns = (
        Column("number", _("Account number"), head=True),
        Column("holder", _("Account holder"), value="holder_name", sort="customer__name_pinyin"),
        Column("core_number", _("Core customer number"), value="customer.core_number", sort="customer__core_number"),
        Column("kind", _("Account type"), value="get_kind_display", sort="kind"),
        Column("status", _("Account status"), value="get_status_display", sort="status"),
        Column("currency", _("Currency"), sort="currency"),
        Column("balance", _("Reported balance"), value="reported_balance", kind="money", currency="currency"),
        Column("opened_at", _("Opened on"), kind="date", sort="opened_at"),
        Column("branch", _("Opening branch"), value="branch.name", sort="branch__path"),
    )
    filters = (
        Choice("kind", _("Account type"), AccountKind.choices, multiple=True),
        Choice("status", _("Account status"), AccountStatus.choices, multiple=True),
        DateRange("opened", _("Opened on"), field="opened_at"),
    )
    default_sort = ("holder", "opened_at")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the accounts in reach."""
        return Account.objects.visible_to(actor).select_related("customer", "branch", "data_key")

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Return the accounts of the customers, with the holder, reference or last four that were typed; all words, each by index."""
        for word in query.split():
            own = holds("holder_name", word) if len(word) > 1 else Q(holder_name__startswith=word)
            exact = Q(number_last4=word) | Q(reference=word.upper())
            rows = rows.filter(own | exact | Q(customer__in=of_customers(word)))
        return rows

    def row_url(self, row: Any) -> str:
        """Return the address of the account page."""
        return reverse("products:account", args=[row.reference])


def _state(row: Freeze) -> Any:
    return _("Core refused the lifting") if row.lift_refused_at is not None else row.get_state_display()


def _state_level(row: Freeze) -> str:
    if row.state == FreezeState.FAILED or row.lift_refused_at is not None:
        return "high"
    if row.ended_at is not None:
        return ""
    return "hold" if row.state == FreezeState.IN_FORCE else "mid"


class FreezeList(ListDefinition):
    """Freezes, newest first."""

    name = "products.freeze"
    title = _("Freezes")
    permission = "products.view_freeze"
    columns = (
        Column("reference", _("Freeze"), head=True),
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin"),
        Column("account", _("Account"), value=lambda row: f"…{row.account.number_last4}" if row.account else _("Whole customer")),
        Column("kind", _("Freeze type"), value="get_kind_display", sort="kind"),
        Column("authority", _("Authority"), value="get_authority_display", sort="authority"),
        Column("document", _("Document"), value="document"),
        Column("sequence", _("In line"), kind="number"),
        Column("state", _("State"), value=_state, kind="badge", sort="state", level=_state_level),
        Column("placed_at", _("Placed"), kind="moment", sort="placed_at"),
        Column("lapses_at", _("Lapses"), kind="due", value=lambda row: None if row.ended_at else row.lapses_at),
        Column("placed_by", _("Placed by"), value=lambda row: called(row.placed_by_number), sort="placed_by_number"),
    )
    filters = (
        Choice("kind", _("Freeze type"), FreezeKind.choices, multiple=True),
        Choice("authority", _("Authority"), Authority.choices, multiple=True),
        Choice("state", _("State"), FreezeState.choices, multiple=True),
        DateRange("placed", _("Placed"), field="placed_at"),
        DateRange("ended", _("Ended"), field="ended_at"),
        BranchTree("branch", _("Opening branch"), branches_of("products.view_freeze"), field="customer__opening_branch", at="placed_at"),
        Flag("standing", _("Standing"), lambda rows, _actor: rows.filter(ended_at=None)),
        Flag(
            "refused",
            _("Refused by the core"),
            lambda rows, _actor: rows.filter(Q(state=FreezeState.FAILED) | Q(lift_refused_at__isnull=False)),
        ),
        Flag("unconfirmed", _("To be confirmed"), lambda rows, _actor: rows.filter(ended_at=None).exclude(lapses_at=None)),
    )
    presets = (
        Preset(_("Standing"), {"standing": "on"}),
        Preset(_("To be confirmed"), {"unconfirmed": "on"}),
        Preset(_("Waiting for the core"), {"state": "pending"}),
        Preset(_("Refused by the core"), {"refused": "on"}),
    )
    search = ("reference", "document")
    search_in = {"customer": of_customers}
    default_sort = ("-placed_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the freezes in reach."""
        return Freeze.objects.visible_to(actor).select_related("customer", "account")

    def row_url(self, row: Any) -> str:
        """Return the address of the freeze page."""
        return reverse("products:freeze", args=[row.reference])


@gated("products.view_account")
def account_list(request: HttpRequest) -> HttpResponse:
    """List the accounts in reach."""
    return render_list(request, AccountList())


@gated("products.view_freeze")
def freeze_list(request: HttpRequest) -> HttpResponse:
    """List the freezes in reach."""
    return render_list(request, FreezeList())
