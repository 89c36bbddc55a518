"""OAuth 2.0 for partner systems: client credentials against a signed access token of ten minutes (ADR 0086).

The grammar is oauthlib's (RFC 6749), the signature jwcrypto's (RFC 8037). The key is derived from ``token_key`` of the keys file.
"""

import base64
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from jwcrypto import jwk, jws
from jwcrypto.common import JWException
from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

from crm.access.actor import Actor
from crm.log import services as log
from crm.staff.models import ClientSecret, ServiceClient
from crm.staff.models.clients import PARTNER_ROLE
from crm.staff.secrets import same, spoken_hash

LASTS = 600
AUDIENCE = "crm-api"
ALGORITHM, KIND = "EdDSA", "at+jwt"
GRANT = "client_credentials"


class TokenWrong(Exception):
    """The text is no access token of ours, or its time is over."""


@dataclass(frozen=True)
class Access:
    """What an access token says: which partner, by which of its secrets, for which doors, until when."""

    code: str
    secret: int
    doors: frozenset[str]
    until: float


def signing_key() -> jwk.JWK:
    """Return the key that signs access tokens; its id changes with it."""
    return _derived(str(settings.CRM_KEYS["token_key"]))


@lru_cache(maxsize=2)
def _derived(encoded: str) -> jwk.JWK:
    seed = hmac.digest(base64.b64decode(encoded), b"crm.staff access tokens", "sha256")
    key = jwk.JWK.from_pyca(Ed25519PrivateKey.from_private_bytes(seed))
    return jwk.JWK(**{**key.export(as_dict=True), "kid": key.thumbprint()[:16]})


def issue(client: ServiceClient, secret: int, doors: list[str], *, lasts: int = LASTS) -> str:
    """Return an access token that was not written down anywhere."""
    key, now = signing_key(), int(time.time())
    claims = {
        "iss": settings.BASE_URL,
        "aud": AUDIENCE,
        "sub": client.code,
        "iat": now,
        "exp": now + lasts,
        "jti": secrets.token_urlsafe(12),
        "sid": secret,
        "scope": " ".join(sorted(doors)),
    }
    token = jws.JWS(json.dumps(claims))
    token.add_signature(key, protected=json.dumps({"alg": ALGORITHM, "typ": KIND, "kid": key["kid"]}))
    return str(token.serialize(compact=True))


def read(token: str) -> Access:
    """Return what an access token says; raise ``TokenWrong``. A token that was looked at before costs no second signature."""
    try:
        found = _verified(token, signing_key()["kid"])
    except (JWException, ValueError, KeyError, TypeError, AttributeError):
        raise TokenWrong from None
    if found.until <= time.time():
        raise TokenWrong
    return found


@lru_cache(maxsize=1024)
def _verified(token: str, kid: str) -> Access:
    if token.count(".") != 2:
        raise TokenWrong
    signed = jws.JWS()
    signed.allowed_algs = [ALGORITHM]
    signed.deserialize(token, signing_key())
    if signed.jose_header != {"alg": ALGORITHM, "typ": KIND, "kid": kid}:
        raise TokenWrong
    claims: dict[str, Any] = json.loads(signed.payload)
    if claims["aud"] != AUDIENCE or claims["iss"] != settings.BASE_URL:
        raise TokenWrong
    return Access(claims["sub"], int(claims["sid"]), frozenset(claims["scope"].split()), float(claims["exp"]))


@dataclass
class _Caller:
    """What oauthlib calls a client."""

    client_id: str
    row: ServiceClient
    secret: int


class _Validator(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
    """Answers oauthlib's questions; whatever it does not ask here does not exist."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor

    def client_authentication_required(self, request: Any, *_more: Any, **_named: Any) -> bool:
        """Return that partners always show their secret."""
        return True

    def authenticate_client(self, request: Any, *_more: Any, **_named: Any) -> bool:
        """Return whether code and secret belong together and the partner may come from here now."""
        code, secret = _shown(request)
        found = _secret_of(code, secret)
        if found is None or not found.client.is_usable or not found.client.may_come_from(self.actor.address):
            return False
        request.client = _Caller(code, found.client, found.pk)
        return True

    def validate_grant_type(self, client_id: str, grant_type: str, *_more: Any, **_named: Any) -> bool:
        """Return whether it is the one grant there is."""
        return grant_type == GRANT

    def get_default_scopes(self, client_id: str, request: Any, *_more: Any, **_named: Any) -> list[str]:
        """Return every door of the partner's terms."""
        return list(request.client.row.endpoints)

    def validate_scopes(self, client_id: str, scopes: list[str], client: Any, *_more: Any, **_named: Any) -> bool:
        """Return whether all doors asked for are in the terms."""
        return set(scopes) <= set(client.row.endpoints)

    def save_bearer_token(self, token: Any, request: Any, *_more: Any, **_named: Any) -> None:
        """Write down that access was given; the token itself is kept nowhere."""
        row = request.client.row
        actor = Actor(
            number=row.code,
            name=row.name,
            kind="partner",
            role=PARTNER_ROLE,
            origin="api",
            user=row,
            address=self.actor.address,
            request_id=self.actor.request_id,
        )
        with transaction.atomic():
            log.record(actor=actor, action="staff.partner_signed_in", target=row, data={"secret": request.client.secret})


def _shown(request: Any) -> tuple[str, str]:
    """Code and secret, by HTTP Basic or in the body; never both, and never from the address."""
    kind, _space, value = str(request.headers.get("Authorization") or "").partition(" ")
    if not kind:
        return str(request.client_id or ""), str(request.client_secret or "")
    if kind.lower() != "basic":
        return "", ""
    try:
        code, colon, secret = base64.b64decode(value, validate=True).decode("ascii").partition(":")
    except ValueError:
        return "", ""
    return (unquote_plus(code), unquote_plus(secret)) if colon else ("", "")


def _secret_of(code: str, secret: str) -> ClientSecret | None:
    rows = ClientSecret.objects.select_related("client").filter(client__code=code.replace("\x00", ""), ended_at__isnull=True)
    shown = spoken_hash(secret)
    return next((row for row in rows if same(row.secret_hash, shown)), None)


def _made(request: Any) -> str:
    return issue(request.client.row, request.client.secret, list(request.scopes))


def answer(*, actor: Actor, body: str, headers: dict[str, str]) -> tuple[dict[str, str], str, int]:
    """Return headers, body and status of the token endpoint's answer to a form; refusals are written down."""
    server = BackendApplicationServer(_Validator(actor), token_generator=_made, token_expires_in=LASTS)
    told, text, status = server.create_token_response("/api/v1/token/", "POST", body, headers)
    if status == 401:
        log.record_refusal(actor=actor, action="staff.partner_refused")
        told = {**told, "WWW-Authenticate": 'Basic realm="crm"'}
    return told, text, status
