"""What customers register with the ground: search hits and the handler that applies approved changes."""

from calendar import isleap
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict
from crm.access.reach import Reach
from crm.access.services import may
from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.calendar.services import today
from crm.fields.policy import may_probe
from crm.fields.services import blind_index
from crm.lists.keyset import whole
from crm.staff import tiles
from crm.staff.handlers import Hanging
from crm.staff.models import User
from crm.ui.search import LIMIT, Hit, Query
from customers import services
from customers.choices import AmlRiskLevel, CustomerLabel
from customers.models import Customer, CustomerQuerySet, LegalHold
from customers.services import keeping, labels, portfolios, standins

PERMISSION = "customers.search_customer"
BIRTHDAYS_AHEAD = 14


def find_customers(user: Any, query: Query) -> list[Hit]:
    """Return the customers whose name, pinyin, numbers or contact match, each with the reason."""
    if not may(user, PERMISSION):
        return []
    rows = Customer.objects.visible_to(user, PERMISSION).select_related("opening_branch", "manager", "data_key")
    return [
        Hit(
            kind=_("Customers"),
            label=customer.name,
            detail=_detail(customer),
            url=reverse("customers:customer", args=[customer.reference]),
            why=why,
        )
        for found, why in _readings(user, rows, query)
        for customer in _first(found)
    ]


def _first(found: CustomerQuerySet) -> Iterable[Customer]:
    """Return the first hits; each reading has its order from its index, all others are few."""
    ordered = found if found.ordered else found.order_by("name_pinyin", "pk")
    return whole(ordered[:LIMIT])


def customer_tile(actor: Actor) -> dict[str, Any] | None:
    """Return a relationship manager's customers, each figure opening its list; nothing for those who see other people's too."""
    if actor.reach("customers.view_customer") != Reach.OWN:
        return None
    mine = Customer.objects.visible_to(actor)
    first, where = today().replace(day=1), reverse("customers:customer_list")
    begins = datetime.combine(first, time.min, tzinfo=ZoneInfo(settings.BANK_ZONE))
    high = mine.filter(aml_risk_level=AmlRiskLevel.HIGH).count()
    new = mine.filter(created_at__gte=begins).count()
    return {
        "figures": [
            tiles.Figure(label=_("Customers"), value=mine.count(), url=where),
            tiles.Figure(label=_("High risk"), value=high, url=f"{where}?level={AmlRiskLevel.HIGH}", level="high" if high else ""),
            tiles.Figure(label=_("New this month"), value=new, url=f"{where}?recorded_from={first.isoformat()}"),
        ]
    }


def birthday_tile(actor: Actor) -> dict[str, Any] | None:
    """Return a relationship manager's customers whose birthday is near, today's first; 29 February is kept on the 28th in other years."""
    if actor.reach("customers.view_customer") != Reach.OWN:
        return None
    days = [today() + timedelta(days=ahead) for ahead in range(BIRTHDAYS_AHEAD)]
    near = Q(pk__in=[])
    for day in days:
        near |= Q(birth_date__month=day.month, birth_date__day=day.day)
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            near |= Q(birth_date__month=2, birth_date__day=29)
    places = {(day.month, day.day): place for place, day in enumerate(days)}
    rows = [
        (places.get((row.birth_date.month, row.birth_date.day), places.get((2, 28), 0)), row) for row in _own_people(actor).filter(near)
    ]
    rows.sort(key=lambda found: (found[0], found[1].name_pinyin))
    lines = [
        tiles.Line(
            label=row.name,
            url=reverse("customers:customer", args=[row.reference]),
            detail=gettext("turns %(age)s") % {"age": days[place].year - row.birth_date.year},
            note=gettext("today") if place == 0 else f"{days[place]:%m-%d}",
            level="" if place else "mid",
        )
        for place, row in rows[: tiles.LONGEST]
    ]
    return {"lines": lines, "nothing": _("No birthday in the next two weeks.")}


def _own_people(actor: Actor) -> Any:
    return Customer.objects.visible_to(actor).exclude(birth_date=None)


def _detail(customer: Customer) -> str:
    manager = customer.manager.name if customer.manager else "—"
    return f"{customer.core_number} · {customer.id_number} · {customer.opening_branch.name} · {manager}"


