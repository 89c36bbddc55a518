"""How partner systems show who they are."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from crm.access.actor import Actor
from crm.access.middleware import client_address
from crm.log import services as log
from crm.staff.models import ServiceClient
from crm.staff.models.clients import PARTNER_ROLE
from crm.staff.services.clients import partner_of

SCHEME = b"bearer"


class PartnerTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <code>.<secret>``; only the hash of the token is kept.

    A wrong token is refused and written down; without the header nobody is signed in.
    """

    def authenticate(self, request: Request) -> tuple[ServiceClient, None] | None:
        """Return the partner and set ``request.actor``, or None without a token; raise on a wrong one."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != SCHEME:
            return None
        try:
            client = partner_of(words[1].decode("ascii")) if len(words) == 2 else None
        except UnicodeDecodeError:
            client = None
        if client is None:
            log.record_refusal(actor=_actor(request, None), action="staff.partner_refused")
            raise exceptions.AuthenticationFailed(_("The token is not valid."))
        request._request.actor = _actor(request, client)  # type: ignore[attr-defined]
        return client, None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, so that strangers get 401 and not 403."""
        return 'Bearer realm="crm"'


def _actor(request: Request, client: ServiceClient | None) -> Actor:
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
