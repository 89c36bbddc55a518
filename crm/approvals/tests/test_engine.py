"""Another person decides about what was shown, on the base it was shown on, once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.approvals import services
from crm.approvals.choices import State
from crm.approvals.models import ChangeRequest
from crm.approvals.tests.conftest import KIND, Propose, decide
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import Branch, User
from crm.tests.personas import as_actor

pytestmark = pytest.mark.django_db


def name_of(code: str = "110") -> str:
    """The name of the branch as it stands."""
    return Branch.objects.get(code=code).name


def actions_about(request: ChangeRequest) -> list[str]:
    """What the log says about the request, in order."""
    return list(Event.objects.filter(target_ref=request.reference).order_by("pk").values_list("action", flat=True))


def test_second_person_approves_and_it_is_applied(propose: Propose, second_security_officer: User) -> None:
    """R014, R022: proposed by one, applied when another approved, both in the log with the difference."""
    request = propose()
    assert (request.state, name_of()) == (State.PROPOSED, "北京分行")
    decided = decide(request, second_security_officer)
    assert (decided.state, name_of()) == (State.APPLIED, "北京城区分行")
    assert decided.decided_by == second_security_officer
    assert actions_about(request) == ["approval.proposed", "approval.applied"]
    line = Event.objects.get(action="approval.applied")
    assert line.approver == "85002"
    assert line.data["proposed_by"] == "85001"
    assert line.data["differences"] == {"name": ["北京分行", "北京城区分行"]}


def test_refusing_changes_nothing(propose: Propose, second_security_officer: User) -> None:
    request = propose()
    assert decide(request, second_security_officer, approve=False, reason="名称有误").state == State.REFUSED
    assert name_of() == "北京分行"
    assert actions_about(request) == ["approval.proposed", "approval.refused"]


def test_proposer_cannot_decide(propose: Propose, security_officer: User) -> None:
    """Requester and approver are two people, whatever rights the requester holds."""
    request = propose()
    for approve in (True, False):
        with pytest.raises(services.OwnRequest):
            decide(request, security_officer, approve=approve)
    assert name_of() == "北京分行"
    request.refresh_from_db()
    assert request.is_open


def test_the_database_itself_refuses_one_person(propose: Propose, security_officer: User) -> None:
    """Also past the service."""
    request = propose()
    with pytest.raises(IntegrityError, match="another_person"), transaction.atomic():
        ChangeRequest.objects.filter(pk=request.pk).update(state=State.APPLIED, decided_by=security_officer, decided_at=timezone.now())


def test_who_took_part_cannot_decide(propose: Propose, second_security_officer: User) -> None:
    """Who froze may ask to lift, not approve: the handler names the excluded."""
    request = propose(second_out=True)
    with pytest.raises(services.OwnRequest):
        decide(request, second_security_officer)
    assert not services.may_decide(as_actor(second_security_officer), request)


def test_the_right_is_asked_at_the_click(propose: Propose, auditor: User) -> None:
    """Seeing a request is no right to decide it."""
    request = propose()
    with pytest.raises(Refused):
        decide(request, auditor)
    assert name_of() == "北京分行"


def test_services_cannot_decide(propose: Propose) -> None:
    request = propose()
    with pytest.raises(Refused):
        services.decide(actor=SYSTEM, request=request, approve=True, reason="x", shown_hash=services.hash_of(request))


def test_what_was_shown_is_what_is_decided(propose: Propose, second_security_officer: User) -> None:
    """A payload changed behind the engine's back is not applied, whether the decider saw the old text or the new one."""
    request = propose()
    seen = services.hash_of(request)
    ChangeRequest.objects.filter(pk=request.pk).update(changes={"name": "别的名字"})
    for shown in (seen, services.hash_of(ChangeRequest.objects.get(pk=request.pk))):
        with pytest.raises(services.ShownDiffers):
            decide(request, second_security_officer, shown=shown)
    assert name_of() == "北京分行"


def test_two_languages_mean_the_same(propose: Propose) -> None:
    """The mark of what was shown does not depend on the reader's language."""
    request = propose()
    with translation.override("en"):
        english = services.hash_of(request)
    with translation.override("zh-hans"):
        assert services.hash_of(request) == english == request.shown_hash


