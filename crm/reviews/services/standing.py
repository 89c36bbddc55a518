"""Where reviews stand, now or at a former moment: for the page of reviews and the compliance check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.services import require
from crm.reviews.choices import TERM, State
from crm.reviews.models import Campaign, PersonReview
from crm.reviews.services.campaigns import interval
from crm.reviews.services.rights import people_with_rights

VIEW = "reviews.view_personreview"
DECIDED = (State.CONFIRMED, State.REMOVAL)


@dataclass(frozen=True)
class Standing:
    """People with rights, how many of them nobody reviewed in time, and how many reviews are overdue."""

    people: int
    unreviewed: int
    overdue: int


def standing(now: datetime | None = None) -> Standing:
    """Return the figures of the whole bank: unreviewed is who holds rights and was last looked at longer ago than a review and its term.

    Who was never reviewed counts from the day on which she got the first of her roles.
    """
    now = now or timezone.now()
    since = now - interval() - TERM
    people = people_with_rights().filter(is_active=True).annotate(first=Min("assignments__assigned_at"))
    held: dict[int, datetime] = dict(people.values_list("pk", "first"))
    rows = PersonReview.objects.filter(person__in=held, state__in=DECIDED).order_by().values("person").annotate(last=Max("decided_at"))
    last = {row["person"]: row["last"] for row in rows if row["last"]}
    late = sum(last.get(pk, first) < since for pk, first in held.items())
    return Standing(len(held), late, PersonReview.objects.overdue(now).count())


@dataclass(frozen=True)
class Progress:
    """A review and how many of its people were decided on at a moment."""

    campaign: Campaign
    people: int
    confirmed: int
    removals: int
    at: datetime

    @property
    def waiting(self) -> int:
        """How many nobody had decided on."""
        return self.people - self.confirmed - self.removals

    @property
    def is_overdue(self) -> bool:
        """Whether some waited past the day."""
        return self.waiting > 0 and self.campaign.due_at <= self.at


def progress(*, actor: Actor, at: datetime | None = None) -> list[Progress]:
    """Return the reviews within the reader's reach, the newest first, as they stood at a moment (now, unless given)."""
    require(actor, VIEW)
    now = at or timezone.now()
    seen = PersonReview.objects.visible_to(actor, VIEW)
    campaigns = Campaign.objects.visible_to(actor, VIEW).filter(begun_at__lte=now).select_related("branch", "role", "begun_by")
    then = Q(decided_at__lte=now)
    rows: Any = seen.filter(campaign__in=campaigns).order_by().values("campaign")
    counts = rows.annotate(
        people=Count("pk", filter=~(then & Q(state=State.GONE))),
        confirmed=Count("pk", filter=then & Q(state=State.CONFIRMED)),
        removals=Count("pk", filter=then & Q(state=State.REMOVAL)),
    )
    found = {row["campaign"]: (row["people"], row["confirmed"], row["removals"]) for row in counts}
    return [Progress(campaign, *found.get(campaign.pk, (0, 0, 0)), now) for campaign in campaigns]
