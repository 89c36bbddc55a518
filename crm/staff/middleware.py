"""Before two security officers exist, nothing works but becoming one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.gate import OPEN
from crm.access.pages import error_page
from crm.access.services import actor_of
from crm.staff.models import User
from crm.staff.services import devices
from crm.staff.services.officers import is_open_for_business
from crm.staff.services.passwords import is_due

SIGN_IN = ("staff:sign_in", "staff:half")


class OfficersFirst:
    """Lets only the open list through, sign-in excepted, until both first officers have set a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of the view."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Return the page that says what is missing, or None."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if getattr(view, "gate", "") == OPEN and name not in SIGN_IN:
            return None
        if is_open_for_business():
            return None
        if name in SIGN_IN:
            return redirect("staff:redeem")
        return error_page(request, 503, _("The product opens when two security officers have set their passwords."))


# What somebody needs whose password is too old: to change it, with the second factor, or to leave.
PASSWORD_PAGES = ("staff:password", "staff:sign_out", "staff:language", "staff:theme", "factors:step_up")


class PasswordInTime:
    """Leads whoever has too old a password to the page that changes it, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of the view."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Return the way to the page, or None."""
        actor = actor_of(request)
        name = request.resolver_match.view_name if request.resolver_match else ""
        # Customers have no second factor to change it with; their passwords do not grow old.
        if actor.kind != "staff" or not isinstance(actor.user, User) or name in PASSWORD_PAGES or not is_due(actor.user):
            return None
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": reverse("staff:password")})
        return redirect("staff:password")


class DeviceCookie:
    """Gives the cookie of a device on which somebody has just signed in completely."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of the view, with the cookie after a sign-in."""
        response = self.get_response(request)
        devices.give(request, response)
        return response
