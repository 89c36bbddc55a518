"""The outermost handler: says who asks, ends stale sessions, turns refusals into answers and writes them down."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import PermissionDenied
from django.db import DataError, transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django_structlog.middlewares.request import RequestMiddleware

from crm.access import limits, looks
from crm.access.actor import Actor, Kind, Origin, anonymous
from crm.access.errors import AccessError, Conflict, DomainError, NotVisible, Refused, StepUpNeeded
from crm.access.gate import to_sign_in, to_step_up
from crm.access.pages import error_page
from crm.access.remembered import reading
from crm.log import services as log
from crm.log.masking import hide_numbers

logger = logging.getLogger(__name__)
process_log = structlog.getLogger(__name__)

UNREADABLE = _("What was sent holds a character that no text may hold. Type it again.")
STEPPED_UP_AT = "stepped_up_at"
SAFE_METHODS = ("GET", "HEAD")


class RequestLog(RequestMiddleware):
    """Sets ``request.id`` and writes two process-log lines a request under it: method and path, never what was asked for.

    The first of our middlewares, so that every line of a request, its answer and the audit log carry the same number.
    """

    def prepare(self, request: HttpRequest) -> None:
        """Number the request; never by the caller's own number: the log must be able to trust it."""
        request.id = uuid4().hex  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request.id, ip=client_address(request))  # type: ignore[attr-defined]
        process_log.info("request_started", request=self.format_request(request), user_agent=request.META.get("HTTP_USER_AGENT"))

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path; the query may hold what somebody typed."""
        return f"{request.method} {hide_numbers(request.path)}"


class ActorMiddleware:
    """Sets ``request.actor``; must come after sessions, authentication and locale."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of the view, or of the refusal it met."""
        request.refusal = None  # type: ignore[attr-defined]
        request.actor = _actor(request)  # type: ignore[attr-defined]
        _end_if_over(request)
        with log.counting() as written, looks.looking() as looked, reading() if request.method in SAFE_METHODS else nullcontext():
            response = _looked_at(request, _written_down(request, self.get_response(request)), looked, written)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not getattr(response, "content", b"x"):
            allowed, response = response.headers["Allow"], error_page(request, 405)
            response.headers["Allow"] = allowed
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Send strangers to the sign-in page unless the view is on the open list (or DRF's, which asks itself)."""
        actor = cast(Actor, request.actor)  # type: ignore[attr-defined]
        if actor.is_signed_in and not limits.is_polling(request, view):
            limits.touch(request.session)
        if actor.is_signed_in or not getattr(view, "login_required", True):
            return None
        return to_sign_in(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponseBase | None:
        """Return the page for a refusal; the transaction of the view is rolled back by now."""
        if isinstance(exc, Http404) and request.actor.is_signed_in:  # type: ignore[attr-defined]
            exc = NotVisible("page", detail=request.path)
        elif isinstance(exc, PermissionDenied):
            exc = Refused("page", detail=request.path)
        if isinstance(exc, AccessError):
            request.refusal = exc  # type: ignore[attr-defined]
            return error_page(request, 404 if isinstance(exc, NotVisible) else 403)
        if isinstance(exc, DataError) and "NUL" in str(exc):
            return error_page(request, 400, UNREADABLE)
        if isinstance(exc, StepUpNeeded):
            return to_step_up(request)
        if isinstance(exc, DomainError):
            return error_page(request, 409 if isinstance(exc, Conflict) else 400, str(exc))
        if isinstance(exc, log.LogUnavailable):
            return error_page(request, 503)
        return None


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    address, request_id = client_address(request), request.id  # type: ignore[attr-defined]
    origin: Origin = "web"
    if request.path.startswith("/api/"):
        origin = "api"
    elif request.path.startswith("/admin/"):
        origin = "admin"
    if not user.is_authenticated:
        return anonymous(origin=origin, address=address, request_id=request_id)
    if language := getattr(user, "language", ""):
        translation.activate(language)
        request.LANGUAGE_CODE = language
    return staff_actor(
        user,
        origin=origin,
        session=request.session.session_key or "",
        address=address,
        request_id=request_id,
        stepped_up_at=_moment(request.session.get(STEPPED_UP_AT)),
    )


def staff_actor(user: Any, *, origin: Origin = "web", **more: Any) -> Actor:
    """Return the Actor of a person, with the roles held now."""
    roles = user.role_codes()
    kind: Kind = "customer" if roles == ["customer"] else "staff"
    return Actor(
        number=user.number,
        name=user.name,
        kind=kind,
        role=",".join(roles),
        origin=origin,
        user_id=user.pk,
        user=user,
        **more,
    )


def client_address(request: HttpRequest) -> str:
    """Return the address the request came from, behind as many proxies as ``TRUSTED_PROXIES`` says (0)."""
    proxies = int(settings.TRUSTED_PROXIES)
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(chain) >= proxies:
        return str(chain[-proxies])[:45]
    return str(request.META.get("REMOTE_ADDR", ""))


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _end_if_over(request: HttpRequest) -> None:
    actor = cast(Actor, request.actor)  # type: ignore[attr-defined]
    if not actor.is_signed_in or not limits.is_over(request.session):
        return
    with transaction.atomic():
        auth.logout(request)
        log.record(actor=actor, action="access.session_ended", target=actor.user)
    request.actor = _actor(request)  # type: ignore[attr-defined]


def _looked_at(request: HttpRequest, response: HttpResponseBase, looked: looks.Looks, written: log.Written) -> HttpResponseBase:
    """Return the answer once it stands in the log what it shows; otherwise 503."""
    if not (looked.things or looked.lists):
        return response
    try:
        looks.write_down(request, response, looked, written)
    except Exception:
        logger.exception("A look could not be written in the audit log")
        return error_page(request, 503)
    return response


def _written_down(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer once its refusal stands in the log, in a transaction of its own; otherwise 503."""
    refusal = cast(AccessError | None, request.refusal)  # type: ignore[attr-defined]
    if refusal is None:
        return response
    match = request.resolver_match
    try:
        log.record_refusal(
            actor=request.actor,  # type: ignore[attr-defined]
            action="access.not_visible" if isinstance(refusal, NotVisible) else "access.refused",
            target=refusal.target,
            data={
                "permission": refusal.permission,
                "route": match.view_name if match else "",
                "method": request.method,
                "asked": hide_numbers(refusal.detail),
            },
        )
    except Exception:
        logger.exception("The refusal could not be written in the audit log")
        return error_page(request, 503)
    return response
