"""Partner systems: a hashed token, only their sources, refusals written down (R251).

Requirements: R239.
"""

from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from crm.access.errors import NotVisible
from crm.access.services import actor_of
from crm.log.models import Event
from crm.staff.models import Role, RolePermission, ServiceClient
from crm.tests.personas import PARTNER_TOKEN

pytestmark = pytest.mark.django_db


class Probe(APIView):
    """A view like those of the apps above."""

    gate = {"GET": "staff.probe", "POST": "staff.other"}

    def get(self, request: object) -> Response:
        """Say who asks."""
        actor = actor_of(request)  # type: ignore[arg-type]
        return Response({"number": actor.number, "kind": actor.kind, "role": actor.role})

    def post(self, request: object) -> Response:
        """Act as if the row were out of scope."""
        raise NotVisible("staff.other")


class Ungated(APIView):
    """A view that somebody forgot to gate."""

    def get(self, request: object) -> Response:
        """Answer anybody."""
        return Response()


def call(view: type[APIView] = Probe, token: str = PARTNER_TOKEN, method: str = "get") -> Response:
    request = getattr(APIRequestFactory(), method)("/api/v1/probe/", headers={"Authorization": f"Bearer {token}"} if token else {})
    answer: Response = view.as_view()(request)
    return answer


@pytest.fixture(autouse=True)
def probe_permission(partner: ServiceClient) -> None:
    cache.clear()
    RolePermission.objects.create(role=Role.objects.get(code="partner"), permission="staff.probe", reach="source")


def test_the_token_makes_the_actor() -> None:
    answer = call()
    assert (answer.status_code, answer.data) == (200, {"number": "mobile-bank", "kind": "partner", "role": "partner"})


@pytest.mark.parametrize("token", ["", "mobile-bank.wrong", "nobody.token", "手机", "mobile-bank"])
def test_strangers_get_401(token: str) -> None:
    answer = call(token=token.encode().decode("latin-1"))
    assert answer.status_code == 401
    assert Event.objects.filter(action="staff.partner_refused").count() == (1 if token else 0)


def test_what_the_role_does_not_give_is_403() -> None:
    RolePermission.objects.filter(permission="staff.probe").update(reach="none")
    answer = call()
    assert (answer.status_code, answer.data["code"]) == (403, "refused")


def test_out_of_scope_is_404() -> None:
    RolePermission.objects.create(role=Role.objects.get(code="partner"), permission="staff.other", reach="source")
    answer = call(method="post")
    assert (answer.status_code, answer.data["code"]) == (404, "not_found")


def test_a_view_without_a_gate_lets_nobody_in() -> None:
    assert call(Ungated).status_code == 403


def test_switched_off_means_out(partner: ServiceClient) -> None:
    ServiceClient.objects.update(is_active=False)
    assert call().status_code == 401


def test_more_than_the_rate_is_429(partner: ServiceClient) -> None:
    ServiceClient.objects.update(rate=2)
    assert [call().status_code for _request in range(2)] == [200, 200]
    answer = call()
    assert (answer.status_code, answer.data["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_the_command_prints_the_token_once_and_keeps_its_hash() -> None:
    out = StringIO()
    call_command("create_partner", "card-core", "--source", "card", "--source", "pos", stdout=out)
    token = out.getvalue().strip()
    client = ServiceClient.objects.get(code="card-core")
    assert client.sources == ["card", "pos"]
    assert token not in f"{client.__dict__}"
    assert not client.reach("staff.other")
    with pytest.raises(CommandError, match="there already"):
        call_command("create_partner", "card-core")
    renewed = StringIO()
    call_command("create_partner", "card-core", "--renew", stdout=renewed)
    assert renewed.getvalue().strip() != token
    assert call(token=token).status_code == 401
