"""Every URL stands behind a gate or on the short open list; a test walks the URLconf."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import unquote_plus, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import resolve_url

from crm.access.addresses import own_page
from crm.access.errors import Refused
from crm.access.services import actor_of, require
from crm.log.masking import holds_number

View = Callable[..., HttpResponse]
V = TypeVar("V", bound=View)

SIGNED_IN = "signed-in"
OPEN = "open"
# A page is read or a form is sent; whatever else a browser may say is not understood, whether or not the view says so itself.
METHODS = ("GET", "HEAD", "POST")
READING = ("GET", "HEAD")
# What the sign-in page is told of a session that has ended: while a page was to be read, or a form to be sent.
ENDED = "ended"


def gated(permission: str, *, polling: bool = False, customers: bool = False) -> Callable[[V], V]:
    """Let a view be entered only by holders of the permission; anybody else is refused and written down.

    Customers hold permissions on what is theirs and enter no page of the bank by them, but those marked ``customers=True``.

    ``polling=True`` marks a view that a page asks by itself: it never counts as activity of the person.
    """

    def wrap(view: V) -> V:
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not actor_of(request).is_signed_in:
                return to_sign_in(request)
            if actor_of(request).kind == "customer" and not customers:
                raise Refused(permission, detail=request.path)
            if permission != SIGNED_IN:
                require(actor_of(request), permission)
            return view(request, *args, **kwargs) if request.method in METHODS else HttpResponseNotAllowed(METHODS)

        return _marked(cast(V, entered), gate=permission, polling=polling)

    return wrap


def signed_in_page(reason: str, *, polling: bool = False, customers: bool = False) -> Callable[[V], V]:
    """Let anybody of the bank enter who is signed in, customers where it says so; the reason says why no permission is needed."""

    def wrap(view: V) -> V:
        return _marked(gated(SIGNED_IN, polling=polling, customers=customers)(view), gate_reason=reason)

    return wrap


def open_page(reason: str) -> Callable[[V], V]:
    """Put a view on the open list, with the reason why everybody may enter."""

    def wrap(view: V) -> V:
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method in METHODS else HttpResponseNotAllowed(METHODS)

        return _marked(cast(V, entered), gate=OPEN, gate_reason=reason, login_required=False)

    return wrap


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Return the way to the sign-in page, also for fragments and background requests.

    And from there back: to what was to be read, or, where a form was sent, to the page it was sent from. Its own address may take nothing
    but forms. Whoever comes with a session that has ended is told so there, and that a form was not sent.
    """
    page = resolve_url("staff:sign_in")
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME) and request.session.is_empty():
        page += f"?{ENDED}={'page' if request.method in READING else 'form'}"
    if request.headers.get("HX-Request"):
        back = _came_from(request, "HX-Current-URL")
        return HttpResponse(status=401, headers={"HX-Redirect": redirect_to_login(_public(back), page)["Location"]})
    back = request.get_full_path() if request.method in READING else _came_from(request, "Referer")
    return redirect_to_login(_public(back), page)


def _came_from(request: HttpRequest, header: str) -> str:
    """The page of ours that the browser names as the one before, else the home page."""
    before = urlsplit(request.headers.get(header, ""))
    if before.netloc != request.get_host():
        return "/"
    return own_page(f"{before.path}?{before.query}" if before.query else before.path)


def to_step_up(request: HttpRequest) -> HttpResponse:
    """Return the way to the page that asks for the second factor again, and from there back to here.

    A form that was sent goes along (307: the browser sends it there, and after the code back here), so that nothing typed is lost. A
    fragment leads the whole page there, and back to the page.
    """
    page = resolve_url("factors:step_up")
    if request.headers.get("HX-Request"):
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{here.path}?{here.query}" if here.query else here.path
        return HttpResponse(status=401, headers={"HX-Redirect": f"{page}?{urlencode({'next': _public(back)})}"})
    back = _public(request.get_full_path())
    status = HTTPStatus.FOUND if request.method in ("GET", "HEAD") else HTTPStatus.TEMPORARY_REDIRECT
    return HttpResponse(status=status, headers={"Location": f"{page}?{urlencode({'next': back})}"})


def _public(address: str) -> str:
    """An address that may stand in another one: not with a number that somebody typed."""
    return "/" if holds_number(unquote_plus(address)) else address


def _marked(view: V, **marks: Any) -> V:
    for name, value in marks.items():
        setattr(view, name, value)
    return view
