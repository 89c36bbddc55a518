"""What products register with the ground: search hits, the handlers that lift a freeze and change an account, and sweeps."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.services import may
from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.calendar.services import today
from crm.fields.policy import may_probe
from crm.fields.services import blind_index
from crm.lists import formats
from crm.staff import tiles
from crm.ui.search import LIMIT, Hit, Query
from customers.models import Customer
from products import services
from products.choices import AccountKind, AccountStatus
from products.models import Account, Freeze
from products.services.accounts import CHANGE
from products.services.freezes import LIFT


def find_accounts(user: Any, query: Query) -> list[Hit]:
    """Return the accounts and freezes whose number, last four or reference match."""
    if not may(user, "products.view_account"):
        return []
    rows = Account.objects.visible_to(user).select_related("customer", "data_key")
    readings = [(Q(reference=str(query).upper()), _("Reference"))]
    if query.is_number and query.digits and may_probe(user, "products.account.number"):
        readings.append((Q(number_index=blind_index("products.account.number", str(query))), _("Account number")))
    if len(query.digits) == 4:
        readings.append((Q(number_last4=query.digits), _("Last four of the account number")))
    hits = []
    for condition, why in readings:
        for account in rows.filter(condition).order_by("pk")[:LIMIT]:
            detail = f"{account.customer.core_number} · {account.get_kind_display()} · {account.currency}"
            label = f"{account.holder_name} {account.number}"
            hits.append(Hit(_("Accounts"), label, detail, reverse("products:account", args=[account.reference]), why))
    return hits + _freezes(user, query)


def _freezes(user: Any, query: Query) -> list[Hit]:
    if not query.upper().startswith("F-") or not may(user, "products.view_freeze"):
        return []
    rows = Freeze.objects.visible_to(user).filter(reference=query.upper()).select_related("customer")
    return [
        Hit(_("Freezes"), row.reference, row.customer.name, reverse("products:freeze", args=[row.reference]), _("Reference"))
        for row in rows
    ]


def confirm_tile(actor: Actor) -> dict[str, Any] | None:
    """Return automatic freezes that lapse unless somebody confirms them, the first to lapse first; nothing where there is none."""
    rows = Freeze.objects.visible_to(actor).standing().exclude(lapses_at=None).select_related("customer").order_by("lapses_at")
    lines = [
        tiles.Line(
            label=row.reference,
            url=reverse("products:freeze", args=[row.reference]),
            detail=row.customer.name,
            note=gettext("lapses %(at)s") % {"at": formats.moment(row.lapses_at)[:16]},
            level="hold",
        )
        for row in rows[: tiles.LONGEST]
    ]
    return {"lines": lines} if lines else None


def sweep_core() -> None:
    """Send what is owed to the core."""
    services.send_core_instructions(actor=SYSTEM)


def sweep_lapsed() -> None:
    """End freezes that nobody confirmed."""
    services.lapse_freezes(actor=SYSTEM)


def _freeze_of(request: ChangeRequest) -> Freeze:
    freeze: Freeze = Freeze.objects.select_related("customer", "account", "confirmed_by").get(reference=request.target_ref)
    return freeze


def describe(request: ChangeRequest) -> list[Difference]:
    """Return what the approver decides on: whose money would move again."""
    freeze = _freeze_of(request)
    subject = f"…{freeze.account.number_last4}" if freeze.account else gettext("Whole customer")
    rows = [
        Difference("customer", gettext("Customer"), f"{freeze.customer.name} {freeze.customer.core_number}", "", context=True),
        Difference("subject", gettext("Subject"), subject, "", context=True),
        Difference("kind", gettext("Type"), str(freeze.get_kind_display()), _what_follows(freeze)),
        Difference("authority", gettext("Authority"), f"{freeze.get_authority_display()} {freeze.document}".strip(), "", context=True),
        Difference("reason", gettext("Reason of the freeze"), freeze.reason, "", context=True),
    ]
    if request.payload.get("document"):
        rows.append(Difference("document", gettext("Document that ends it"), "", request.payload["document"]))
    return rows


def _what_follows(freeze: Freeze) -> str:
    """What the end of a freeze means: others may stand on the same account or on the whole customer."""
    others = Freeze.objects.standing().filter(customer=freeze.customer).exclude(pk=freeze.pk)
    if freeze.account_id:
        others = others.filter(Q(account=freeze.account_id) | Q(account=None))
    names = [f"{other.get_kind_display()} {other.reference}" for other in others.order_by("placed_at", "pk")]
    if not names:
        return gettext("Money may move again")
    return gettext("This freeze ends; still in force: %(others)s") % {"others": "; ".join(names)}


def base_version(target: Freeze | Account) -> str:
    """Return what must not have moved between asking and deciding."""
    return f"{target.version}"


def apply(actor: Actor, request: ChangeRequest) -> None:
    """Lift; called inside the deciding transaction."""
    services.lift_freeze(
        actor=actor,
        freeze=_freeze_of(request),
        reason=request.reason,
        asked_by=request.requested_by_number,
        document=request.payload.get("document", ""),
    )


def excluded(request: ChangeRequest) -> set[str]:
    """Return who may not approve although the role would allow it: who placed or confirmed the freeze."""
    freeze = _freeze_of(request)
    confirmed = {freeze.confirmed_by.number} if freeze.confirmed_by else set()
    return {freeze.placed_by_number} | confirmed


def target_url(request: ChangeRequest) -> str:
    """Return the page of the freeze."""
    return reverse("products:freeze", args=[request.target_ref])


LIFT_FREEZE = Handler(
    kind=LIFT,
    label=_("Lifting of a freeze"),
    propose_permission="products.ask_lift_freeze",
    decide_permission=LIFT,
    describe=describe,
    base_version=base_version,
    apply=apply,
    excluded=excluded,
    target_url=target_url,
)


def _account_of(request: ChangeRequest) -> Account:
    account: Account = Account.objects.select_related("customer").get(reference=request.target_ref)
    return account


def describe_account(request: ChangeRequest) -> list[Difference]:
    """Return the core's status and type before and after; a closed account refuses all money, a normal one lets it pass."""
    account, asked = _account_of(request), request.payload
    rows = [
        Difference("customer", gettext("Customer"), f"{account.customer.name} {account.customer.core_number}", "", context=True),
        Difference("account", gettext("Account"), f"…{account.number_last4}", "", context=True),
    ]
    if asked["status"] != account.status:
        rows.append(
            Difference("status", gettext("Account status"), account.get_status_display(), str(AccountStatus(asked["status"]).label))
        )
    if asked["kind"] != account.kind:
        rows.append(Difference("kind", gettext("Account type"), account.get_kind_display(), str(AccountKind(asked["kind"]).label)))
    return rows


