"""The first page after signing in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from crm.access.gate import signed_in_page
from crm.access.services import actor_of
from crm.staff.tiles import tiles_for


@signed_in_page("everybody has a first page; its tiles ask for their own permissions", customers=True)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the tiles of the reader's roles."""
    actor = actor_of(request)
    if actor.kind == "customer":
        return redirect("portal:home")
    roles = [role.label for role in actor.user.roles.all()]
    return render(request, "staff/home.html", {"tiles": tiles_for(request, actor), "roles": roles})
