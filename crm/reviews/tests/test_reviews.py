"""Rights are reviewed at regular times by somebody else; what is taken away is decided by another officer. Requirements: R262, R264."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.errors import NotVisible, Refused, StepUpNeeded
from crm.access.tests.test_grants import grant
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.log.models import Event
from crm.notify.models import Notice
from crm.operations.checks import rights_are_reviewed
from crm.reviews import services
from crm.reviews.choices import Reviewer, State
from crm.reviews.models import Campaign, PersonReview
from crm.reviews.services import decisions
from crm.reviews.services.rights import rights_of
from crm.reviews.services.standing import progress, standing
from crm.staff.models import RoleAssignment, User
from crm.staff.services.leaving import leave
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer, CustomerGrant, PortfolioGrant

pytestmark = pytest.mark.django_db
QUARTER = timedelta(days=91)


@pytest.fixture
def campaign(bank: Bank) -> Campaign:
    return services.begin(actor=as_actor(bank.people["85001"]), reason="new tellers")


def of(campaign: Campaign, number: str) -> PersonReview:
    return PersonReview.objects.select_related("person", "campaign").get(campaign=campaign, person__number=number)


def mark(bank: Bank, reader: str, number: str) -> str:
    return rights_of(bank.people[number], as_actor(bank.people[reader])).mark


def confirm(bank: Bank, campaign: Campaign, reader: str, number: str) -> PersonReview:
    shown = mark(bank, reader, number)
    return services.confirm(actor=as_actor(bank.people[reader]), review=of(campaign, number), mark=shown)


def test_who_reviews_whom(bank: Bank, campaign: Campaign) -> None:
    """Branch managers their branches, security officers the officers and whoever has no branch manager; everybody once, each told."""
    assert set(campaign.people.values_list("person__number", flat=True)) == set(bank.people)
    by_manager = set(campaign.people.filter(reviewer=Reviewer.BRANCH).values_list("person__number", flat=True))
    assert by_manager == {"80001", "80002", "80003", "84101"}
    told = set(Notice.objects.filter(kind="reviews.waiting").values_list("user__number", flat=True))
    assert told == {"81001", "81002", "85001", "85002"}
    line = Event.objects.get(action="review.begun")
    assert (line.data["people"], line.reason, line.actor_number) == (17, "new tellers", "85001")
    seen = PersonReview.objects.visible_to(as_actor(bank.people["81001"])).values_list("person__number", flat=True)
    assert set(seen) == {"80001", "80003", "84101"}
    campaign.people.filter(person__number="80001").update(reviewer=Reviewer.OFFICER)
    seen = PersonReview.objects.visible_to(as_actor(bank.people["81001"])).values_list("person__number", flat=True)
    assert set(seen) == {"80003", "84101"}, "what falls to the officers is not the branch manager's to see"
    assert not PersonReview.objects.visible_to(as_actor(bank.people["80001"])).exists()
    for number in ("80001", "86001", "81001"):
        with pytest.raises(Refused):
            services.begin(actor=as_actor(bank.people[number]), reason="x")


def test_confirmed_is_what_was_shown(bank: Bank, campaign: Campaign) -> None:
    """Kept with the decision; decided once; never what changed meanwhile, never without the second factor, never of oneself."""
    shown = mark(bank, "81001", "80001")
    with pytest.raises(StepUpNeeded):
        services.confirm(actor=as_actor(bank.people["81001"], stepped_up=False), review=of(campaign, "80001"), mark=shown)
    RoleAssignment.objects.filter(user=bank.people["80001"]).update(valid_until=timezone.now() + timedelta(days=1))
    with pytest.raises(decisions.RightsChanged):
        services.confirm(actor=as_actor(bank.people["81001"]), review=of(campaign, "80001"), mark=shown)
    done = confirm(bank, campaign, "81001", "80001")
    assert (done.state, done.decided_by, done.shown["roles"][0][0]) == (State.CONFIRMED, bank.people["81001"], "relationship-manager")
    assert Event.objects.get(action="review.confirmed").data["shown"] == done.shown
    with pytest.raises(decisions.DecidedAlready):
        confirm(bank, campaign, "81001", "80001")
    with pytest.raises(NotVisible):
        confirm(bank, campaign, "81002", "80003")
    with pytest.raises(Refused):
        confirm(bank, campaign, "86001", "80003")
    for reader, number, refusal in (("85001", "85001", decisions.OwnReview), ("85001", "80003", decisions.NotYet)):
        with pytest.raises(refusal):
            confirm(bank, campaign, reader, number)
    assert of(campaign, "85001").state == of(campaign, "80003").state == State.WAITING


def test_removal_is_decided_by_another_officer(bank: Bank, campaign: Campaign, li_na: Customer) -> None:
    """Role and stand-in go with the second person's click, sessions end; the page names no customer that the reviewer does not see."""
    wu_ting, manager = bank.people["80003"], as_actor(bank.people["81001"])
    grant(wu_ting, li_na, valid_until=timezone.now() + timedelta(days=9))
    PortfolioGrant.objects.create(
        user=wu_ting, manager=bank.people["80001"], valid_until=timezone.now() + timedelta(days=9), reason="leave"
    )
    rights, page = rights_of(wu_ting, manager), reverse("reviews:review", args=[of(campaign, "80003").reference])
    body = browser(bank.people["81001"]).get(page).content.decode()
    assert rights.grants[0].key in body and li_na.reference not in body and rights.grants[0].reference == ""
    form = {
        "mark": rights.mark,
        "remove": ["relationship-manager", *(row.key for row in rights.grants)],
        "reason": "moved on",
        "decision": "remove",
    }
    assert browser(bank.people["81001"]).post(page, {**form, "reason": ""}).status_code == 200
    client = browser(wu_ting)
    assert browser(bank.people["81001"]).post(page, form).status_code == 302
    assert client.get("/customers/").status_code == 200, "nothing changes before the second person"
    asked = ChangeRequest.objects.get(kind=services.KIND)
    assert of(campaign, "80003").state == State.REMOVAL and of(campaign, "80003").request == asked.reference
    with pytest.raises((Refused, NotVisible)):
        decide(actor=manager, request=asked, approve=True, reason="yes", shown_hash=asked.shown_hash)
    second = as_actor(bank.people["85002"])
    assert decide(actor=second, request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash).state == "applied"
    assert User.objects.get(pk=wu_ting.pk).role_codes() == [] and client.get("/customers/").status_code == 403
    assert not CustomerGrant.objects.exclude(valid_until__lte=timezone.now()).exists()
    assert not PortfolioGrant.objects.exclude(valid_until__lte=timezone.now()).exists()
    line = Event.objects.get(action="review.rights_removed")
    assert (line.approver, line.data["before"], line.data["after"], line.data["grants"]) == ("85002", ["relationship-manager"], [], 2)


