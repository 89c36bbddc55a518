"""The first two security officers: with nobody in the house, somebody must be let in, and never alone."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError
from crm.log import services as log
from crm.staff.models import Role, RoleAssignment, User
from crm.staff.services.people import enrol
from crm.staff.services.tokens import issue_token

ROLE = "security-officer"
NEEDED = 2

_known: dict[str, bool] = {}


class OfficersExist(DomainError):
    """Both officers are there; from now on people come through the page."""

    code = "officers_exist"
    message = _("Two security officers exist. They create everybody else on the staff page.")


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
            issued.append((person, issue_token(actor=actor, person=person)))
    log.record(actor=actor, action="staff.first_officers_issued", data={"numbers": [p.number for p, _token in issued]})
    return issued
