"""Two approvers at once: exactly one outcome.

Requirements: R339.
"""

import threading

import pytest
from django.db import connections

from crm.access.errors import Conflict
from crm.approvals import services
from crm.approvals.models import ChangeRequest
from crm.approvals.tests.conftest import Propose
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("second_approves", [True, False])
def test_two_deciders_one_outcome(
    propose: Propose, branch_manager: User, security_officer: User, second_security_officer: User, second_approves: bool
) -> None:
    """Whoever comes second is told that it is decided; the log holds one decision."""
    request = propose(by=branch_manager)
    mark = services.hash_of(request)
    start, outcomes = threading.Barrier(4), []

    def click(user: User, approve: bool) -> None:
        try:
            start.wait(10)
            decided = services.decide(actor=as_actor(user), request=request, approve=approve, reason="同时", shown_hash=mark)
            outcomes.append(decided.state)
        except Conflict as late:
            outcomes.append(late.code)
        finally:
            connections.close_all()

    clicks = [
        (security_officer, True),
        (security_officer, True),
        (second_security_officer, second_approves),
        (second_security_officer, second_approves),
    ]
    threads = [threading.Thread(target=click, args=one) for one in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert outcomes.count("already_decided") == 3
    state = ChangeRequest.objects.get(pk=request.pk).state
    assert [outcome for outcome in outcomes if outcome != "already_decided"] == [state]
    decisions = Event.objects.filter(target_ref=request.reference, action__in=["approval.applied", "approval.refused"])
    assert decisions.count() == 1


def test_two_proposers_one_request(propose: Propose, second_security_officer: User) -> None:
    """The same act on the same object waits once."""
    start, outcomes = threading.Barrier(2), []

    def ask(user: User | None) -> None:
        try:
            start.wait(10)
            outcomes.append(propose(by=user).state)
        except Conflict as late:
            outcomes.append(late.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(user,)) for user in (None, second_security_officer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert sorted(outcomes) == ["already_proposed", "proposed"]
    assert ChangeRequest.objects.count() == 1