def test_an_officer_is_reviewed_by_the_other(bank: Bank, campaign: Campaign) -> None:
    """And a removal that concerns an officer is decided neither by who asked nor by the officer herself."""
    officer = as_actor(bank.people["85001"])
    shown = rights_of(bank.people["85002"], officer)
    request = services.ask_for_removal(
        actor=officer, review=of(campaign, "85002"), mark=shown.mark, remove=["security-officer"], reason="too many"
    )
    for number in ("85001", "85002"):
        with pytest.raises(Refused):
            decide(actor=as_actor(bank.people[number]), request=request, approve=True, reason="x", shown_hash=request.shown_hash)
    for remove, refusal in (([], decisions.NothingChosen), (["auditor"], decisions.NothingChosen)):
        with pytest.raises(refusal):
            shown = rights_of(bank.people["88001"], officer)
            services.ask_for_removal(actor=officer, review=of(campaign, "88001"), mark=shown.mark, remove=remove, reason="x")


def test_by_itself_every_quarter(bank: Bank, time_machine: Any) -> None:
    """Begun once, reminded before, told of as overdue after, taken over by an officer, closed by its successor; twice is once."""
    start = timezone.now()
    services.keep_going()
    assert not Campaign.objects.exists(), "the rights were given today"

    def at(moment: Any) -> list[str]:
        time_machine.move_to(moment)
        known = set(Notice.objects.values_list("pk", flat=True))
        services.keep_going()
        services.keep_going()
        new = Notice.objects.exclude(pk__in=known).order_by("user__number")
        return list(new.values_list("user__number", flat=True))

    reviewers = ["81001", "81002", "85001", "85002"]
    assert at(start + QUARTER) == reviewers
    campaign = Campaign.objects.get()
    assert campaign.regular and campaign.begun_by is None
    leave(actor=as_actor(bank.people["85001"]), person=bank.people["84101"], reason="left")
    assert at(campaign.due_at - timedelta(days=8)) == []
    assert of(campaign, "84101").state == State.GONE
    assert at(campaign.due_at - timedelta(days=7)) == reviewers
    assert at(campaign.due_at - timedelta(hours=20)) == reviewers
    assert standing().overdue == 0
    assert at(campaign.due_at + timedelta(minutes=1)) == reviewers
    assert at(campaign.due_at + timedelta(days=6)) == []
    assert at(campaign.due_at + timedelta(days=7, minutes=1)) == reviewers
    assert standing().overdue == 16
    assert confirm(bank, campaign, "85001", "80001").decided_by == bank.people["85001"], "an overdue one falls to the officers"
    at(campaign.begun_at + QUARTER)
    closed, new = Campaign.objects.get(pk=campaign.pk), Campaign.objects.get(closed_at=None)
    assert closed.closed_at and new.regular and closed.people.filter(state=State.MISSED).count() == 15
    assert standing().unreviewed == 15
    assert Event.objects.get(action="review.closed").data["missed"] == 15


