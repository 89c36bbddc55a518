"""Pages of back-tests: the list, asking for one, its result while it grows and when it is there, each hit."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.calendar.services import today
from crm.jobs.choices import JobState
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, NumberRange, Related, Text
from crm.lists.views import render_list
from customers.models import Customer
from products.models import Account
from risk.choices import BacktestChoice, BacktestMode, Band, Compared, Label, RuleState
from risk.forms import BacktestForm
from risk.models import Backtest, BacktestHit, Rule
from risk.services import backtests
from risk.services.tallies import per_day
from transactions.models import Transaction

VIEW = "risk.view_backtest"
LEVELS = {Compared.NEW: "mid", Compared.SAME: "", Compared.GONE: "low"}
STATES = {JobState.DONE: "low", JobState.FAILED: "high", JobState.RUNNING: "info", JobState.WAITING: "hold", JobState.CANCELLED: ""}


class BacktestList(ListDefinition):
    """Back-tests, the newest first."""

    name = "risk.backtest"
    title = _("Back-tests")
    permission = VIEW
    columns = (
        Column("reference", _("Back-test"), kind="mono", head=True),
        Column("first_day", _("First bank date"), kind="date", sort="first_day"),
        Column("last_day", _("Last bank date"), kind="date", sort="last_day"),
        Column("mode", _("Knowledge"), value="get_mode_display"),
        Column("rules", _("Rules"), value=lambda row: len(row.versions.all()), kind="number"),
        Column("hits", _("Hits"), value=lambda row: row.job.result.get("hits", ""), kind="number"),
        Column("state", _("State"), value="job.get_state_display", kind="badge", level=lambda row: STATES[row.job.state]),
        Column("by", _("Requested by"), value="requested_by.name"),
        Column("at", _("Requested at"), value="requested_at", kind="moment", sort="requested_at"),
    )
    filters = (Choice("mode", _("Knowledge"), BacktestMode.choices), Choice("state", _("State"), JobState.choices, field="job__state"))
    search = ("reference",)
    default_sort = ("-requested_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the back-tests in reach."""
        return Backtest.objects.visible_to(actor).select_related("job", "requested_by").prefetch_related("versions").defer("result")

    def row_url(self, row: Any) -> str:
        """Return the address of the result."""
        return reverse("risk:backtest", args=[row.reference])


def _rule_url(row: BacktestHit) -> str:
    return reverse("risk:rule", args=[row.rule_version.rule.code])


def _customer_url(row: BacktestHit) -> str:
    return reverse("customers:customer", args=[row.transaction.customer.reference])


class HitList(ListDefinition):
    """The hits of one back-test, of transactions in reach."""

    name = "risk.backtesthit"
    title = _("Hits of the back-test")
    permission = VIEW
    export_permission = "risk.export_alert"
    columns = (
        Column("occurred_at", _("Occurred at"), kind="moment", sort="occurred_at"),
        Column("transaction", _("Transaction"), value="transaction.reference", kind="mono", head=True),
        Column("rule", _("Rule"), value=lambda row: gettext(row.rule_version.rule.name), url=_rule_url),
        Column("version", _("Version"), value="rule_version.number", kind="number"),
        Column("band", _("Band"), value="get_band_display", kind="badge", level=lambda row: row.band),
        Column("compared", _("Against live"), value="get_compared_display", kind="badge", level=lambda row: LEVELS[row.compared]),
        Column("customer", _("Customer"), value="transaction.customer.name", url=_customer_url),
        Column("amount", _("Amount"), value="transaction.amount", kind="money", currency="transaction.currency"),
    )
    filters = (
        Related("rule", _("Rule"), lambda _actor: Rule.objects.order_by("scenario", "code"), field="rule_version__rule", to_field="code"),
        Choice("band", _("Band"), Band.choices),
        Choice("compared", _("Against live"), Compared.choices),
        DateRange("day", _("Bank date"), field="transaction__bank_date"),
        NumberRange("amount", _("Amount"), field="transaction__amount"),
        Text("customer", _("Customer reference"), field="transaction__customer__reference", exact=True),
    )
    default_sort = ("-occurred_at",)
    empty_title = _("No hit")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the hits of the back-test on transactions, both as far as the reader may see them."""
        whole = get_visible(Backtest.objects.all(), actor, VIEW, reference=self.of)
        rows = whole.hits.filter(transaction__in=Transaction.objects.visible_to(actor))
        return rows.select_related("rule_version__rule", "transaction__customer").defer("transaction__counterparty_account")

    def row_url(self, row: Any) -> str:
        """Return the address of the transaction."""
        return reverse("transactions:transaction", args=[row.transaction.reference])


@gated(VIEW)
def backtest_list(request: HttpRequest) -> HttpResponse:
    """Show the back-tests."""
    return render_list(request, BacktestList(), "risk/backtest_list.html", {"may_add": may(actor_of(request), backtests.ADD)})


@gated(backtests.ADD)
def backtest_new(request: HttpRequest) -> HttpResponse:
    """Ask for a back-test; ``?rule=code`` has the newest version of that rule chosen."""
    form = BacktestForm(request.POST or None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = backtests.ask(
                actor=actor_of(request),
                versions=data["versions"],
                **{name: data[name] for name in ("first_day", "last_day", "mode", "choice")},
            )
            return redirect("risk:backtest", reference=made.reference)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return render(request, "risk/backtest_form.html", {"form": form})


def _initial(request: HttpRequest) -> dict[str, Any]:
    day = today()
    initial: dict[str, Any] = {"first_day": day - timedelta(days=30), "last_day": day - timedelta(days=1), "mode": BacktestMode.CORRECTED}
    rule = Rule.objects.visible_to(actor_of(request), "risk.view_rule").filter(code=request.GET.get("rule", "")).first()
    newest = rule.versions.order_by("-number").first() if rule else None
    if newest is None:
        return {**initial, "choice": BacktestChoice.LIVE}
    choice = BacktestChoice.PICKED if newest.state == RuleState.LIVE else BacktestChoice.DRAFT
    return {**initial, "choice": choice, "versions": [newest.pk]}


@gated(VIEW)
def backtest(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a back-test: how far it is, or what came of it; the look is written in the log."""
    actor = actor_of(request)
    rows = Backtest.objects.select_related("job__requested_by", "requested_by").prefetch_related("versions__rule")
    row = get_visible(rows, actor, VIEW, reference=reference)
    backtests.look_at(actor=actor, backtest=row)
    context = {
        "row": row,
        "job": row.job,
        "watches": row.job.is_open and may(actor, "jobs.view_job", row.job),
        "can_cancel": row.job.is_open and not row.job.cancel_asked_at and may(actor, "jobs.cancel_job", row.job),
        "level": STATES[JobState(row.job.state)],
        "chosen": _chosen(row),
        **(_told(actor, row) if row.result is not None else {}),
    }
    return render(request, "risk/backtest.html", context)


