"""Pages on which a colleague is given a customer for a time."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible
from crm.staff.models import User
from customers.forms import StandInForm
from customers.models import Customer, CustomerGrant
from customers.services.standins import end_stand_in, propose_stand_in

SHOWN = 200


@gated("customers.view_customergrant")
@require_safe
def stand_ins(request: HttpRequest) -> HttpResponse:
    """List who stands in now, for customers within the reader's reach, what ends first first."""
    rows = CustomerGrant.objects.visible_to(actor_of(request)).exclude(valid_until__lte=timezone.now())
    found = rows.select_related("user", "content_object", "permission", "granted_by").order_by("valid_until", "pk")[:SHOWN]
    return render(request, "customers/stand_ins.html", {"grants": found})


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
    return render(request, "customers/customer_stand_in.html", {"form": form, "customer": customer, "grants": live})
