"""What reviews register: the removal of rights as a request, the sweep."""

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.jobs.services import enqueue
from crm.lists import formats
from crm.reviews import services
from crm.reviews.services.rights import grant_label
from crm.staff.models import Role, User
from crm.staff.services import access


def _person_of(request: ChangeRequest) -> User:
    return User.objects.get_queryset().select_related("branch").get(pk=request.target_id or 0)


def describe(request: ChangeRequest) -> list[Difference]:
    """Return who it is about, the roles that go and stay, and the grants that end; of these no customer is named."""
    asked, person = request.payload, _person_of(request)
    called = {role.code: str(role.label) for role in Role.objects.filter(code__in=asked["before"])}
    given, not_given = gettext("Given"), gettext("Not given")
    lines = [Difference("person", _("Person"), str(person), "", context=True)]
    lines.append(Difference("review", _("Review"), asked["review"], "", context=True))
    for code in asked["before"]:
        stays = code in asked["roles"]
        lines.append(Difference(f"role:{code}", called.get(code, code), given, given if stays else not_given, context=stays))
    for place, (_table, _pk, permission, until) in enumerate(asked["grants"], start=1):
        end = formats.moment(parse_datetime(until)) if until else gettext("open end")
        lines.append(
            Difference(f"grant:{place}", grant_label(permission), gettext("Granted until %(end)s") % {"end": end}, gettext("Ended"))
        )
    return lines if any(not line.context for line in lines) else []


REMOVAL = Handler(
    kind=services.KIND,
    label=_("Removal of rights after a review"),
    propose_permission=services.REVIEW,
    decide_permission=access.DECIDE,
    describe=describe,
    base_version=access.version_of,
    apply=lambda actor, request: services.remove_rights(actor=actor, request=request),
    excluded=lambda request: {_person_of(request).number},
    target_url=lambda request: reverse("reviews:review", args=[request.payload["review"]]),
)


def sweep() -> None:
    """Have a worker begin, remind and close, when there is anything to do."""
    if services.owes_something():
        enqueue("reviews.keep_going")