def _chosen(row: Backtest) -> list[str]:
    """The versions that were named, where not all rules are tried as they are live."""
    named = {
        BacktestChoice.LIVE: [],
        BacktestChoice.DRAFT: [version for version in row.versions.all() if version.pk not in row.live],
        BacktestChoice.PICKED: list(row.versions.all()),
    }[BacktestChoice(row.choice)]
    return sorted(f"{gettext(version.rule.name)} v{version.number}" for version in named)


def _told(actor: Actor, row: Backtest) -> dict[str, Any]:
    result = row.result or {}
    names = {rule.code: gettext(rule.name) for rule in Rule.objects.all()}
    days = per_day(result["alerts"], row.first_day, row.last_day)
    lines = [
        {**line, "name": names.get(line["code"], line["code"]), "alerts": result["alerts"]["rules"].get(line["code"], [0, 0])}
        for line in result["rules"]
    ]
    codes = result["overlap"]["codes"]
    return {
        "result": result,
        "lines": lines,
        "totals": {key: sum(line[key] for line in lines) for key in ("hits", "new", "same", "gone")},
        "labels": [(Label(label).label, *pair) for label, pair in result["labels"].items()],
        "overlap": [
            (names.get(code, code), place + 1, counts)
            for place, (code, counts) in enumerate(zip(codes, result["overlap"]["matrix"], strict=True))
        ],
        "days": [day for day in result["alerts"]["days"] if any(day[1:])][-60:],
        "most": max((max(day[1:]) for day in result["alerts"]["days"]), default=0),
        "per_day": days,
        "frozen": _frozen(actor, result["frozen"]["lines"], names),
        "failed": [(names.get(code, code or "—"), count) for code, count in result["failed"].items()],
    }


def _frozen(actor: Actor, lines: list[list[Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """The subjects within the reader's reach, with the first moment of each."""
    customers = Customer.objects.visible_to(actor).in_bulk({line[0] for line in lines})
    accounts = Account.objects.visible_to(actor).in_bulk({line[1] for line in lines if line[1]})
    return [
        {
            "customer": customers[customer],
            "account": accounts.get(account),
            "at": parse_datetime(at),
            "rule": names.get(code, code),
            "compared": Compared(compared),
            "level": LEVELS[Compared(compared)],
        }
        for customer, account, at, code, compared in lines
        if customer in customers
    ]


@gated(VIEW)
def backtest_hits(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the hits one by one; the look is written in the log."""
    actor = actor_of(request)
    row = get_visible(Backtest.objects.all(), actor, VIEW, reference=reference)
    backtests.look_at(actor=actor, backtest=row)
    return render_list(request, HitList(row.reference), "risk/backtest_hits.html", {"row": row})
