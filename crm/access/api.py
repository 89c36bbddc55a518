"""What Django REST framework needs so that the API gives the same answers as the pages."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access.errors import AccessError, Conflict, DomainError, NotVisible, Refused
from crm.access.pages import ADVICE, CODES
from crm.access.services import actor_of, require

DEEPEST = 32
LARGEST = 5 * 1024 * 1024


class GatePermission(BasePermission):
    """The default permission: the view's ``gate``, one permission or a dictionary of method → permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True for holders; False (401) for strangers; raise ``Refused`` (403) otherwise."""
        if not getattr(request.user, "is_authenticated", False):
            return False
        for permission in _permissions(request.method or "", view):
            require(actor_of(request._request), permission)
        return True

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Return True within the scope; raise ``NotVisible`` (404) otherwise."""
        for permission in _permissions(request.method or "", view):
            require(actor_of(request._request), permission, obj)
        return True


def _permissions(method: str, view: Any) -> list[str]:
    gate = getattr(view, "gate", None)
    if isinstance(gate, str):
        return [gate]
    if isinstance(gate, Mapping):
        if method == "OPTIONS":
            return list(gate.values())
        if method in gate:
            return [gate[method]]
        if method == "HEAD" and "GET" in gate:
            return [gate["GET"]]
    raise Refused(f"{type(view).__name__}.gate")


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return every refusal in one shape: ``{"code", "message", "field", "request_id"}``, errors beside it.

    Refusals by ``require`` are left on the request; the middleware writes them after the rollback.
    """
    # Here and not above: Django REST framework loads this module while its own views are still loading.
    from rest_framework.views import exception_handler as stock_handler

    request = context["request"]._request
    if isinstance(exc, Http404):
        exc = NotVisible("api", detail=request.path)
    elif isinstance(exc, PermissionDenied | exceptions.PermissionDenied):
        exc = Refused("api")
    if isinstance(exc, AccessError):
        request.refusal = exc
        # DRF's own handler marks the transaction for rollback.
        stock = exceptions.NotFound() if isinstance(exc, NotVisible) else exceptions.PermissionDenied()
        response = stock_handler(stock, context)
        if isinstance(exc, NotVisible):
            # To the byte what an unknown address answers, which never reaches a view: also without the methods that this one takes.
            context["view"].headers = {}
            return _shaped(response, request, CODES[404], str(ADVICE[404]))
        return _shaped(response, request, "refused", _("You may not do this."))
    if isinstance(exc, DomainError):
        response = stock_handler(exceptions.APIException(), context)
        if response is not None:
            response.status_code = status.HTTP_409_CONFLICT if isinstance(exc, Conflict) else status.HTTP_400_BAD_REQUEST
        return _shaped(response, request, exc.code, str(exc), field=exc.field)
    response = stock_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        return _shaped(response, request, "invalid", _("Please correct the fields named."), errors=response.data)
    detail = getattr(exc, "detail", "")
    return _shaped(response, request, str(getattr(detail, "code", "") or "error"), str(detail))


def _shaped(response: Response | None, request: Any, code: str, message: str, **more: Any) -> Response | None:
    if response is not None:
        response.data = {"code": code, "message": message, **more, "request_id": getattr(request, "id", "")}
    return response


class StrictJSONParser(JSONParser):
    """JSON of limited size and depth, without NaN, repeated names and NUL characters: 400 in words, never 500."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return the value, or raise ``ParseError``."""
        raw = stream.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise exceptions.ParseError(_("The request is larger than 5 MB."))
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise exceptions.ParseError(_("The request is not UTF-8.")) from None
        _refuse_depth(text)
        try:
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
        except ValueError as broken:
            raise exceptions.ParseError(_("The request is not valid JSON: %(why)s") % {"why": broken}) from None
        _refuse_nul(value)
        return value


def _refuse_depth(text: str) -> None:
    depth, inside, escaped = 0, False, False
    for letter in text:
        if inside:
            inside = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            inside = True
        elif letter in "[{":
            depth += 1
            if depth > DEEPEST:
                raise exceptions.ParseError(_("The JSON is nested deeper than 32 levels."))
        elif letter in "]}":
            depth -= 1


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise exceptions.ParseError(_("The request contains a NUL character."))
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_nul(name)
            _refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)