def test_stale_base_is_refused_and_kept(propose: Propose, second_security_officer: User) -> None:
    """Somebody changed the branch meanwhile: nothing is applied, the request says so."""
    request = propose()
    Branch.objects.filter(code="110").update(name="北京总部")
    decided = decide(request, second_security_officer)
    assert (decided.state, name_of()) == (State.STALE, "北京总部")
    assert actions_about(request) == ["approval.proposed", "approval.stale"]


def test_one_open_request_per_act_and_object(propose: Propose, second_security_officer: User) -> None:
    request = propose()
    with pytest.raises(services.AlreadyProposed):
        propose("第二个名字")
    decide(request, second_security_officer, approve=False)
    assert propose("第二个名字").is_open


def test_decided_once(propose: Propose, second_security_officer: User) -> None:
    request = propose()
    mark = services.hash_of(request)
    decide(request, second_security_officer)
    with pytest.raises(services.AlreadyDecided):
        decide(request, second_security_officer, shown=mark)
    assert actions_about(request).count("approval.applied") == 1


@pytest.mark.parametrize("reason", ["", "  "])
def test_reasons_are_needed(propose: Propose, second_security_officer: User, reason: str) -> None:
    with pytest.raises(services.ReasonMissing):
        propose(reason=reason)
    request = propose()
    with pytest.raises(services.ReasonMissing):
        decide(request, second_security_officer, reason=reason)


def test_a_request_that_changes_nothing_is_refused(propose: Propose) -> None:
    with pytest.raises(services.NothingToDecide):
        propose("北京分行")
    assert not ChangeRequest.objects.exists()


def test_withdrawing_is_the_proposers(propose: Propose, security_officer: User, second_security_officer: User) -> None:
    request = propose()
    with pytest.raises(services.NotYours):
        services.withdraw(actor=as_actor(second_security_officer), request=request)
    assert services.withdraw(actor=as_actor(security_officer), request=request).state == State.WITHDRAWN
    with pytest.raises(services.AlreadyDecided):
        decide(request, second_security_officer)


def test_expiry_closes_once(propose: Propose, second_security_officer: User) -> None:
    """A request past its time is not decided, even before the sweep has come by; the sweep twice closes it once."""
    request = propose()
    ChangeRequest.objects.filter(pk=request.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(services.AlreadyDecided):
        decide(request, second_security_officer)
    assert [services.expire(actor=SYSTEM), services.expire(actor=SYSTEM)] == [1, 0]
    request.refresh_from_db()
    assert (request.state, request.decided_by) == (State.EXPIRED, None)


def test_those_who_can_decide_are_told(propose: Propose, security_officer: User, second_security_officer: User) -> None:
    """Not the proposer, not who has no right; the proposer hears the outcome."""
    request = propose()
    told = Notice.objects.filter(kind="approvals.to_decide").values_list("user__number", flat=True)
    assert list(told) == ["85002"]
    decide(request, second_security_officer)
    outcome = Notice.objects.get(kind="approvals.decided")
    assert outcome.user == security_officer


def test_requests_are_seen_by_those_concerned(
    propose: Propose, security_officer: User, second_security_officer: User, sun_yue: User
) -> None:
    """Own ones and those one could decide; nobody else's."""
    request = propose()

    def seen(user: User) -> list[ChangeRequest]:
        return list(ChangeRequest.objects.visible_to(as_actor(user)))

    assert seen(security_officer) == seen(second_security_officer) == [request]
    assert seen(sun_yue) == []
    assert list(ChangeRequest.objects.to_decide(as_actor(second_security_officer))) == [request]
    assert list(ChangeRequest.objects.to_decide(as_actor(security_officer))) == []


def test_unknown_kinds_are_no_requests(bank: object, security_officer: User) -> None:
    with pytest.raises(LookupError, match="nobody"):
        services.propose(actor=as_actor(security_officer), kind="nobody.knows", target=None, payload={}, reason="x")
    assert KIND != "nobody.knows"
