"""How partner systems show who they are."""

import time
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from crm.access.actor import Actor
from crm.access.errors import NotVisible
from crm.access.middleware import client_address
from crm.log import services as log
from crm.staff.models import ServiceClient
from crm.staff.models.clients import PARTNER_ROLE
from crm.staff.services import partner_tokens
from crm.staff.services.clients import partner_of

SCHEME = b"bearer"
MINUTE = 60


class PartnerTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>`` as `POST /api/v1/token/` gives it.

    A wrong token, one whose secret has ended, a partner switched off or coming from elsewhere: all refused alike, and written down. A
    door that is not in the partner's terms is not there.
    """

    def authenticate(self, request: Request) -> tuple[ServiceClient, None] | None:
        """Return the partner and set ``request.actor``, or None without a token; raise on a wrong one."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != SCHEME:
            return None
        try:
            access = partner_tokens.read(words[1].decode("ascii")) if len(words) == 2 else None
        except (partner_tokens.TokenWrong, UnicodeDecodeError):
            access = None
        client = partner_of(access) if access is not None else None
        plain: Any = request._request
        if access is None or client is None or not client.may_come_from(client_address(plain)):
            log.record_refusal(actor=partner_actor(request, None), action="staff.partner_refused")
            raise exceptions.AuthenticationFailed(_("The token is not valid."))
        plain.actor = partner_actor(request, client)
        door = getattr(plain.resolver_match, "url_name", "")
        if door not in client.endpoints or door not in access.doors:
            raise NotVisible("api", detail=plain.path)
        return client, None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, so that strangers get 401 and not 403."""
        return 'Bearer realm="crm"'


class PartnerThrottle(BaseThrottle):
    """At most ``rate`` requests of a partner in a minute, counted by each web process; more are answered 429."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether this request is within the partner's rate; people of the bank have none."""
        client: Any = request.user
        if not isinstance(client, ServiceClient):
            return True
        key = f"partner-rate:{client.pk}:{int(time.time()) // MINUTE}"
        cache.add(key, 0, MINUTE)
        return cache.incr(key) <= client.rate

    def wait(self) -> float:
        """Return how many seconds are left of this minute."""
        return MINUTE - time.time() % MINUTE


def partner_actor(request: Request, client: ServiceClient | None) -> Actor:
    """Return the Actor of an API request: the partner, or nobody yet."""
    plain: Any = request._request
    return Actor(
        number=client.code if client else "",
        name=client.name if client else "",
        kind="partner" if client else "anonymous",
        role=PARTNER_ROLE if client else "",
        origin="api",
        user=client,
        address=client_address(plain),
        request_id=getattr(plain, "id", ""),
    )