def apply_account(actor: Actor, request: ChangeRequest) -> None:
    """Take the status and type over; called inside the deciding transaction."""
    services.change_account(
        actor=actor,
        account=_account_of(request),
        version=int(request.base_version),
        reason=request.reason,
        asked_by=request.requested_by_number,
        **request.payload,
    )


def account_url(request: ChangeRequest) -> str:
    """Return the page of the account."""
    return reverse("products:account", args=[request.target_ref])


CHANGE_ACCOUNT = Handler(
    kind=CHANGE,
    label=_("Change of an account"),
    propose_permission=CHANGE,
    decide_permission="products.approve_account",
    describe=describe_account,
    base_version=base_version,
    apply=apply_account,
    target_url=account_url,
)


def accounts_to_hold(customer: Customer) -> list[tuple[str, str]]:
    """Return the accounts of a customer that a legal hold can be placed on."""
    rows = Account.objects.filter(customer=customer).select_related("data_key").order_by("pk")
    return [(account.reference, f"{account.reference} {account.number}") for account in rows]


def account_must_be_kept(customer: Any) -> Iterator[str]:
    """Object to erasing a customer while an account is open, or was closed within the years that evidence is kept."""
    if not isinstance(customer, Customer):
        return
    since = today() - timedelta(days=366 * settings.EVIDENCE_YEARS)
    for account in Account.objects.filter(Q(closed_at=None) | Q(closed_at__gt=since), customer=customer).order_by("pk"):
        yield f"account {account.reference}"
