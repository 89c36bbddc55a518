"""Pages about freezes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.approvals.models import ChangeRequest
from customers.models import Customer
from products import services
from products.choices import STANDING, Authority, FreezeState
from products.forms import ConfirmForm, FreezeForm, LiftForm
from products.models import Account, Freeze
from products.services.freezes import LIFT


@gated("products.view_freeze")
def freeze_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a freeze, what the core answered, and what can be done."""
    actor = actor_of(request)
    rows = Freeze.objects.select_related("customer", "account", "placed_by", "confirmed_by", "ended_by")
    freeze = get_visible(rows, actor, reference=reference)
    stands = freeze.state in STANDING
    may_know = freeze.authority != Authority.OWN or may(actor, "products.view_freeze_reason", freeze)
    waiting = ChangeRequest.objects.filter(kind=LIFT, target_ref=freeze.reference, state="proposed").first()
    context = {
        "freeze": freeze,
        "stands": stands,
        "may_know": may_know,
        "instructions": freeze.instructions.order_by("pk"),
        "waiting": waiting,
        "may_confirm": stands and freeze.lapses_at is not None and may(actor, "products.confirm_freeze", freeze),
        "may_lift": stands and waiting is None and may(actor, "products.ask_lift_freeze", freeze),
        "may_tell_core": _refused(freeze) and may(actor, "products.place_freeze", freeze),
        "confirm_form": ConfirmForm(),
        "lift_form": LiftForm(),
    }
    return render(request, "products/freeze.html", context)


def _refused(freeze: Freeze) -> bool:
    return freeze.state == FreezeState.FAILED or freeze.lift_refused_at is not None


@gated("products.place_freeze")
@require_POST
def freeze_tell_core(request: HttpRequest, reference: str) -> HttpResponse:
    """Have the core told again what it refused."""
    actor = actor_of(request)
    freeze = get_visible(Freeze.objects.all(), actor, "products.place_freeze", reference=reference)
    try:
        services.tell_core_again(actor=actor, freeze=freeze)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The core is told again."))
    return redirect("products:freeze", reference=reference)


@gated("products.place_freeze")
def account_freeze(request: HttpRequest, reference: str) -> HttpResponse:
    """Freeze one account."""
    rows = Account.objects.select_related("customer")
    account = get_visible(rows, actor_of(request), "products.place_freeze", reference=reference)
    return _place(request, account.customer, account)


@gated("products.place_freeze")
def customer_freeze(request: HttpRequest, reference: str) -> HttpResponse:
    """Freeze a whole customer."""
    customer = get_visible(Customer.objects.all(), actor_of(request), "products.place_freeze", reference=reference)
    return _place(request, customer, None)


def _place(request: HttpRequest, customer: Customer, account: Account | None) -> HttpResponse:
    initial = {"origin": request.GET.get("origin", "")[:20], "currency": account.currency if account else "CNY"}
    form = FreezeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        asked = dict(form.cleaned_data)
        origin = asked.pop("origin")
        kind = "case" if origin.startswith("K-") else ""
        try:
            freeze = services.place_freeze(
                actor=actor_of(request), customer=customer, account=account, origin=(kind, origin if kind else ""), **asked
            )
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The freeze stands. The core has been told."))
            return redirect("products:freeze", reference=freeze.reference)
    context = {"form": form, "customer": customer, "account": account}
    return render(request, "products/freeze_form.html", context)


@gated("products.confirm_freeze")
def freeze_confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """Let an automatic freeze stand."""
    actor = actor_of(request)
    freeze = get_visible(Freeze.objects.select_related("customer", "account"), actor, "products.confirm_freeze", reference=reference)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.confirm_freeze(actor=actor, freeze=freeze, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The freeze is confirmed."))
        return redirect("products:freeze", reference=reference)
    return render(request, "products/freeze_act.html", {"form": form, "freeze": freeze, "act": "confirm"})


@gated("products.ask_lift_freeze")
def freeze_lift(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a second person to lift a freeze."""
    actor = actor_of(request)
    freeze = get_visible(Freeze.objects.select_related("customer", "account"), actor, "products.ask_lift_freeze", reference=reference)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            proposed = services.ask_to_lift(actor=actor, freeze=freeze, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("A second person has been asked to lift the freeze."))
            return redirect("approvals:request", reference=proposed.reference)
    return render(request, "products/freeze_act.html", {"form": form, "freeze": freeze, "act": "lift"})
