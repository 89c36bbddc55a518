"""Pages on which a colleague is given a customer for a time."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.reach import Reach
from crm.access.services import actor_of, get_visible
from crm.staff.models import User
from customers.forms import PortfolioForm, StandInForm
from customers.models import Customer, CustomerGrant, PortfolioGrant
from customers.services.portfolios import end_portfolio, preview, propose_portfolio
from customers.services.standins import end_stand_in, propose_stand_in

SHOWN = 200


@gated("customers.view_customergrant")
@require_safe
def stand_ins(request: HttpRequest) -> HttpResponse:
    """List who stands in now, for customers within the reader's reach, what ends first first."""
    rows = CustomerGrant.objects.visible_to(actor_of(request)).exclude(valid_until__lte=timezone.now())
    found = rows.select_related("user", "content_object", "permission", "granted_by").order_by("valid_until", "pk")[:SHOWN]
    whole = PortfolioGrant.objects.visible_to(actor_of(request), "customers.view_customergrant").not_over()
    portfolios = whole.select_related("user", "manager", "granted_by")[:SHOWN]
    may_ask = bool(actor_of(request).reach("customers.ask_standin"))
    return render(request, "customers/stand_ins.html", {"grants": found, "portfolios": portfolios, "may_ask": may_ask})


@gated("customers.ask_standin")
@require_http_methods(["GET", "HEAD", "POST"])
def portfolio_stand_in(request: HttpRequest) -> HttpResponse:
    """Say first how many customers it is, then ask for the stand-in, which a second person decides; end one at once."""
    actor = actor_of(request)
    if request.method == "POST" and "end" in request.POST:
        if end_portfolio(actor=actor, reference=request.POST["end"][:20], reason=_("ended on the page of portfolios")):
            messages.success(request, _("The stand-in has ended."))
        return redirect("customers:portfolio_stand_in")
    own = actor.number if actor.reach("customers.ask_standin") == Reach.OWN else ""
    form = PortfolioForm(request.POST if request.method == "POST" else None, initial={"manager": own})
    found = None
    if form.is_valid():
        asked = dict(form.cleaned_data)
        try:
            if "propose" in request.POST:
                made = propose_portfolio(actor=actor, **asked)
                messages.success(request, _("The stand-in waits for a second person."))
                return redirect("approvals:request", made.reference)
            told = {name: asked[name] for name in ("manager", "person", "begins", "until")}
            found = preview(actor=actor, **told)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    rows = PortfolioGrant.objects.visible_to(actor, "customers.ask_standin").not_over()
    portfolios = rows.select_related("user", "manager", "granted_by")[:SHOWN]
    return render(request, "customers/portfolio_stand_in.html", {"form": form, "found": found, "portfolios": portfolios, "ends": True})


@gated("customers.ask_standin")
@require_http_methods(["GET", "HEAD", "POST"])
def customer_stand_in(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for a stand-in, which a second person decides; end one at once."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.all(), actor, "customers.ask_standin", reference=reference)
    ending = request.method == "POST" and "end" in request.POST
    form = StandInForm(request.POST if request.method == "POST" and not ending else None)
    if ending:
        person = User.objects.get_queryset().filter(number=request.POST["end"][:20]).first()
        if person is not None and end_stand_in(actor=actor, customer=customer, person=person, reason=_("ended on the customer's page")):
            messages.success(request, _("The stand-in has ended."))
        return redirect("customers:customer_stand_in", reference=reference)
    if form.is_valid():
        try:
            asked = propose_stand_in(actor=actor, customer=customer, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The stand-in waits for a second person."))
            return redirect("approvals:request", asked.reference)
    grants = CustomerGrant.objects.filter(content_object=customer).exclude(valid_until__lte=timezone.now())
    live = grants.select_related("user", "permission", "granted_by").order_by("valid_until", "pk")
    whole = PortfolioGrant.objects.filter(manager=customer.manager_id).not_over().select_related("user", "manager", "granted_by")
    found = {"form": form, "customer": customer, "grants": live, "portfolios": whole}
    return render(request, "customers/customer_stand_in.html", found)