def _readings(user: Any, rows: CustomerQuerySet, query: Query) -> list[tuple[CustomerQuerySet, Any]]:
    """Return the customers that a typed text may mean and why, the most certain reading first."""
    text = str(query)
    found: list[tuple[CustomerQuerySet, Any]] = []
    numbers = {name for name in ("id_number", "mobile", "email") if may_probe(user, f"customers.customer.{name}")}
    if query.digits or query.upper().startswith("C-") or query.is_id_number:
        found.append((rows.filter(core_number=query.compact), _("Core customer number")))
        found.append((rows.filter(reference=text.upper()), _("Reference")))
    if "id_number" in numbers and query.is_number:
        found.append((rows.filter(id_number_index=blind_index("customers.customer.id_number", text)), _("ID number")))
    if "mobile" in numbers and query.is_mobile:
        found.append((rows.filter(mobile_index=blind_index("customers.customer.mobile", text)), _("Mobile number")))
    if "email" in numbers and "@" in query:
        found.append((rows.filter(email_index=blind_index("customers.customer.email", text)), _("E-mail")))
    if len(query.compact) == 4 and query.compact[:3].isdigit():
        found.append((rows.filter(mobile_last4=query.compact), _("Last four of the mobile number")))
        found.append((rows.filter(id_number_last4=query.compact.upper()), _("Last four of the ID number")))
    if not query.digits:
        found.extend(_name_readings(rows, query))
    return found


def _name_readings(rows: CustomerQuerySet, query: Query) -> list[tuple[CustomerQuerySet, Any]]:
    if query.isascii():
        letters = query.compact.lower()
        return [
            (rows.filter(name_initials=letters), _("Initials")),
            (rows.filter(name_compact__startswith=letters).order_by("name_compact", "pk"), _("Pinyin")),
            (rows.named(str(query)), _("Customer name")),
        ]
    return [(rows.named(str(query)), _("Customer name"))]


def _fields_of(request: ChangeRequest) -> dict[str, Any]:
    kept: dict[str, Any] = request.payload["fields"]
    return kept


def _target(request: ChangeRequest) -> Customer:
    customer: Customer = Customer.objects.select_related("data_key").get(reference=request.target_ref)
    return customer


