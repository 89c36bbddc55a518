"""What security officers see and ask for about the second factors of others."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.factors.forms import ResetForm
from crm.factors.models import Factor
from crm.factors.services.recovery import codes_left
from crm.factors.services.reset import ask_for_reset
from crm.staff.models import User
from crm.staff.services.access import PROPOSE


@gated("factors.view_factor")
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, reference: str) -> HttpResponse:
    """Show which factors somebody has; propose their reset, whose first half of a token is shown on the answer only."""
    actor = actor_of(request)
    found = get_visible(User.objects.get_queryset(), actor, "factors.view_factor", reference=reference)
    form = ResetForm(request.POST or None)
    asked = None
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask_for_reset(actor=actor, person=found, reason=form.cleaned_data["reason"])
        except DomainError as refused:
            form.add_error(None, str(refused))
    context = {
        "person": found,
        "factors": Factor.objects.visible_to(actor, "factors.view_factor").confirmed().filter(user=found),
        "left": codes_left(found),
        "form": form,
        "asked": asked,
        "may_ask": may(actor, PROPOSE, found) and actor.user_id != found.pk,
    }
    return render(request, "factors/person.html", context)
