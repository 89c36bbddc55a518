"""Two small duties of every answer: one host name, and nothing of a signed-in page kept by a cache."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def canonical_host(get_response: GetResponse) -> GetResponse:
    """127.0.0.1 goes to localhost: passkeys refuse IP addresses, and one name keeps one set of cookies."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        host, _, port = request.META.get("HTTP_HOST", "").partition(":")
        if host == "127.0.0.1" and not settings.PRODUCTION and request.method in ("GET", "HEAD") and request.path != "/health/":
            address = f"http://localhost:{port}" if port else "http://localhost"
            return HttpResponsePermanentRedirect(address + request.get_full_path(force_append_slash=False))
        return get_response(request)

    return middleware


def no_store(get_response: GetResponse) -> GetResponse:
    """Pages and API answers are never kept by browsers or proxies (static files are served before this)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponse) or response.streaming:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