def describe(request: ChangeRequest) -> list[Difference]:
    """Return the fields before and after, masked as on the page."""
    customer = _target(request)
    proposed = services.from_payload(customer, _fields_of(request))
    after = Customer(kind=customer.kind, seal_id=customer.seal_id, data_key=customer.data_key)
    rows = []
    # In an order of its own: the database keeps no order of what was proposed, and the decider's hash is over the lines.
    for name in sorted(proposed):
        setattr(after, name, proposed[name])
        label = str(Customer._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        rows.append(Difference(name, label, services.shown(customer, name), services.shown(after, name)))
    return rows


def base_version(customer: Customer) -> str:
    """Return what must not have moved between asking and deciding."""
    return str(customer.version)


def apply(actor: Actor, request: ChangeRequest) -> None:
    """Write the approved fields; called inside the deciding transaction."""
    customer = Customer.objects.locked().get(reference=request.target_ref)
    if str(customer.version) != request.base_version:
        raise Conflict
    services.apply_changes(
        actor=actor,
        customer=customer,
        values=services.from_payload(customer, _fields_of(request)),
        reason=request.reason,
        approver=actor.number,
    )


def target_url(request: ChangeRequest) -> str:
    """Return the customer page."""
    return reverse("customers:customer", args=[request.target_ref])


def describe_labels(request: ChangeRequest) -> list[Difference]:
    """Return each label given or taken; no change when the customer has exactly these."""
    asked = request.payload
    if set(asked["before"]) == set(asked["labels"]):
        return []
    given, not_given = gettext("Given"), gettext("Not given")
    return [
        Difference(
            label.value,
            label.label,
            given if label.value in asked["before"] else not_given,
            given if label.value in asked["labels"] else not_given,
            context=(label.value in asked["before"]) == (label.value in asked["labels"]),
        )
        for label in CustomerLabel
        if label.value in {*asked["before"], *asked["labels"]}
    ]


LABEL_CUSTOMER = Handler(
    kind=labels.LABELS,
    label=_("Labels of a customer"),
    propose_permission=labels.PROPOSE,
    decide_permission=labels.DECIDE,
    describe=describe_labels,
    base_version=lambda customer: str(customer.labels),
    apply=lambda actor, request: labels.set_labels(actor=actor, request=request),
    target_url=target_url,
)


def describe_stand_in(request: ChangeRequest) -> list[Difference]:
    """Return who, for how long, and what for."""
    asked = request.payload
    person = User.objects.get_queryset().filter(number=asked["person"]).first()
    may = gettext("View and change") if asked["change"] else gettext("View")
    return [
        Difference("person", _("Stands in"), gettext("Nobody"), str(person or asked["person"])),
        Difference("until", _("Until"), "—", _minute(asked["until"])),
        Difference("may", _("May"), "—", may),
    ]


STAND_IN_FOR = Handler(
    kind=standins.STAND_IN,
    label=_("Stand-in for a customer"),
    propose_permission=standins.PROPOSE,
    decide_permission=standins.DECIDE,
    describe=describe_stand_in,
    base_version=lambda customer: str(customer.labels),
    apply=lambda actor, request: standins.give_stand_in(actor=actor, request=request),
    excluded=lambda request: {request.payload["person"]},
    target_url=target_url,
)


def describe_portfolio(request: ChangeRequest) -> list[Difference]:
    """Return who, for whom, from when until when, and how many customers as counted when it was asked."""
    asked, rows = request.payload, User.objects.get_queryset()
    person, manager = rows.filter(number=asked["person"]).first(), rows.filter(pk=request.target_id or 0).first()
    may = gettext("View and change") if asked["change"] else gettext("View")
    kept = str(asked["left_out"])
    return [
        Difference("manager", _("Stood in for"), str(manager), "", context=True),
        Difference("person", _("Stands in"), gettext("Nobody"), str(person or asked["person"])),
        Difference("from", _("From"), "—", _minute(asked["from"])),
        Difference("until", _("Until"), "—", _minute(asked["until"])),
        Difference("may", _("May"), "—", may),
        Difference("customers", _("Customers when it was asked, those who join are covered"), str(asked["customers"]), "", context=True),
        Difference("left_out", _("Left out: labels without a clearance"), kept, "", context=True),
    ]


def _minute(moment: str) -> str:
    found = parse_datetime(moment)
    return f"{found.astimezone(ZoneInfo(settings.BANK_ZONE)):%Y-%m-%d %H:%M}" if found else ""


PORTFOLIO_STAND_IN = Handler(
    kind=portfolios.PORTFOLIO,
    label=_("Stand-in for a portfolio"),
    propose_permission=standins.PROPOSE,
    decide_permission=standins.DECIDE,
    describe=describe_portfolio,
    base_version=lambda manager: str(manager.pk),
    apply=lambda actor, request: portfolios.give_portfolio(actor=actor, request=request),
    excluded=lambda request: {request.payload["person"], User.objects.get(pk=request.target_id or 0).number},
    target_url=lambda request: reverse("customers:stand_ins"),
)
CHANGE_CUSTOMER = Handler(
    kind=services.CHANGE,
    label=_("Change of a customer"),
    propose_permission=services.CHANGE,
    decide_permission="customers.approve_customer",
    describe=describe,
    base_version=base_version,
    apply=apply,
    target_url=target_url,
)


def _hold(request: ChangeRequest) -> LegalHold:
    return LegalHold.objects.select_related("customer").get(pk=request.target_id or 0)


def describe_lift(request: ChangeRequest) -> list[Difference]:
    """Return the hold that would end."""
    hold = _hold(request)
    facts = (("customer", _("Customer"), hold.customer.name), ("document", _("Document number"), f"{hold.authority} {hold.document}"))
    ends = Difference("hold", _("Legal hold"), gettext("Stands"), gettext("Lifted"))
    return [ends, *(Difference(name, label, text, "", context=True) for name, label, text in facts)]


def describe_erasure(request: ChangeRequest) -> list[Difference]:
    """Return what would be gone."""
    return [Difference("customer", _("Customer"), _target(request).core_number, gettext("Erased, without a way back"))]


LIFT_HOLD = Handler(
    kind=keeping.LIFT,
    label=_("Lifting of a legal hold"),
    propose_permission=keeping.ASK_LIFT,
    decide_permission=keeping.APPROVE_LIFT,
    describe=describe_lift,
    base_version=lambda hold: str(hold.lifted_at),
    apply=lambda actor, request: keeping.lift_hold(actor=actor, request=request),
    excluded=lambda request: [_hold(request).placed_by_number],
    target_url=lambda request: reverse("customers:customer_holds", args=[_hold(request).customer.reference]),
)
ERASE_CUSTOMER = Handler(
    kind=keeping.ERASE,
    label=_("Erasing a customer"),
    propose_permission=keeping.ASK_ERASURE,
    decide_permission=keeping.APPROVE_ERASURE,
    describe=describe_erasure,
    base_version=base_version,
    apply=lambda actor, request: keeping.erase(actor=actor, request=request),
    target_url=target_url,
)


def _managed_by(person: Any) -> int:
    return Customer.objects.filter(manager=person).count()


def _list_of(person: Any) -> str:
    return f"{reverse('customers:customer_list')}?manager={person.number}"


CUSTOMERS_OF = Hanging(_("Customers managed"), _managed_by, _list_of)
