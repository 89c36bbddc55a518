"""The pages: to decide, mine, one request, the decision."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from crm.approvals.choices import State
from crm.approvals.models import ChangeRequest
from crm.approvals.providers import waiting
from crm.approvals.tests.conftest import Propose
from crm.approvals.views import RequestList
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff.models import Branch, User
from crm.tests.personas import browser

pytestmark = pytest.mark.django_db
LIST = "approvals:request_list"


def shown_hash(client: Client, request: ChangeRequest) -> str:
    """The mark in the decision form of the page."""
    page = client.get(request.get_absolute_url()).content.decode()
    found = re.search(r'name="shown_hash" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def click(client: Client, request: ChangeRequest, decision: str, **data: str) -> object:
    """Send the decision form."""
    mark = data.pop("shown_hash", None) or shown_hash(client, request)
    url = reverse("approvals:request_decide", args=[request.reference])
    return client.post(url, {"decision": decision, "reason": "核对无误", "shown_hash": mark, **data}, follow=True)


def test_list_keeps_its_promises(propose: Propose, second_security_officer: User) -> None:
    codes = iter(["110", "310", "110001"])
    check_list(
        RequestList(),
        path=f"{reverse(LIST)}?to_decide=on",
        user=second_security_officer,
        make_row=lambda n: propose(f"名{n}", code=next(codes)),
    )


def test_who_has_to_decide_begins_there(propose: Propose, security_officer: User, second_security_officer: User) -> None:
    propose()
    assert browser(second_security_officer).get(reverse(LIST)).headers["Location"].endswith("?to_decide=on")
    page = browser(security_officer).get(reverse(LIST))
    assert page.status_code == 200
    assert (waiting(security_officer), waiting(second_security_officer)) == (0, 1)


def test_approving_on_the_page(propose: Propose, second_security_officer: User) -> None:
    request, client = propose(), browser(second_security_officer)
    page = click(client, request, "approve")
    request.refresh_from_db()
    assert page.status_code == 200  # type: ignore[attr-defined]
    assert (request.state, Branch.objects.get(code="110").name) == (State.APPLIED, "北京城区分行")
    after = client.get(request.get_absolute_url()).content.decode()
    assert "<del>北京分行</del>" in after, "what was shown stays readable when the base has moved on"
    assert "request_decide" not in after and 'name="reason"' not in after


def test_any_other_button_refuses(propose: Propose, second_security_officer: User) -> None:
    """Nothing but the word approve approves."""
    request = propose()
    click(browser(second_security_officer), request, "APPROVE")
    request.refresh_from_db()
    assert request.state == State.REFUSED


def test_a_reason_is_asked_for(propose: Propose, second_security_officer: User) -> None:
    request = propose()
    page = click(browser(second_security_officer), request, "approve", reason=" ")
    assert page.status_code == 400  # type: ignore[attr-defined]
    request.refresh_from_db()
    assert request.is_open


def test_own_request_has_no_decision_form_and_the_click_is_refused_and_logged(propose: Propose, security_officer: User) -> None:
    request, client = propose(), browser(security_officer)
    assert b'name="shown_hash"' not in client.get(request.get_absolute_url()).content
    page = click(client, request, "approve", shown_hash=request.shown_hash)
    assert page.status_code == 403  # type: ignore[attr-defined]
    request.refresh_from_db()
    assert request.is_open
    assert Event.objects.filter(result="refused", actor_number="85001", target_ref=request.reference).count() == 1


def test_old_page_is_refused_in_words(propose: Propose, second_security_officer: User) -> None:
    request, client = propose(), browser(second_security_officer)
    click(client, request, "approve", shown_hash="0" * 64)
    request.refresh_from_db()
    assert request.is_open


def test_strangers_get_404(propose: Propose, sun_yue: User) -> None:
    """Out of scope answers like a reference that does not exist, for each verb."""
    request, client = propose(), browser(sun_yue)
    for reference in (request.reference, "CR-22222222"):
        assert client.get(reverse("approvals:request", args=[reference])).status_code == 404
        assert client.post(reverse("approvals:request_withdraw", args=[reference])).status_code == 404
        assert (
            client.post(reverse("approvals:request_decide", args=[reference]), {"reason": "x", "shown_hash": "0" * 64}).status_code == 404
        )
    request.refresh_from_db()
    assert request.is_open


def test_withdrawing_on_the_page(propose: Propose, security_officer: User) -> None:
    request = propose()
    browser(security_officer).post(reverse("approvals:request_withdraw", args=[request.reference]))
    request.refresh_from_db()
    assert request.state == State.WITHDRAWN
