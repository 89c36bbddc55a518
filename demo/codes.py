"""The second factors of the demo people: made from the home's own keys, so that a command can tell the code that an app would show."""

import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from crm.factors.models import Factor
from crm.factors.secrets import code_at
from crm.factors.services.codes import DRIFT, step_now
from crm.factors.services.enrolment import plant_factor
from crm.staff.models import User

NAME = "demo_code"


class NoCodeLeft(Exception):
    """Every code that opens now has been used; the message says how many seconds to wait."""


def secret_for(number: str) -> bytes:
    """Return the secret of a demo person; different in every home, nowhere in production."""
    if settings.PRODUCTION:
        raise ImproperlyConfigured("Production has no demo codes.")
    key = str(settings.CRM_KEYS.get("token_key", "")) or settings.SECRET_KEY
    return hmac.new(key.encode(), b"demo-second-factor\0" + number.encode(), hashlib.sha256).digest()[:20]


def plant_codes(people: Iterable[User]) -> None:
    """Give each person a code app that `manage.py demo_code` speaks for; the caller writes the line."""
    for person in people:
        factor = plant_factor(person=person, secret=secret_for(person.number), name=NAME)
        factor.confirmed_at = timezone.now()
        factor.save(update_fields=["confirmed_at"])


def code_of(person: User) -> str:
    """Return a code of the person's demo app that opens now; ``NoCodeLeft`` when those were used."""
    factor = Factor.objects.confirmed().get(user=person, name=NAME)
    now = step_now(factor)
    step = max(now, factor.last_counter + 1)
    if step > now + DRIFT:
        seconds = (step - DRIFT) * factor.step_seconds - int(timezone.now().timestamp())
        raise NoCodeLeft(f"The codes that open now have been used. The next one opens in {seconds} seconds.")
    return code_at(secret_for(person.number), step)
