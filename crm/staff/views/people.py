"""Pages for the security officer: people, their roles, their tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.approvals.choices import State
from crm.approvals.models import ChangeRequest
from crm.lists.views import render_list
from crm.staff.forms import ActiveForm, LeaveForm, PersonForm, ReleaseForm, RolesForm, TokenForm
from crm.staff.handlers import hanging_on
from crm.staff.models import SignInHold, User
from crm.staff.services.access import Asked, ask_for_roles, ask_for_token, ask_to_switch_on, release, switch_off
from crm.staff.services.leaving import leave
from crm.staff.services.people import create_person
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


def _page(request: HttpRequest, person: User, *, half: str = "", status: int = 200, **forms: object) -> HttpResponse:
    actor = actor_of(request)
    pending = ChangeRequest.objects.visible_to(actor).filter(state=State.PROPOSED, target_type="staff.user", target_id=person.pk)
    context = {
        "person": person,
        "held": [row.role for row in person.assignments.select_related("role")],
        "half": half,
        "pending": pending,
        "may_change": may(actor, "staff.change_user", person) and actor.user_id != person.pk,
        "held_since": SignInHold.objects.filter(user=person).values_list("since", flat=True).first(),
        "release_form": ReleaseForm(auto_id="id_release_%s"),
        "roles_form": RolesForm(initial={"roles": person.role_codes()}, auto_id="id_roles_%s"),
        "active_form": ActiveForm(auto_id="id_active_%s"),
        "token_form": TokenForm(auto_id="id_token_%s"),
        **forms,
    }
    return render(request, "staff/user.html", context, status=status)


def _asked(request: HttpRequest, person: User, asked: Asked) -> HttpResponse:
    """Return the request's page, or, once, the first half of the token that goes with it."""
    messages.success(request, _("The change is proposed; another security officer decides."))
    return _page(request, person, half=asked.half) if asked.half else redirect("approvals:request", asked.request.reference)


@gated("staff.add_user")
@require_http_methods(["GET", "HEAD", "POST"])
def user_add(request: HttpRequest) -> HttpResponse:
    """Create a person; roles and first token wait for another officer."""
    actor = actor_of(request)
    form = PersonForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            person, asked = create_person(actor=actor, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return _asked(request, person, asked) if asked else redirect("staff:user", person.reference)
    return render(request, "staff/user_add.html", {"form": form})


@gated("staff.change_user")
@require_POST
def user_roles(request: HttpRequest, reference: str) -> HttpResponse:
    """Propose exactly the roles ticked."""
    person = _person(request, reference)
    form = RolesForm(request.POST, auto_id="id_roles_%s")
    if form.is_valid():
        try:
            return _asked(request, person, ask_for_roles(actor=actor_of(request), person=person, **form.cleaned_data))
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
    return _page(request, person, roles_form=form)


@gated("staff.change_user")
@require_POST
def user_active(request: HttpRequest, reference: str) -> HttpResponse:
    """Switch the person off at once, or propose to switch on again; with a reason."""
    person = _person(request, reference)
    form = ActiveForm(request.POST, auto_id="id_active_%s")
    if not form.is_valid():
        return _page(request, person, active_form=form)
    if request.POST.get("active") == "1":
        return _asked(request, person, ask_to_switch_on(actor=actor_of(request), person=person, **form.cleaned_data))
    switch_off(actor=actor_of(request), person=person, **form.cleaned_data)
    messages.success(request, _("The person is switched off."))
    return redirect("staff:user", reference)


@gated("staff.change_user")
@require_POST
def user_token(request: HttpRequest, reference: str) -> HttpResponse:
    """Propose a new one-time token; its first half is shown on this answer only."""
    person = _person(request, reference)
    form = TokenForm(request.POST, auto_id="id_token_%s")
    if not form.is_valid():
        return _page(request, person, token_form=form)
    return _asked(request, person, ask_for_token(actor=actor_of(request), person=person, **form.cleaned_data))


@gated("staff.change_user")
@require_POST
def user_release(request: HttpRequest, reference: str) -> HttpResponse:
    """Let an officer sign in again whose number was guessed at."""
    person = _person(request, reference)
    form = ReleaseForm(request.POST, auto_id="id_release_%s")
    if not form.is_valid():
        return _page(request, person, release_form=form)
    release(actor=actor_of(request), person=person, **form.cleaned_data)
    messages.success(request, _("The sign-in is released."))
    return redirect("staff:user", reference)


@gated("staff.change_user")
@require_http_methods(["GET", "HEAD", "POST"])
def user_leave(request: HttpRequest, reference: str) -> HttpResponse:
    """End everything somebody who leaves can do, and show what is to be handed over."""
    person = _person(request, reference)
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            leave(actor=actor_of(request), person=person, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Access, roles, sessions and tokens are ended."))
            return redirect("staff:user_leave", reference)
    return render(request, "staff/leave.html", {"person": person, "form": form, "hanging": hanging_on(person)})
