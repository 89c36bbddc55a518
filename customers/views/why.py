"""The page that explains access."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of
from customers.forms import WhyForm
from customers.services.why import EXPLAIN, explain


@gated(EXPLAIN)
@require_http_methods(["GET", "HEAD", "POST"])
def why(request: HttpRequest) -> HttpResponse:
    """Say why a person can or cannot see a customer; asking is written in the log."""
    form, found = WhyForm(request.POST or None, initial={"reference": request.GET.get("reference", "")[:20]}), None
    if request.method == "POST" and form.is_valid():
        try:
            found = explain(actor=actor_of(request), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return render(request, "customers/why.html", {"form": form, "found": found})
