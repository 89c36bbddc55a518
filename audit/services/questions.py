"""The auditor's questions: who looked, what somebody did, who exported, what somebody could see. Each is a line of the log itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.log import services as log
from crm.staff.models import User
from crm.staff.services.past import as_was, grants_of, portfolios_of
from crm.staff.services.role_table import permission_label

ASK = "audit.ask_question"
MOST = 500
EXPORTS = (
    "list.exported", "report.exported", "case.exported", "export.asked", "export.made", "export.downloaded", "job.downloaded",
    "log.exported",
)  # fmt: skip
LOOKS = Q(action__endswith="viewed") | Q(action__in=("field.revealed", "page.viewed", *EXPORTS))


class UntilBeforeFrom(DomainError):
    """The second moment lies before the first."""

    code = "until_before_from"
    field = "until"
    message = _("The end lies before the beginning.")


class NobodyOfThisNumber(DomainError):
    """No person has this number."""

    code = "nobody_of_this_number"
    field = "number"
    message = _("Nobody has this employee number.")


@dataclass(frozen=True)
class Answer:
    """The lines (at most 500, the newest first), whether there are more, and how many of each kind."""

    lines: list[Event]
    more: bool
    counts: list[dict[str, Any]]


@transaction.atomic
def who_looked(*, actor: Actor, customer: str, since: datetime, until: datetime) -> Answer:
    """Who looked at this customer between two moments, and at what."""
    _ask(actor, "who_looked", since, until, customer=customer)
    rows = _between(actor, since, until).filter(customer=customer).filter(LOOKS)
    return _answer(rows, "actor_number", "actor_name", "action")


@transaction.atomic
def what_did(*, actor: Actor, number: str, since: datetime, until: datetime) -> Answer:
    """What this person did between two moments, refusals included."""
    _ask(actor, "what_did", since, until, person=number)
    return _answer(_between(actor, since, until).filter(actor_number=number), "action", "result")


@transaction.atomic
def who_exported(*, actor: Actor, since: datetime, until: datetime, number: str = "") -> Answer:
    """Who took what out, with which filter and for what, between two moments."""
    _ask(actor, "who_exported", since, until, person=number)
    rows = _between(actor, since, until).filter(action__in=EXPORTS)
    return _answer(rows.filter(actor_number=number) if number else rows, "actor_number", "actor_name", "action")


def _ask(actor: Actor, question: str, since: datetime, until: datetime, **about: str) -> None:
    require(actor, ASK)
    if until < since:
        raise UntilBeforeFrom
    data = {"question": question, "since": since, "until": until, **{name: value[:60] for name, value in about.items() if value}}
    log.record(actor=actor, action="audit.question_asked", data=data, customer=about.get("customer", "")[:20])


def _between(actor: Actor, since: datetime, until: datetime) -> Any:
    return Event.objects.visible_to(actor, ASK).filter(at__gte=since, at__lte=until)


def _answer(rows: Any, *by: str) -> Answer:
    lines = list(rows.order_by("-at", "-pk").defer("body", "mac")[: MOST + 1])
    counts = list(rows.order_by().values(*by).annotate(number=Count("pk")).order_by("-number", *by)[:50])
    return Answer(lines[:MOST], len(lines) > MOST, counts)


@dataclass(frozen=True)
class Held:
    """A permission as it was held: how far, by which role."""

    permission: str
    label: str
    reach: str
    role: str


@dataclass(frozen=True)
class Granted:
    """A single grant as it stood: of what, which right, until when, why."""

    reference: str
    permission: str
    until: datetime | None
    reason: str


@dataclass(frozen=True)
class CouldSee:
    """What a person could see at a moment, from the versions that the database's triggers kept."""

    person: User
    roles: list[str]
    held: list[Held]
    granted: list[Granted]
    is_usable: bool


@transaction.atomic
def what_could_see(*, actor: Actor, number: str, moment: datetime) -> CouldSee:
    """Roles, permissions with their reach, and single grants of a person at a moment. Raises ``NobodyOfThisNumber``."""
    require(actor, ASK)
    person = User.objects.get_queryset().visible_to(actor, ASK).filter(number=number).first()
    if person is None:
        raise NobodyOfThisNumber
    log.record(actor=actor, action="audit.question_asked", target=person, data={"question": "what_could_see", "moment": moment})
    past = as_was(person, moment)
    rows = past.rows if past.is_usable else []
    held = [Held(row.permission, str(permission_label(row.permission)), str(row.reach.label), row.role) for row in rows]
    return CouldSee(person, past.roles, held, _granted(person, moment), past.is_usable)


def _granted(person: User, moment: datetime) -> list[Granted]:
    grants = grants_of(person, moment)[:MOST]
    rights = dict(Permission.objects.filter(pk__in=[row.permission_id for _model, row in grants]).values_list("pk", "codename"))
    called = {}
    for model in {model for model, _row in grants}:
        keys = [row.content_object_id for granted, row in grants if granted is model]
        called.update({(model, pk): name for pk, name in model._base_manager.filter(pk__in=keys).values_list("pk", "reference")})
    single = [
        Granted(called.get((model, row.content_object_id), ""), rights.get(row.permission_id, ""), row.valid_until, row.reason)
        for model, row in grants
    ]
    return single + _portfolios(person, moment)


def _portfolios(person: User, moment: datetime) -> list[Granted]:
    """Return what stood open through the portfolio of a colleague, by her employee number."""
    found, rows = [], portfolios_of(person, moment)[:MOST]
    numbers = dict(User.objects.get_queryset().filter(pk__in=[key for key, _row in rows]).values_list("pk", "number"))
    for key, row in rows:
        right = gettext("portfolio, view and change") if row.may_change else gettext("portfolio, view")
        found.append(Granted(numbers.get(key, ""), right, row.valid_until, row.reason))
    return found


@transaction.atomic
def story(*, actor: Actor, request_id: str) -> Answer:
    """All that one request, task or command wrote, in the order of writing."""
    require(actor, ASK)
    log.record(actor=actor, action="audit.question_asked", data={"question": "story", "request": request_id[:64]})
    lines = list(Event.objects.visible_to(actor, ASK).of_request(request_id).defer("body", "mac", "data")[: MOST + 1])
    return Answer(lines[:MOST], len(lines) > MOST, [])
