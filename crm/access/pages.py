"""Answers that say no: one look, two languages, and nothing in them that tells one reason for 404 from another."""

import logging
import sys
from http import HTTPStatus
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)

# Django calls the handlers below with arguments of these names; the page tells nothing of them.
TEMPLATE = "staff/error.html"
CODES = {400: "bad_request", 403: "refused", 404: "not_found", 405: "method_not_allowed", 409: "conflict", 500: "error", 503: "unavailable"}
TITLES = {
    400: _("This request cannot be read"),
    403: _("You may not do this"),
    404: _("Page not found"),
    405: _("Nothing to read here"),
    409: _("Somebody was quicker"),
    500: _("Something went wrong on our side"),
    503: _("The service cannot answer safely"),
}
ADVICE = {
    400: _("Go back, load the page again and repeat the step."),
    403: _("Your role does not include this function. Ask your security officer if you need it for your work."),
    404: _("The address is wrong, the record does not exist, or it is outside your scope."),
    405: _(
        "This address takes forms and is no page of its own. Nothing was changed. Go to the home page, or back to the page you came from."
    ),
    409: _("Load the page again and look at the present state before you repeat the step."),
    500: _("Nothing was saved. Try again; if it happens again, give the request number to the system officer."),
    503: _("Nothing was saved, because the audit log could not be written. Try again in a few minutes."),
}


NOT_HERS = _("This page is for the bank's own people. Your own pages are on your home page.")
WAIT = {"Retry-After": "5"}
"""A database that was started again answers by then."""
AWAY = _("The database did not answer, or has no room. Try again in a few seconds: what was saved already is recognised by its id.")
DATABASE_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""Nobody's request is at fault: the server is gone, starting, full, or others hold what is needed for too long."""


def error_page(request: HttpRequest, status: int, message: "str | Promise" = "", title: "str | Promise" = "") -> HttpResponse:
    """Return the page (or, below ``/api/``, the JSON object) for a status; headers are those of any other answer."""
    request_id = getattr(request, "id", "")
    actor = getattr(request, "actor", None)
    title, advice = str(title or TITLES[status]), str(message or _advice(status, actor))
    if request.path.startswith("/api/"):
        told = {"code": CODES[status], "message": advice, "request_id": request_id}
        # As the API's own renderer writes, so that nobody can tell whether a view was there to answer.
        words = {"separators": (",", ":"), "ensure_ascii": False}
        headers = WAIT if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return JsonResponse(told, status=status, headers=headers, json_dumps_params=words)
    context = {
        "status": status,
        "title": title,
        "advice": advice,
        "request_id": request_id,
        "language": get_language() or "zh-hans",
        # Not through context processors: this page must also stand when the database does not.
        "theme": getattr(getattr(actor, "user", None), "theme", "system"),
        "is_signed_in": bool(actor and actor.is_signed_in),
    }
    headers = WAIT if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return HttpResponse(render_to_string(TEMPLATE, context), status=HTTPStatus(status), headers=headers)


def _advice(status: int, actor: Any) -> "str | Promise":
    """Customers are not sent to a security officer."""
    hers = status == HTTPStatus.FORBIDDEN and getattr(actor, "kind", "") == "customer"
    return NOT_HERS if hers else ADVICE[status]


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 400 (``handler400``)."""
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 403 (``handler403``)."""
    return error_page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 in words for a form that is too old or came from elsewhere (``CSRF_FAILURE_VIEW``)."""
    told = _("The form was open for too long or came from elsewhere. Load it again.")
    return error_page(request, 403, told, _("The form no longer holds"))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 404 (``handler404``)."""
    return error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500, or 503 with the time to wait where the database is away (``handler500``, called while the error is being handled).

    Whether a commit that was interrupted stands is not known to the caller: transactions may simply be sent again.
    """
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return error_page(request, 503, AWAY)
    return error_page(request, 500)