def test_a_review_of_a_branch_and_role_ends_with_its_last_person(bank: Bank, time_machine: Any) -> None:
    """And can be looked at as it stood before."""
    officer, role = as_actor(bank.people["85001"]), RoleAssignment.objects.filter(role__code="relationship-manager")[0].role
    campaign = services.begin(actor=officer, branch=bank.branches["110"], role=role, reason="merger")
    assert set(campaign.people.values_list("person__number", flat=True)) == {"80001", "80003"}
    before = timezone.now()
    time_machine.move_to(before + timedelta(hours=1))
    confirm(bank, campaign, "81001", "80001")
    confirm(bank, campaign, "81001", "80003")
    assert Campaign.objects.get().closed_at is not None
    (now,), (then,) = progress(actor=officer), progress(actor=officer, at=before)
    assert ((now.confirmed, now.waiting), (then.confirmed, then.waiting)) == ((2, 0), (0, 2))
    assert progress(actor=as_actor(bank.people["81002"])) == []
    with pytest.raises(services.campaigns.NobodyToReview):
        services.begin(actor=officer, branch=bank.branches["310001"], role=bank.people["86001"].roles.get(), reason="x")


def test_pages(bank: Bank, campaign: Campaign) -> None:
    """Lists begin with what waits for the reader; pages of others are not there; bad input is refused in words."""
    client = browser(bank.people["81001"])
    answer = client.get(reverse("reviews:review_list"))
    assert answer.status_code == 302 and "mine=on" in answer["Location"]
    assert "80001" in client.get(answer["Location"]).content.decode()
    page = reverse("reviews:review", args=[of(campaign, "80001").reference])
    for bad in (
        {},
        {"mark": "x"},
        {"mark": "0" * 64},
        {"decision": "remove"},
        {"decision": "remove", "remove": ["nobody"], "mark": "\x00"},
    ):
        assert client.post(page, bad).status_code in (200, 302)
    assert of(campaign, "80001").state == State.WAITING
    assert client.post(page, {"mark": mark(bank, "81001", "80001"), "decision": "confirm"}).status_code == 302
    for number, status in (("81002", 404), ("80001", 403), ("86001", 200), ("85001", 200)):
        assert browser(bank.people[number]).get(page).status_code == status, number
    assert 'name="mark"' not in browser(bank.people["86001"]).get(page).content.decode()
    stands = reverse("reviews:campaign_list")
    assert browser(bank.people["86001"]).get(stands, {"at": "2020-01-01T00:00"}).status_code == 200
    assert browser(bank.people["86001"]).get(stands, {"at": "x"}).status_code == 200
    assert browser(bank.people["81001"]).post(stands, {"reason": "x"}).status_code == 403
    assert browser(bank.people["85001"]).post(stands, {"reason": "x", "branch": "nowhere"}).status_code == 200
    assert browser(bank.people["85001"]).post(stands, {"reason": "x", "branch": "110"}).status_code == 302


@pytest.mark.parametrize(("days", "found"), [(27, 1), (28, 0), (91, 0), (366, 0), (367, 1)])
def test_the_interval_has_a_floor(settings: Any, days: int, found: int) -> None:
    """No setting makes reviews rarer than once a year, or so frequent that none can end."""
    settings.RIGHTS_REVIEW_DAYS = days
    assert len(list(rights_are_reviewed())) == found
