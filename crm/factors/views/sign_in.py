"""Between password and session: show the second factor, or set up the first one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.errors import DomainError, NotVisible
from crm.access.gate import open_page
from crm.access.services import actor_of
from crm.factors.choices import Purpose
from crm.factors.forms import CodeForm, ConfirmForm
from crm.factors.models import Factor
from crm.factors.pictures import picture
from crm.factors.secrets import spoken
from crm.factors.services.codes import has_factor, show_code
from crm.factors.services.enrolment import begin_app, confirm_app, secret_of
from crm.factors.services.half import SETTING_UP, shown
from crm.factors.services.passkeys import PasskeyRefused, add_passkey, show_passkey
from crm.factors.views.passkeys import ADD, SHOW, answer_of, challenge_of, offer_to_add, offer_to_show
from crm.staff.models import User
from crm.staff.services.sign_in import PENDING_SINCE, pending_person
from crm.staff.views.sign_in import go_on


@open_page("the way in, after the password")
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask whose password was right for the second factor."""
    person = pending_person(request)
    if person is None:
        return redirect("staff:sign_in")
    if not has_factor(person):
        return redirect("factors:enrol")
    if answer_of(request):
        return _by_passkey(request, person)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = show_code(actor=actor_of(request), person=person, code=form.cleaned_data["code"], purpose=Purpose.SIGN_IN)
        except DomainError as refused:
            form.add_error("code", str(refused))
        else:
            if found is not None:
                shown(request, person)
                return go_on(request, person)
            form.add_error("code", _("This code does not fit, or has been used. Wait for the next one."))
    return _code_page(request, person, form)


def _code_page(request: HttpRequest, person: User, form: CodeForm) -> HttpResponse:
    context = {"form": form, "person": person, "passkey": offer_to_show(request, person), "verb": "show"}
    return render(request, "factors/code.html", context)


def _by_passkey(request: HttpRequest, person: User) -> HttpResponse:
    challenge, answer = challenge_of(request, SHOW), answer_of(request)
    if show_passkey(actor=actor_of(request), person=person, challenge=challenge, answer=answer, purpose=Purpose.SIGN_IN) is None:
        form = CodeForm({"code": ""})
        form.add_error("code", str(PasskeyRefused.message))
        return _code_page(request, person, form)
    shown(request, person)
    return go_on(request, person)


@open_page("the way in, after the first password: everybody needs a second factor")
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up the first code app and sign in with it."""
    person = pending_person(request)
    if person is None:
        return redirect("staff:sign_in")
    if has_factor(person):
        return redirect("factors:code")
    if request.method == "POST" and "begin" in request.POST:
        return _begin(request, person)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and (answer_of(request) or form.is_valid()):
        try:
            _add_first(request, person, form)
        except DomainError as refused:
            form.add_error("code", str(refused))
        else:
            request.session.pop(SETTING_UP, None)
            shown(request, person)
            messages.success(request, _("Your second factor is set up. Make recovery codes now: your menu, My second factors."))
            return go_on(request, person)
    factor = _being_set_up(request, person)
    context = {"form": form, "person": person, "secret": spoken(secret_of(factor)) if factor else ""}
    return render(request, "factors/enrol.html", {**context, "passkey": offer_to_add(request, person), "verb": "add"})


def _add_first(request: HttpRequest, person: User, form: ConfirmForm) -> None:
    actor = actor_of(request)
    if answer_of(request):
        add_passkey(actor=actor, person=person, challenge=challenge_of(request, ADD), answer=answer_of(request), first=True)
        return
    reference = request.session.get(SETTING_UP, "")
    confirm_app(actor=actor, person=person, reference=reference, code=form.cleaned_data["code"], first=True)


def _begin(request: HttpRequest, person: User) -> HttpResponse:
    # Installing an app takes longer than typing a code; five more minutes, once.
    if SETTING_UP not in request.session:
        request.session[PENDING_SINCE] = timezone.now().isoformat()
    request.session[SETTING_UP] = begin_app(actor=actor_of(request), person=person, first=True).reference
    return redirect("factors:enrol")


def _being_set_up(request: HttpRequest, person: User) -> Factor | None:
    return Factor.objects.being_set_up().filter(user=person, reference=request.session.get(SETTING_UP, "")).first()


@open_page("the picture of the page above; shown to the browser that began the set-up, and until it is confirmed")
@require_safe
def enrol_picture(request: HttpRequest) -> HttpResponse:
    """Return the picture that the app scans."""
    person = pending_person(request)
    factor = _being_set_up(request, person) if person is not None and not has_factor(person) else None
    if person is None or factor is None:
        raise NotVisible("page", detail=request.path)
    return HttpResponse(picture(secret_of(factor), person.number), content_type="image/svg+xml")
