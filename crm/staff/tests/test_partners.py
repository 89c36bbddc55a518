"""Partner systems: code and secret against a token of ten minutes; what is not in the terms is not there; refusals written down (R251).

Requirements: R239, R251, R272.
"""

import base64
import json
import time
from io import StringIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from crm.access.errors import NotVisible
from crm.access.services import actor_of
from crm.log.models import Event
from crm.staff.models import ClientSecret, Role, RolePermission, ServiceClient
from crm.staff.secrets import half_hash, joined_hash
from crm.staff.services import clients
from crm.tests.personas import PARTNER_SECRET, token_of

pytestmark = pytest.mark.django_db
DOOR = "decisions"


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


def call(token: str, view: type[APIView] = Probe, method: str = "get", address: str = "127.0.0.1", door: str = DOOR) -> Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = getattr(APIRequestFactory(), method)("/api/v1/probe/", headers=headers, REMOTE_ADDR=address)
    request.resolver_match = SimpleNamespace(url_name=door)
    answer: Response = view.as_view()(request)
    return answer


def ask(client_id: str = "mobile-bank", secret: str = PARTNER_SECRET, **more: str) -> Any:
    """The token endpoint's answer."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **more}
    return Client().post("/api/v1/token/", form_of(form), content_type="application/x-www-form-urlencoded")


def form_of(values: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


@pytest.fixture(autouse=True)
def token(partner: ServiceClient) -> str:
    cache.clear()
    RolePermission.objects.create(role=Role.objects.get(code="partner"), permission="staff.probe", reach="source")
    return token_of(partner)


def test_code_and_secret_get_a_token_that_makes_the_actor() -> None:
    """R272: ten minutes, signed with Ed25519, for this API, with a number of its own; nothing of it is kept."""
    answer = ask()
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"], answer["Cache-Control"]) == (200, "Bearer", 600, "no-store")
    assert set(told["scope"].split()) == set(clients.doors())
    head, claims, _signature = (base64.urlsafe_b64decode(part + "==") for part in told["access_token"].split("."))
    assert json.loads(head)["alg"] == "EdDSA"
    assert {"aud", "exp", "iat", "iss", "jti", "kid", "sub"} <= set(json.loads(claims)) | set(json.loads(head))
    assert call(told["access_token"]).data == {"number": "mobile-bank", "kind": "partner", "role": "partner"}
    line = Event.objects.get(action="staff.partner_signed_in")
    assert (line.actor_number, told["access_token"] in str(line.data)) == ("mobile-bank", False)


def test_http_basic_and_hyphens_as_people_type_them() -> None:
    words = base64.b64encode(f"mobile-bank:{PARTNER_SECRET.lower().replace('-', ' ')}".encode()).decode()
    asked = Client(headers={"Authorization": f"Basic {words}"})
    assert asked.post("/api/v1/token/", "grant_type=client_credentials", "application/x-www-form-urlencoded").status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "手机"}, 401, "invalid_client"),
        ({"client_id": "a\x00b"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"scope": "admin"}, 400, "invalid_scope"),
    ],
)
def test_anything_else_gets_no_token(change: dict[str, str], status: int, error: str) -> None:
    answer = ask(**change)
    assert (answer.status_code, answer.json().get("error")) == (status, error)
    assert "access_token" not in answer.content.decode()
    assert Event.objects.filter(action="staff.partner_refused").count() == (status == 401)


@pytest.mark.parametrize("body", ["", "{", "grant_type", "grant_type=a&grant_type=b", "%ff=%00", "x" * 9_000])
def test_a_broken_form_is_no_fault_of_ours(body: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data", ""):
        assert Client(raise_request_exception=False).post("/api/v1/token/", body, kind).status_code in (400, 401)
    assert Client().get("/api/v1/token/").status_code == 405


def tampered(token: str) -> list[str]:
    """Tokens that somebody would like to pass."""
    head, claims, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**said, "sub": "card-core"}).encode()).decode().rstrip("=")
    return [
        "",
        "x",
        "a.b.c",
        f"{none}.{claims}.",
        f"{head}.{other}.{signature}",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{token}.x",
        "手机",
    ]


def test_strangers_get_401(token: str) -> None:
    for text in tampered(token):
        assert call(text.encode().decode("latin-1")).status_code == 401, text
    assert Event.objects.filter(action="staff.partner_refused").count() == len(tampered(token)) - 1


def test_a_token_ends(partner: ServiceClient) -> None:
    """After ten minutes, also where it was looked at before."""
    fresh = token_of(partner, lasts=600)
    assert call(fresh).status_code == 200
    with patch.object(time, "time", return_value=time.time() + 601):
        assert call(fresh).status_code == 401


def test_another_key_signs_nothing(partner: ServiceClient, settings: Any) -> None:
    keys = dict(settings.CRM_KEYS)
    settings.CRM_KEYS = {**keys, "token_key": base64.b64encode(b"x" * 32).decode()}
    foreign = token_of(partner)
    settings.CRM_KEYS = keys
    assert call(foreign).status_code == 401


def test_switched_off_or_its_secret_ended_means_out_at_once(partner: ServiceClient, token: str) -> None:
    ClientSecret.objects.update(ended_at=partner.created_at)
    assert call(token).status_code == 401
    assert ask().status_code == 401
    ClientSecret.objects.update(ended_at=None)
    assert call(token).status_code == 200
    ServiceClient.objects.update(is_active=False)
    assert call(token).status_code == 401
    assert ask().status_code == 401


def test_two_secrets_live_side_by_side(partner: ServiceClient, token: str) -> None:
    ClientSecret.objects.create(client=partner, secret_hash=joined_hash(half_hash("A" * 15), "B" * 15))
    assert [ask(secret=secret).status_code for secret in (PARTNER_SECRET, "A" * 15 + "B" * 15)] == [200, 200]


def test_other_networks_are_strangers(partner: ServiceClient, token: str) -> None:
    ServiceClient.objects.update(networks=["192.0.2.0/24", "2001:db8::/32"])
    assert [call(token, address=place).status_code for place in ("192.0.2.9", "2001:db8::9", "192.0.3.9")] == [200, 200, 401]
    assert ask().status_code == 401


def test_a_door_that_is_not_in_the_terms_is_an_unknown_address(partner: ServiceClient) -> None:
    """R251: to the byte, headers included; whether the terms or the token's own scope leave it out."""
    ServiceClient.objects.update(endpoints=["transaction_list"])
    partner.endpoints = ["transaction_list", "decisions"]
    asked = Client(headers={"Authorization": f"Bearer {token_of(partner)}"})
    seen = set()
    for path in ("/api/v1/decisions/", "/api/v1/nowhere/", "/api/v1/transactions/T-2222222222222/"):
        answer = asked.post(path, "{}", "application/json") if "decisions" in path else asked.get(path)
        body = {**answer.json(), "request_id": ""}
        seen.add((answer.status_code, str(body), tuple(sorted((k, v) for k, v in answer.headers.items() if k != "X-Request-ID"))))
    assert len(seen) == 1, seen
    assert asked.post("/api/v1/transactions/", "[]", "application/json").status_code == 400


