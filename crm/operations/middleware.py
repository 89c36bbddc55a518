"""Small duties of every answer: one host name, nothing of a signed-in page kept by a cache, a clear word when the keys are lost."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from crm.access.pages import error_page
from crm.fields.errors import KeysUnusable

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]
KEYS_AWAY = _("The keys of this system are missing or wrong, so nothing sealed can be opened. Nothing was saved. Tell the system officer.")
READABLE = _("Use https. What was sent without it could be read on the way: have the secret replaced.")


def canonical_host(get_response: GetResponse) -> GetResponse:
    """127.0.0.1 goes to localhost: passkeys refuse IP addresses, and one name keeps one set of cookies."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        host, _colon, port = request.META.get("HTTP_HOST", "").partition(":")
        if host == "127.0.0.1" and not settings.PRODUCTION and request.method in ("GET", "HEAD") and request.path != "/health/":
            address = f"http://localhost:{port}" if port else "http://localhost"
            return HttpResponsePermanentRedirect(address + request.get_full_path(force_append_slash=False))
        return get_response(request)

    return middleware


def no_store(get_response: GetResponse) -> GetResponse:
    """Pages and API answers are never kept by browsers or proxies (static files say themselves how long they keep)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponse) or response.streaming:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def resource_policy(get_response: GetResponse) -> GetResponse:
    """No other site may load what is ours as a script, an image or a frame's part."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def api_over_https(get_response: GetResponse) -> GetResponse:
    """A program that sends its token over plain http is refused: a redirect would hide for ever that it was readable on the way."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/api/") and not request.is_secure():
            return error_page(request, 403, READABLE)
        return get_response(request)

    return middleware


class KeysAway:
    """Turns a key that is missing into one clear sentence with 503: nobody's request is at fault, and nothing was saved."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the view's answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponseBase | None:
        """Return the page; what is wrong with the file stands in the process log, where its keeper looks."""
        if not isinstance(exc, KeysUnusable):
            return None
        logger.error("keys unusable: %s", exc)
        return error_page(request, 503, KEYS_AWAY)
