"""Who stopped a payment and why is read by those who may know it, and reaches nobody who meets the customer, nor the customer's channel.

Requirements: R120, R313.
"""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.access.actor import FEED
from crm.staff.models import User
from crm.tests.personas import as_actor
from products.choices import FreezeKind
from products.models import Account
from products.services import place_freeze
from transactions import services
from transactions.choices import Status
from transactions.models import Transaction
from transactions.roles import ROLES
from transactions.tests.personas import recorded
from transactions.tests.test_pages import SENTENCE, english, page_of
from transactions.tests.test_statuses import hold_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]
CANARY = "suspected money laundering, scenario nine"


def _frozen(account: Account, officer: User) -> Transaction:
    row = recorded(account)
    place_freeze(actor=as_actor(officer), customer=account.customer, account=account, kind=FreezeKind.PAYMENT_STOP, reason=CANARY)
    return row


def _decided(verb: Callable[..., Transaction]) -> Callable[[Account, User], Transaction]:
    return lambda account, officer: verb(actor=as_actor(officer), row=hold_row(recorded(account)), reason=CANARY)


def _reversed(account: Account, officer: User) -> Transaction:
    done = recorded(account, status=Status.COMPLETED)
    return services.reverse(actor=as_actor(officer), row=done, reason=CANARY)


ACTS = {
    "declined": _decided(services.decline_held),
    "released": _decided(services.release_held),
    "revoked": _decided(services.revoke),
    "reversed": _reversed,
    "refused": _frozen,
}


@pytest.fixture
def readers(sun_yue: User, service_agent: User, operations: User, branch_manager: User) -> list[User]:
    """Return those who see the transaction and meet the customer."""
    return [sun_yue, service_agent, operations, branch_manager]


@pytest.mark.parametrize("act", ACTS)
def test_reason_and_officer_stay_with_those_who_may_know(
    salary_account: Account, supervisor: User, zhou_min: User, auditor: User, readers: list[User], act: str
) -> None:
    """The page and the part of it that asks for itself."""
    row = ACTS[act](salary_account, supervisor)
    for path in (page_of(row), f"{page_of(row)}status/"):
        for reader in readers:
            text = english(reader).get(path).content.decode()
            assert row.reference in text or path != page_of(row)
            for canary in (CANARY, "laundering", supervisor.number, supervisor.name):
                assert canary not in text, (reader.number, path, canary)
    known = english(zhou_min).get(page_of(row)).content.decode()
    assert supervisor.number in known
    assert (CANARY in known) is (act != "refused")
    assert supervisor.number in english(auditor).get(page_of(row)).content.decode()


@pytest.mark.parametrize("act", ["declined", "refused"])
def test_both_ways_of_not_carrying_out_are_told_in_one_sentence(salary_account: Account, supervisor: User, sun_yue: User, act: str) -> None:
    """The relationship manager cannot tell an officer's decision from a freeze by what is said of it."""
    row = ACTS[act](salary_account, supervisor)
    assert SENTENCE in english(sun_yue).get(page_of(row)).content.decode()
    assert SENTENCE not in english(supervisor).get(page_of(row)).content.decode()


@pytest.mark.parametrize("act", ACTS)
def test_the_partner_reads_the_status_and_no_more(
    salary_account: Account, supervisor: User, partner_headers: dict[str, str], act: str
) -> None:
    """Nor does a message of its own bring it out."""
    row = ACTS[act](salary_account, supervisor)
    client = Client(headers=partner_headers)
    path = f"/api/v1/transactions/{row.reference}/"
    message = {"external_id": "S-1", "status": "failed", "at": "2026-11-20T12:00:05+08:00", "reason": "no answer"}
    answers = [client.get(path), client.post(f"{path}status/", message, content_type="application/json")]
    for answer in answers:
        for canary in (CANARY, "laundering", supervisor.number, supervisor.name, "F-"):
            assert canary not in answer.content.decode()
    assert answers[0].json()["status"] == act


def test_what_the_core_itself_says_is_read_by_all(salary_account: Account, sun_yue: User) -> None:
    """A payment that failed in the core is no secret of ours."""
    row = recorded(salary_account)
    step = services.Step(status=Status.FAILED, at=row.received_at, source=row.source, external_id="S-1", reason="insufficient funds")
    services.change_status(actor=FEED, reference=row.reference, step=step)
    assert "insufficient funds" in english(sun_yue).get(page_of(row)).content.decode()


def test_nobody_who_meets_the_customer_holds_the_permission() -> None:
    """The customer's own role and the partner's included."""
    assert {role for role, held in ROLES.items() if "transactions.view_refusal" in held} == {"risk-officer", "risk-supervisor", "auditor"}
