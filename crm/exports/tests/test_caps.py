"""Caps of exports by role: one security officer proposes, another decides, the next export obeys. Requirements: R263, R300."""

import pytest
from django.urls import reverse

from crm.access.errors import NotVisible, Refused, StepUpNeeded
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.exports.models import RowCap
from crm.exports.services import cap_of, caps
from crm.log.models import Event
from crm.tests.personas import Bank, as_actor, browser

pytestmark = pytest.mark.django_db


def test_from_the_page_to_the_next_export(bank: Bank) -> None:
    """Nothing changes before the second officer; before and after stand in the log; the proposer does not decide."""
    manager, page = bank.people["81001"], reverse("exports:cap_list")
    form = {"role": "branch-manager", "rows": "700", "reason": "fewer branches"}
    assert browser(bank.people["85001"]).post(page, form).status_code == 302
    asked = ChangeRequest.objects.get()
    assert cap_of(as_actor(manager)) == 2000 and not RowCap.objects.exists()
    for number in ("85001", "82002", "86001"):
        with pytest.raises((Refused, NotVisible)):
            decide(actor=as_actor(bank.people[number]), request=asked, approve=True, reason="yes", shown_hash=asked.shown_hash)
    second = as_actor(bank.people["85002"])
    assert decide(actor=second, request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash).state == "applied"
    assert cap_of(as_actor(manager)) == 700
    line = Event.objects.get(action="export.cap_changed")
    assert (line.data["before"], line.data["after"], line.approver, line.data["asked_by"]) == (2000, 700, "85002", "85001")
    assert "2,000" in browser(bank.people["86001"]).get(page).content.decode()


def test_a_request_on_a_cap_that_moved_is_out_of_date(bank: Bank) -> None:
    """And a proposal that changes nothing, an unknown role and too many rows are refused in words."""
    officer, second = as_actor(bank.people["85001"]), as_actor(bank.people["85002"])
    asked = caps.propose_cap(actor=officer, role="auditor", rows=0, reason="quarter's end")
    RowCap.objects.create(role="auditor", rows=9)
    assert decide(actor=second, request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash).state == "stale"
    for role, rows, refusal in (("customer", 5, caps.NoSuchRole), ("nobody", 5, caps.NoSuchRole), ("auditor", 50_001, caps.BeyondReason)):
        with pytest.raises(refusal):
            caps.propose_cap(actor=officer, role=role, rows=rows, reason="x")
    with pytest.raises(StepUpNeeded):
        caps.propose_cap(actor=as_actor(bank.people["85001"], stepped_up=False), role="auditor", rows=5, reason="x")
    client, page = browser(bank.people["85001"]), reverse("exports:cap_list")
    good = {"role": "auditor", "rows": "9", "reason": "x"}
    for bad in ({**good, "rows": "1e9"}, {**good, "role": "'"}, {"rows": "-1"}, good):
        assert client.post(page, bad).status_code == 200
    assert browser(bank.people["86001"]).post(page, {**good, "rows": "1"}).status_code == 403
