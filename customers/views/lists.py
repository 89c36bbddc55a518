"""The list of customers."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, NumberRange, Preset, Text
from crm.lists.terms import Query
from crm.staff.filters import BranchTree, branches_of
from customers.choices import AmlRiskLevel, CustomerKind, LifecycleStage, RiskTolerance, Segment
from customers.models import Customer


class CustomerList(ListDefinition):
    """Customers in reach, by pinyin."""

    name = "customers.customer"
    title = _("Customers")
    permission = "customers.view_customer"
    export_permission = "customers.export_customer"
    columns = (
        Column("name", _("Customer name"), sort="name_pinyin", head=True),
        Column("core_number", _("Core customer number"), sort="core_number"),
        Column("kind", _("Customer type"), value="get_kind_display"),
        Column("id_number", _("ID number")),
        Column("mobile", _("Mobile number")),
        Column(
            "aml_risk_level",
            _("AML risk level"),
            value="get_aml_risk_level_display",
            kind="badge",
            sort="aml_risk_level",
            level=lambda row: row.aml_band,
        ),
        Column("risk_tolerance", _("Risk tolerance level"), value="get_risk_tolerance_display", sort="risk_tolerance"),
        Column("assets", _("Assets with us"), value="figures.assets_cny", kind="money", sort="figures__assets_cny"),
        Column("last", _("Last transaction"), value="figures.last_transaction_at", kind="moment"),
        Column("manager", _("Managed by"), value="manager.name", sort="manager__number"),
        Column("branch", _("Opening branch"), value="opening_branch.name", sort="opening_branch__path"),
        Column("stage", _("Lifecycle stage"), value="get_lifecycle_stage_display", shown=False),
        Column("segment", _("Segment"), value="get_segment_display", shown=False),
    )
    filters = (
        Choice("kind", _("Customer type"), CustomerKind.choices),
        Choice("level", _("AML risk level"), AmlRiskLevel.choices, field="aml_risk_level", multiple=True),
        Choice("tolerance", _("Risk tolerance level"), RiskTolerance.choices, field="risk_tolerance", multiple=True),
        Choice("stage", _("Lifecycle stage"), LifecycleStage.choices, field="lifecycle_stage"),
        Choice("segment", _("Segment"), Segment.choices, multiple=True),
        DateRange("recorded", _("Recorded on"), field="created_at"),
        NumberRange("assets", _("Assets with us"), field="figures__assets_cny"),
        BranchTree("branch", _("Opening branch"), branches_of("customers.view_customer"), field="opening_branch"),
        Text("manager", _("Managed by (employee number)"), field="manager__number", exact=True),
    )
    presets = (
        Preset(_("Persons"), {"kind": "person"}),
        Preset(_("Organisations"), {"kind": "organisation"}),
        Preset(_("High risk"), {"level": "5"}),
    )
    default_sort = ("name", "core_number")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the customers in reach, with what the columns show."""
        return Customer.objects.visible_to(actor).select_related("figures", "manager", "opening_branch", "data_key")

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Return the customers that hold every typed word in one of their names and numbers."""
        for word in query.split():
            rows = rows.matching(word)  # type: ignore[attr-defined]
        return rows

    def row_url(self, row: Any) -> str:
        """Return the address of the customer page."""
        return reverse("customers:customer", args=[row.reference])
