"""Known devices: a signed cookie, given after a full sign-in, whose attempts strangers cannot use up (ADR 0085).

The cookie opens nothing. It is one per browser; which people have signed in there stands in rows, under a keyed mark of it.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from crm.staff.models import KnownDevice, User
from crm.staff.secrets import mark

LASTS = timedelta(days=90)
MOST = 10
_SALT = "crm.staff.device"


def read(request: HttpRequest) -> str:
    """Return the secret of the browser's device cookie, or an empty text without a valid one."""
    try:
        secret = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        return ""
    return secret if isinstance(secret, str) else ""


def known(person: User | None, secret: str) -> KnownDevice | None:
    """Return the device if this person has signed in on it within 90 days; asks the same of unknown people."""
    rows = KnownDevice.objects.filter(user_id=person.pk if person else 0, mark=mark("device cookie", secret))
    return rows.filter(last_used_at__gt=timezone.now() - LASTS).first()


def remember(request: HttpRequest, person: User) -> None:
    """Know the person on this device from now on, at most on ten; the answer carries the cookie. Inside the sign-in's transaction."""
    secret = read(request) or secrets.token_urlsafe(32)
    now = timezone.now()
    KnownDevice.objects.update_or_create(user=person, mark=mark("device cookie", secret), defaults={"last_used_at": now})
    kept = KnownDevice.objects.filter(user=person, last_used_at__gt=now - LASTS).order_by("-last_used_at", "-pk")[:MOST]
    KnownDevice.objects.filter(user=person).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    request.device_secret = secret  # type: ignore[attr-defined]


def give(request: HttpRequest, response: HttpResponseBase) -> None:
    """Put the cookie of a device that was just remembered on the answer."""
    secret = getattr(request, "device_secret", "")
    if secret:
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            signing.dumps(secret, salt=_SALT),
            max_age=LASTS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
