"""Reviews begin by themselves every quarter, or because a security officer says so; reviewers are told and reminded; each review ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError
from crm.access.reach import Reach
from crm.access.services import require
from crm.lists import formats
from crm.log import services as log
from crm.notify.services import notify
from crm.reviews.choices import AGAIN, LAST, SOON, TERM, Reviewer, State
from crm.reviews.models import Campaign, PersonReview
from crm.reviews.services.rights import people_with_rights
from crm.staff.choices import EXCLUSIVE_ROLES, OTHER_ROLES
from crm.staff.models import Branch, Role, RoleAssignment, User
from crm.staff.services.duty import people_who_may

BEGIN, REVIEW = "reviews.begin_campaign", "reviews.review_person"
# Of the notices of a review, in the order of time.
BEGUN = gettext_noop("Rights of %(count)s people wait for your review until %(day)s")
REMIND = gettext_noop("%(count)s reviews of rights still wait for you; they are due on %(day)s")
OVERDUE = gettext_noop("%(count)s reviews of rights are overdue since %(day)s")


class NobodyToReview(DomainError):
    """Nobody there holds rights."""

    code = "nobody_to_review"
    message = _("Nobody in this branch and role holds rights that could be reviewed.")


def interval() -> timedelta:
    """Return how often the rights of the whole bank are reviewed."""
    return timedelta(days=settings.RIGHTS_REVIEW_DAYS)


@transaction.atomic
def begin(*, actor: Actor, branch: Branch | None = None, role: Role | None = None, reason: str = "") -> Campaign:
    """Begin a review now: of the whole bank, of a branch with all below it, of a role. Who reviews is told. Raises ``NobodyToReview``."""
    require(actor, BEGIN)
    return _begin(actor, {"branch": branch, "role": role, "reason": reason.strip(), "begun_by_id": actor.user_id}, timezone.now())


def owes_something(now: datetime | None = None) -> bool:
    """Return whether a review is to begin, and whether reviewers may have to be reminded; for the sweep."""
    return Campaign.objects.filter(closed_at=None).exists() or _is_due(now or timezone.now())


def keep_going(*, actor: Actor = SYSTEM, now: datetime | None = None) -> None:
    """Close what is finished or replaced, begin the regular review when it is due, remind. Running it twice changes nothing twice."""
    now = now or timezone.now()
    for campaign in Campaign.objects.filter(closed_at=None):
        close_if_done(actor=actor, campaign=campaign, now=now)
    if _is_due(now):
        _begin_regular(actor, now)
    for campaign in Campaign.objects.filter(closed_at=None).select_related("branch", "role"):
        _remind(actor, campaign, now)


@transaction.atomic
def close_if_done(*, actor: Actor, campaign: Campaign, now: datetime | None = None) -> bool:
    """Close a review in which nobody waits, or whose successor is due; who still waits then was not reviewed in time."""
    now = now or timezone.now()
    campaign = Campaign.objects.locked().get(pk=campaign.pk)
    if campaign.closed_at is not None:
        return False
    _drop_gone(actor, campaign, now)
    waiting = campaign.people.filter(state=State.WAITING)
    if waiting.exists() and now < campaign.begun_at + interval():
        return False
    missed = waiting.update(state=State.MISSED)
    campaign.closed_at = now
    campaign.save(update_fields=["closed_at"])
    log.record(actor=actor, action="review.closed", target=campaign, data={"people": campaign.people.count(), "missed": missed})
    return True


def reviewers_of(review: PersonReview) -> list[User]:
    """Return who reviews this person: branch managers whose branches hold her, or security officers; never herself."""
    return [person for person in _reviewers() if _reviews(person, review.reviewer, review.branch, review.person_id)]


def _drop_gone(actor: Actor, campaign: Campaign, now: datetime) -> None:
    """Who left, or lost every role meanwhile, needs no review."""
    gone = campaign.people.filter(state=State.WAITING).exclude(person__in=people_with_rights())
    numbers = list(gone.values_list("person__number", flat=True))
    if numbers:
        gone.update(state=State.GONE, decided_at=now)
        log.record(actor=actor, action="review.dropped", target=campaign, data={"people": numbers})


def _is_due(now: datetime) -> bool:
    last = Campaign.objects.filter(regular=True).first()
    if last is not None:
        return now >= last.begun_at + interval()
    given = RoleAssignment.objects.exclude(role__code__in=OTHER_ROLES).aggregate(first=Min("assigned_at"))["first"]
    return given is not None and now >= given + interval()


def _begin_regular(actor: Actor, now: datetime) -> None:
    try:
        with transaction.atomic():
            _begin(actor, {"regular": True}, now)
    except NobodyToReview:
        return
    except IntegrityError as clash:
        if "review_one_regular_open" not in str(clash):  # another worker began it
            raise


def _begin(actor: Actor, about: dict[str, Any], now: datetime) -> Campaign:
    people = _covered(about.get("branch"), about.get("role"))
    if not people:
        raise NobodyToReview
    campaign = Campaign.objects.create(begun_at=now, due_at=now + TERM, **about)
    reviewers = _reviewers()
    rows = PersonReview.objects.bulk_create(
        PersonReview(campaign=campaign, person=person, branch=person.branch, reviewer=_falls_to(person, reviewers)) for person in people
    )
    facts = {"people": len(rows), "until": campaign.due_at.isoformat(), "regular": campaign.regular}
    facts |= {name: getattr(about.get(name), "code", "") for name in ("branch", "role") if about.get(name)}
    log.record(actor=actor, action="review.begun", target=campaign, data=facts, reason=campaign.reason)
    _tell(campaign, rows, reviewers, BEGUN, "begun")
    return campaign


def _covered(branch: Branch | None, role: Role | None) -> list[User]:
    people = people_with_rights().select_related("branch").order_by("pk")
    if branch is not None:
        people = people.filter(branch__path__startswith=branch.path)
    if role is not None:
        held = RoleAssignment.objects.filter(Q(valid_until=None) | Q(valid_until__gt=timezone.now()), role=role)
        people = people.filter(pk__in=held.values("user"))
    return list(people.prefetch_related("roles"))


def _reviewers() -> list[User]:
    return list(people_who_may(REVIEW).select_related("branch").order_by("pk"))


def _falls_to(person: User, reviewers: Iterable[User]) -> Reviewer:
    """Officers are reviewed by officers, and so is everybody whose branch has no manager but herself."""
    if {role.code for role in person.roles.all()} & set(EXCLUSIVE_ROLES):
        return Reviewer.OFFICER
    managed = any(_reviews(other, Reviewer.BRANCH, person.branch, person.pk) for other in reviewers)
    return Reviewer.BRANCH if managed else Reviewer.OFFICER


def _reviews(person: User, reviewer: str, branch: Branch | None, about: int) -> bool:
    reach = person.reach(REVIEW)
    if person.pk == about:
        return False
    if reviewer == Reviewer.OFFICER:
        return reach == Reach.ALL
    own = person.branch
    return reach == Reach.BRANCH and own is not None and branch is not None and branch.path.startswith(own.path)


def _remind(actor: Actor, campaign: Campaign, now: datetime) -> None:
    left = campaign.due_at - now
    if left > SOON:
        return
    stage = f"overdue{-left // AGAIN}" if left <= timedelta(0) else "last" if left <= LAST else "soon"
    rows = list(campaign.people.filter(state=State.WAITING).select_related("branch"))
    with transaction.atomic():
        told = _tell(campaign, rows, _reviewers(), OVERDUE if left <= timedelta(0) else REMIND, stage)
        if told:
            data = {"stage": stage, "waiting": len(rows), "people": told}
            log.record(actor=actor, action="review.reminded", target=campaign, data=data)


def _tell(campaign: Campaign, rows: list[PersonReview], reviewers: list[User], subject: str, stage: str) -> int:
    """Tell each reviewer how many wait for her; what is overdue is told to security officers, too. Returns how many notices are new."""
    new = 0
    for person in reviewers:
        mine = [row for row in rows if _reviews(person, row.reviewer, row.branch, row.person_id)]
        if stage.startswith("overdue") and person.reach(REVIEW) == Reach.ALL:
            mine = [row for row in rows if row.person_id != person.pk]
        if mine:
            made = notify(
                recipients=[person],
                kind="reviews.waiting",
                subject=subject,
                body=gettext_noop("Look at what each of them may do, and confirm it or ask for its removal."),
                params={"count": len(mine), "day": formats.day(campaign.due_at)},
                url_name="reviews:review_list",
                key=f"review:{campaign.reference}:{stage}",
            )
            new += len(made)
    return new