def test_what_the_role_does_not_give_is_403(token: str) -> None:
    RolePermission.objects.filter(permission="staff.probe").update(reach="none")
    answer = call(token)
    assert (answer.status_code, answer.data["code"]) == (403, "refused")


def test_out_of_scope_is_404(token: str) -> None:
    RolePermission.objects.create(role=Role.objects.get(code="partner"), permission="staff.other", reach="source")
    answer = call(token, method="post")
    assert (answer.status_code, answer.data["code"]) == (404, "not_found")


def test_a_view_without_a_gate_lets_nobody_in(token: str) -> None:
    assert call(token, Ungated).status_code == 403


def test_a_view_without_a_route_lets_nobody_in(token: str) -> None:
    assert call(token, door="").status_code == 404


def test_more_than_the_rate_is_429(token: str) -> None:
    ServiceClient.objects.update(rate=2)
    assert [call(token).status_code for _request in range(2)] == [200, 200]
    answer = call(token)
    assert (answer.status_code, answer.data["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_the_command_prints_the_secret_once_and_keeps_its_hash(settings: Any) -> None:
    out = StringIO()
    call_command("create_partner", "card-core", "--source", "card", "--source", "pos", stdout=out)
    secret = out.getvalue().strip()
    client = ServiceClient.objects.get(code="card-core")
    assert client.sources == ["card", "pos"]
    assert ask("card-core", secret).status_code == 200
    assert secret not in f"{client.__dict__} {list(client.secrets.values())}"
    with pytest.raises(CommandError, match="there already"):
        call_command("create_partner", "card-core")
    renewed = StringIO()
    call_command("create_partner", "card-core", "--renew", stdout=renewed)
    assert [ask("card-core", text.strip()).status_code for text in (secret, renewed.getvalue())] == [401, 200]
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="Two security officers"):
        call_command("create_partner", "card-core", "--renew")
