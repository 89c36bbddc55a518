"""Pages of reviews: whom to review, one person's rights with the decision, and how the reviews stand."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.gate import gated
from crm.access.reach import Reach
from crm.access.services import actor_of, get_visible, may
from crm.approvals.models import ChangeRequest
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, Flag, Preset, Related
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.reviews import services
from crm.reviews.choices import Reviewer, State
from crm.reviews.forms import BeginForm, ConfirmForm, MomentForm, RemovalForm
from crm.reviews.models import PersonReview
from crm.reviews.services.decisions import may_decide
from crm.reviews.services.rights import rights_of
from crm.reviews.services.standing import progress
from crm.staff.models import Branch

LEVELS = {State.WAITING: "mid", State.CONFIRMED: "low", State.REMOVAL: "hold", State.MISSED: "high"}


def _level(row: PersonReview) -> str:
    return "high" if row.is_overdue else LEVELS.get(State(row.state), "")


def _state(row: PersonReview) -> str:
    return _("Overdue") if row.is_overdue else str(State(row.state).label)


def _mine(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """Return what waits for this reader: of officers what falls to them, and never herself."""
    open_ones = rows.filter(state=State.WAITING, campaign__closed_at=None).exclude(person_id=actor.user_id or 0)
    if actor.reach(services.REVIEW) == Reach.ALL:
        return open_ones.filter(reviewer=Reviewer.OFFICER) | open_ones.filter(campaign__due_at__lte=timezone.now())
    return open_ones if actor.reach(services.REVIEW) else open_ones.none()


class ReviewList(ListDefinition):
    """Reviews of people, those that are due first."""

    name = "reviews.person"
    title = gettext_lazy("Reviews of rights")
    permission = services.VIEW
    columns = (
        Column("person", gettext_lazy("Person"), sort="person__number", head=True),
        Column("branch", gettext_lazy("Branch"), sort="branch__path"),
        Column("reviewer", gettext_lazy("Reviewed by"), value="get_reviewer_display"),
        Column("state", gettext_lazy("State"), kind="badge", value=_state, level=_level, sort="state"),
        Column("due", gettext_lazy("Due"), kind="date", value="campaign.due_at", sort="campaign__due_at"),
        Column("decided_by", gettext_lazy("Decided by")),
        Column("decided_at", gettext_lazy("Decided at"), kind="moment", sort="decided_at"),
        Column("reason", gettext_lazy("Reason"), kind="why"),
        Column("campaign", gettext_lazy("Review"), value="campaign.about", shown=False),
    )
    filters = (
        Flag("mine", gettext_lazy("For me to review"), _mine),
        Flag("overdue", gettext_lazy("Overdue"), lambda rows, actor: rows.filter(pk__in=PersonReview.objects.overdue().values("pk"))),
        Choice("state", gettext_lazy("State"), State.choices, multiple=True),
        Choice("reviewer", gettext_lazy("Reviewed by"), Reviewer.choices),
        Related("branch", gettext_lazy("Branch"), Branch.objects.visible_to, field="branch", to_field="code"),
    )
    presets = (
        Preset(gettext_lazy("For me to review"), {"mine": "on"}),
        Preset(gettext_lazy("Overdue"), {"overdue": "on"}),
        Preset(gettext_lazy("All"), {}),
    )
    search = ("reference", "person__number", "person__name", "person__name_pinyin", "campaign__reference")
    default_sort = ("campaign__due_at", "person__number")
    empty_title = pgettext_lazy("reviews", "Nobody waits for review")
    empty_text = gettext_lazy("A review of all rights begins by itself at regular times; its people appear here.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """The people in reach."""
        rows = PersonReview.objects.visible_to(actor, self.permission)
        return rows.select_related("person", "branch", "decided_by", "campaign__branch", "campaign__role")

    def row_url(self, row: Any) -> str:
        """The page of the review."""
        return str(row.get_absolute_url())


@gated(services.VIEW)
@require_GET
def review_list(request: HttpRequest) -> HttpResponse:
    """The people to review; reviewers begin with those who wait for them."""
    actor = actor_of(request)
    if not request.GET and _mine(PersonReview.objects.visible_to(actor, services.VIEW), actor).exists():
        return redirect(ReviewList.url("reviews:review_list", mine="on"))
    return render_list(request, ReviewList(), "reviews/review_list.html", {"may_begin": may(actor, services.BEGIN)})


@gated(services.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def review_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """What one person holds, and the decision of whoever reviews it."""
    actor = actor_of(request)
    rows = PersonReview.objects.select_related("person__branch", "branch", "decided_by", "campaign__branch", "campaign__role")
    review = get_visible(rows, actor, services.VIEW, reference=reference)
    rights = rights_of(review.person, actor)
    removing = "remove" in request.POST or request.POST.get("decision") == "remove"
    confirm = ConfirmForm(
        request.POST if request.method == "POST" and not removing else None, initial={"mark": rights.mark}, auto_id="id_confirm_%s"
    )
    removal = RemovalForm(request.POST if removing else None, rights=rights, initial={"mark": rights.mark}, auto_id="id_remove_%s")
    form: Any = removal if removing else confirm
    if request.method == "POST" and form.is_valid():
        act = services.ask_for_removal if removing else services.confirm
        try:
            act(actor=actor, review=review, **form.cleaned_data)
        except Conflict as refusal:
            messages.error(request, str(refusal))
            return redirect(review)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(
                request, _("Removal is asked for; a security officer decides.") if removing else _("The rights are confirmed.")
            )
            return redirect("reviews:review_list")
    return _page(request, review, {"rights": rights, "confirm": confirm, "removal": removal})


def _page(request: HttpRequest, review: PersonReview, context: dict[str, Any]) -> HttpResponse:
    actor = actor_of(request)
    asked = ChangeRequest.objects.visible_to(actor).filter(reference=review.request).first() if review.request else None
    former = PersonReview.objects.visible_to(actor, services.VIEW).filter(person=review.person, decided_at__isnull=False)
    context |= {
        "review": review,
        "state": _state(review),
        "level": _level(review),
        "may_decide": may_decide(actor, review),
        "is_own": review.person_id == actor.user_id,
        "asked": asked,
        "former": former.exclude(pk=review.pk).select_related("decided_by").order_by("-decided_at")[:5],
        "may_ask": may(actor, "audit.ask_question"),
        "here": position(request),
    }
    return render(request, "reviews/review.html", context)


@gated(services.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_list(request: HttpRequest) -> HttpResponse:
    """How the reviews stand, now or at a former moment; a security officer begins one."""
    actor = actor_of(request)
    form, when = BeginForm(request.POST or None), MomentForm(request.GET or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.begin(actor=actor, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The review has begun; those who review are told."))
            return redirect("reviews:campaign_list")
    at = when.cleaned_data["at"] if when.is_valid() else None
    context = {"rows": progress(actor=actor, at=at), "form": form, "when": when, "at": at, "may_begin": may(actor, services.BEGIN)}
    return render(request, "reviews/campaigns.html", context)
