"""Pages for the security officer: people, their roles, their tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists.views import render_list
from crm.staff.forms import ActiveForm, PersonForm, RolesForm
from crm.staff.models import User
from crm.staff.services.people import create_person, renew_token, set_active, set_roles
from crm.staff.views.lists import PersonList


@gated("staff.view_user")
@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    """List the people within the reader's reach."""
    actor = actor_of(request)
    return render_list(request, PersonList(), "staff/user_list.html", {"may_add": may(actor, "staff.add_user")})


@gated("staff.view_user")
@require_safe
def user(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one person."""
    return _page(request, _person(request, reference))


def _person(request: HttpRequest, reference: str) -> User:
    rows = User.objects.get_queryset().select_related("branch")
    return get_visible(rows, actor_of(request), "staff.view_user", reference=reference)


def _page(request: HttpRequest, person: User, *, token: str = "", status: int = 200, **forms: object) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "person": person,
        "held": [row.role for row in person.assignments.select_related("role")],
        "token": token,
        "may_change": may(actor, "staff.change_user", person) and actor.user_id != person.pk,
        "roles_form": RolesForm(initial={"roles": person.role_codes()}),
        "active_form": ActiveForm(),
        **forms,
    }
    return render(request, "staff/user.html", context, status=status)


@gated("staff.add_user")
@require_http_methods(["GET", "HEAD", "POST"])
def user_add(request: HttpRequest) -> HttpResponse:
    """Create a person; the token is shown on the answer to this form and never again."""
    actor = actor_of(request)
    form = PersonForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            person, token = create_person(actor=actor, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return _page(request, person, token=token)
    return render(request, "staff/user_add.html", {"form": form})


@gated("staff.change_user")
@require_POST
def user_roles(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the person exactly the roles ticked."""
    person = _person(request, reference)
    form = RolesForm(request.POST)
    if form.is_valid():
        try:
            set_roles(actor=actor_of(request), person=person, roles=form.cleaned_data["roles"])
        except DomainError as refused:
            form.add_error("roles", str(refused))
        else:
            messages.success(request, _("The roles are changed; they hold from the next page on."))
            return redirect("staff:user", reference)
    return _page(request, person, roles_form=form)


@gated("staff.change_user")
@require_POST
def user_active(request: HttpRequest, reference: str) -> HttpResponse:
    """Switch the person on or off, with a reason."""
    person = _person(request, reference)
    form = ActiveForm(request.POST)
    if form.is_valid():
        active = request.POST.get("active") == "1"
        set_active(actor=actor_of(request), person=person, active=active, reason=form.cleaned_data["reason"])
        messages.success(request, _("The person is switched on.") if active else _("The person is switched off."))
        return redirect("staff:user", reference)
    return _page(request, person, active_form=form)


@gated("staff.change_user")
@require_POST
def user_token(request: HttpRequest, reference: str) -> HttpResponse:
    """Issue a new one-time token, shown on this answer only."""
    person = _person(request, reference)
    return _page(request, person, token=renew_token(actor=actor_of(request), person=person))
