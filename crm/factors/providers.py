"""What this app offers to the ground: the reset that two officers decide."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.approvals.handlers import Difference, Handler
from crm.approvals.handlers import register as register_handler
from crm.approvals.models import ChangeRequest
from crm.factors.models import Factor
from crm.factors.services import reset
from crm.staff.models import User
from crm.staff.services.access import DECIDE, PROPOSE


def _person_of(request: ChangeRequest) -> User:
    return User.objects.get_queryset().select_related("branch").get(pk=request.target_id or 0)


def describe(request: ChangeRequest) -> list[Difference]:
    """Return who it is about and each factor that goes; none where there is none."""
    person = _person_of(request)
    factors = Factor.objects.confirmed().filter(user=person).order_by("pk")
    removed = [Difference(f"factor:{one.reference}", one.get_kind_display(), one.name, gettext("Removed")) for one in factors]
    if not removed:
        return []
    lines = [Difference("person", _("Person"), str(person), "", context=True)]
    if person.branch is not None:
        lines.append(Difference("branch", _("Branch"), str(person.branch), "", context=True))
    token = gettext("A token that sets a new password; you are shown its second half")
    return [*lines, *removed, Difference("token", _("One-time token"), gettext("A password of the person's own"), token)]


def excluded(request: ChangeRequest) -> set[str]:
    """Return the number of the person it is about."""
    return {_person_of(request).number}


def target_url(request: ChangeRequest) -> str:
    """Return the page of the person's factors."""
    return reverse("factors:person", args=[request.target_ref])


def offer_reset() -> None:
    """Register what can be proposed about this app (in ``AppConfig.ready``)."""
    register_handler(
        Handler(
            kind=reset.RESET,
            label=_("Reset of second factors"),
            propose_permission=PROPOSE,
            decide_permission=DECIDE,
            describe=describe,
            base_version=reset.reset_version_of,
            apply=lambda actor, request: reset.reset_factors(actor=actor, request=request),
            excluded=excluded,
            target_url=target_url,
        )
    )
