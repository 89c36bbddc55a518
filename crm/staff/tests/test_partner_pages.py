"""Terms and secrets of partner systems: one security officer asks, another one approves, each sees half of the secret.

Requirements: R239, R251, R272.
"""

import re

import pytest
from django.test import Client

from crm.access.errors import StepUpNeeded
from crm.approvals.models import ChangeRequest
from crm.log.models import Event
from crm.staff.models import ClientSecret, ServiceClient, User
from crm.staff.services import clients
from crm.tests.personas import as_actor, browser

pytestmark = pytest.mark.django_db
HALF = re.compile(r'class="mono">((?:[2-9A-Z]{5}-){2}[2-9A-Z]{5})<')
TERMS = {
    "endpoints": ["transaction_list"],
    "sources": "pos card",
    "branches": "110",
    "networks": "192.0.2.0/24",
    "rate": "60",
    "active": "on",
}


def decide(officer: Client) -> str:
    request = ChangeRequest.objects.latest("pk")
    page = officer.get(request.get_absolute_url()).content.decode()
    shown = re.search(r'name="shown_hash" value="(\w+)"', page)
    assert shown is not None, page
    done = officer.post(f"{request.get_absolute_url()}decide/", {"shown_hash": shown[1], "decision": "approve", "reason": "checked"})
    return done.content.decode()


@pytest.fixture
def officers(security_officer: User, second_security_officer: User) -> tuple[Client, Client]:
    return browser(security_officer), browser(second_security_officer)


def test_two_officers_admit_a_partner_and_neither_knows_its_secret(officers: tuple[Client, Client]) -> None:
    one, other = officers
    assert one.post("/partners/", {"code": "card-core", "name": "Card system"})["Location"] == "/partners/card-core/"
    client = ServiceClient.objects.get(code="card-core")
    assert (client.is_active, client.endpoints, client.sources) == (False, [], [])
    assert one.post("/partners/card-core/terms/", {**TERMS, "reason": "contract 7"}).status_code == 302
    assert not ServiceClient.objects.get().is_active
    decide(other)
    client.refresh_from_db()
    assert (client.is_active, client.sources, client.branches, client.rate) == (True, ["card", "pos"], ["110"], 60)
    first = HALF.search(one.post("/partners/card-core/secret/", {"reason": "contract 7"}).content.decode())
    assert first is not None
    assert not ClientSecret.objects.exists()
    second = HALF.search(decide(other))
    assert second is not None
    answers = [_ask("card-core", secret) for secret in (first[1], second[1], second[1] + first[1], first[1] + second[1])]
    assert answers == [401, 401, 401, 200]
    page = one.get("/partners/card-core/").content.decode()
    assert first[1] not in page
    actions = ["staff.partner_created", "staff.partner_changed", "staff.partner_secret_issued"]
    assert [Event.objects.filter(action=action).count() for action in actions] == [1, 1, 1]


def _ask(code: str, secret: str) -> int:
    body = f"grant_type=client_credentials&client_id={code}&client_secret={secret}"
    return Client().post("/api/v1/token/", body, "application/x-www-form-urlencoded", REMOTE_ADDR="192.0.2.7").status_code


@pytest.mark.parametrize("wrong", [{"networks": "everywhere"}, {"branches": "999"}, {"endpoints": ["admin"]}, {"rate": "0"}, {"rate": "x"}])
def test_terms_that_there_are_not_are_refused_in_words(
    officers: tuple[Client, Client], partner: ServiceClient, wrong: dict[str, object]
) -> None:
    answer = officers[0].post("/partners/mobile-bank/terms/", {**TERMS, **wrong, "reason": "x"})
    assert answer.status_code == 200
    assert not ChangeRequest.objects.exists()
    assert answer.context["terms_form"].errors


def test_ending_waits_for_nobody(officers: tuple[Client, Client], partner: ServiceClient) -> None:
    secret = partner.secrets.get()
    assert officers[0].post("/partners/mobile-bank/end/", {"secret": secret.pk, "reason": "leaked"}).status_code == 302
    assert officers[0].post("/partners/mobile-bank/off/", {"reason": "leaked"}).status_code == 302
    partner.refresh_from_db()
    secret.refresh_from_db()
    assert secret.ended_at is not None
    assert not partner.is_active
    assert Event.objects.filter(action__in=["staff.partner_secret_ended", "staff.partner_switched_off"]).count() == 2


def test_a_third_secret_is_refused(officers: tuple[Client, Client], partner: ServiceClient) -> None:
    ClientSecret.objects.create(client=partner, secret_hash="0" * 64)
    page = officers[0].post("/partners/mobile-bank/secret/", {"reason": "x"}).content.decode()
    assert "Two secrets" in page
    assert not ChangeRequest.objects.exists()


def test_asking_needs_a_fresh_second_factor(security_officer: User, partner: ServiceClient) -> None:
    actor = as_actor(security_officer, stepped_up=False)
    with pytest.raises(StepUpNeeded):
        clients.ask_for_secret(actor=actor, client=partner, reason="x")
    with pytest.raises(StepUpNeeded):
        clients.ask_for_terms(actor=actor, client=partner, terms=clients.terms_of(partner), reason="x")


def test_the_system_officer_reads_and_changes_nothing(system_officer: User, partner: ServiceClient) -> None:
    reader = browser(system_officer)
    assert reader.get("/partners/mobile-bank/").status_code == 200
    assert reader.post("/partners/", {"code": "new-one", "name": "New"}).status_code == 403
    assert reader.post("/partners/mobile-bank/off/", {"reason": "x"}).status_code == 403
    assert ServiceClient.objects.filter(is_active=True).count() == 1
