"""The first two security officers: with nobody in the house, somebody must be let in, and never alone.

The same door opens again when so many officers are gone that the pages cannot help: whoever runs commands on the server lets one in.
"""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError
from crm.log import services as log
from crm.staff.models import Role, RoleAssignment, User
from crm.staff.services.people import enrol
from crm.staff.services.second_factor import forget_factors
from crm.staff.services.tokens import issue_whole

ROLE = "security-officer"
NEEDED = 2

_known: dict[str, bool] = {}


class OfficersExist(DomainError):
    """Both officers are there; from now on people come through the page."""

    code = "officers_exist"
    message = _("Two security officers exist. They create everybody else on the staff page.")


class OfficersCanAct(DomainError):
    """Two others are there: one proposes on the page, the other approves."""

    code = "officers_can_act"
    message = _("Two other security officers can sign in. One of them proposes on the staff page, the other one approves.")


def enrolled_officers() -> int:
    """Return how many security officers have set their password."""
    people = User.objects.filter(assignments__role__code=ROLE, password_changed_at__isnull=False)
    return people.distinct().count()


def is_open_for_business() -> bool:
    """Return whether both first officers exist; once true it stays so for this process."""
    if not _known.get("open"):
        _known["open"] = enrolled_officers() >= NEEDED
    return _known["open"]


def forget() -> None:
    """Ask the database again at the next question (tests)."""
    _known.clear()


@transaction.atomic
def first_officers(*, people: list[tuple[str, str]], actor: Actor = SYSTEM) -> list[tuple[User, str]]:
    """Return two people with a one-time token each; running it again renews the tokens of those still without password."""
    if enrolled_officers() >= NEEDED:
        raise OfficersExist
    role = Role.objects.get(code=ROLE)
    issued = []
    for number, name in people:
        person = User.objects.filter(number__iexact=number, assignments__role=role).first()
        if person is None:
            person = enrol(number=number, name=name)
            RoleAssignment.objects.create(user=person, role=role)
            log.record(actor=actor, action="staff.person_created", target=person, data={"name": name})
        if person.password_changed_at is None:
            issued.append((person, issue_whole(actor=actor, person=person)))
    log.record(actor=actor, action="staff.first_officers_issued", data={"numbers": [p.number for p, _token in issued]})
    return issued


@transaction.atomic
def replace_officer(*, number: str, name: str = "", actor: Actor = SYSTEM) -> tuple[User, str]:
    """Return a security officer without second factors and a one-time token, while not two others can sign in; all officers are told.

    For an officer who lost the password, or with a name for a new one in the place of somebody who is gone.
    """
    live = Q(assignments__valid_until__isnull=True) | Q(assignments__valid_until__gt=timezone.now())
    officers = User.objects.usable().filter(live, assignments__role__code=ROLE).distinct()
    if officers.filter(password_changed_at__isnull=False).exclude(number__iexact=number).count() >= NEEDED:
        raise OfficersCanAct
    person = officers.filter(number__iexact=number).first()
    if person is None:
        person = enrol(number=number, name=name or number)
        RoleAssignment.objects.create(user=person, role=Role.objects.get(code=ROLE))
        log.record(actor=actor, action="staff.person_created", target=person, data={"name": person.name, "role": ROLE})
    forget_factors(actor, person)
    token = issue_whole(actor=actor, person=person)
    return person, token
