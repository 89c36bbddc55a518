"""The security officers' page of hardware tokens."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, require_step_up
from crm.factors.forms import AssignForm, ListForm, ResyncForm
from crm.factors.importers import load_tokens
from crm.factors.models import Factor
from crm.factors.services.tokens import IMPORT, assign_token, resynchronise_token

SHOWN = 100


@gated(IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Import a maker's list, assign a token; a file would not come through the step-up, so that is asked for first."""
    actor = actor_of(request)
    require_step_up(actor)
    is_list = request.method == "POST" and "serial" not in request.POST
    is_resync = request.method == "POST" and "first" in request.POST
    is_assignment = request.method == "POST" and not is_list and not is_resync
    list_form = ListForm(request.POST, request.FILES) if is_list else ListForm()
    assign_form = AssignForm(request.POST if is_assignment else None, actor=actor)
    resync_form = ResyncForm(request.POST if is_resync else None)
    form = list_form if is_list else resync_form if is_resync else assign_form
    if request.method == "POST" and form.is_valid():
        try:
            said = _done(request, form)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, said)
            return redirect("factors:tokens")
    known = (
        Factor.objects.visible_to(actor, "factors.view_factor").filter(kind="token").select_related("user").order_by("user_id", "serial")
    )
    forms = {"list_form": list_form, "assign_form": assign_form, "resync_form": resync_form}
    return render(request, "factors/tokens.html", {**forms, "tokens": known[:SHOWN], "free": known.filter(user__isnull=True).count()})


def _done(request: HttpRequest, form: Form) -> str:
    if isinstance(form, ListForm):
        return _import(request, form)
    if isinstance(form, ResyncForm):
        resynchronise_token(actor=actor_of(request), **form.cleaned_data)
        return _("The token is in step again; the person is told.")
    return _assign(request, form)


def _import(request: HttpRequest, form: Form) -> str:
    count = load_tokens(actor=actor_of(request), content=form.cleaned_data["file"].read())
    return _("%(count)s tokens are imported. Destroy the list now.") % {"count": count}


def _assign(request: HttpRequest, form: Form) -> str:
    assign_token(actor=actor_of(request), serial=form.cleaned_data["serial"], person=form.cleaned_data["person"])
    return _("The token is assigned; the person is told.")
