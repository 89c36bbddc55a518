"""The token endpoint of OAuth 2.0."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from crm.access.gate import OPEN
from crm.staff.api import partner_actor
from crm.staff.services import partner_tokens

FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 4_096


class TokenInput(serializers.Serializer[Any]):
    """The form of the token endpoint."""

    grant_type = serializers.ChoiceField(["client_credentials"])
    client_id = serializers.CharField(required=False, help_text=_("Code of the partner system, where HTTP Basic is not used."))
    client_secret = serializers.CharField(required=False, help_text=_("Its secret: both halves, the first one first."))
    scope = serializers.CharField(required=False, help_text=_("Doors, separated by spaces; without it all of the terms."))


class TokenOutput(serializers.Serializer[Any]):
    """Its answer."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text=_("Seconds."))
    scope = serializers.CharField()


class AnyForm(BaseParser):
    """Leaves the body as it is; the grammar of OAuth reads it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, str]:
        """Return nothing."""
        return {}


class Token(APIView):
    """The token endpoint of OAuth 2.0: client credentials against an access token of ten minutes."""

    gate = OPEN
    gate_reason = "partner systems show their secret here; nothing else opens"
    login_required = False
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    parser_classes = [AnyForm]

    @extend_schema(
        summary=_("Get an access token"),
        description=_(
            "OAuth 2.0 client credentials (RFC 6749, section 4.4): code and secret of the partner system by HTTP Basic, or as client_id and"
            " client_secret in the form. The token is valid for ten minutes; ask for the next one before."
        ),
        request={"application/x-www-form-urlencoded": TokenInput},
        responses={200: TokenOutput, 400: OpenApiTypes.OBJECT, 401: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request) -> HttpResponse:
        """Return the token, or the refusal as RFC 6749 words it."""
        plain: Any = request._request
        body = plain.body[:LONGEST_FORM].decode("ascii", errors="replace") if plain.content_type == FORM else ""
        shown = {"Content-Type": FORM, "Authorization": plain.headers.get("Authorization", "")}
        headers, text, status = partner_tokens.answer(actor=partner_actor(request, None), body=body, headers=shown)
        return HttpResponse(text, status=status, headers=headers)
