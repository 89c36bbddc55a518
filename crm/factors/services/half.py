"""What a session knows about the second factor: shown for this password, and when last."""

from django.http import HttpRequest
from django.utils import timezone

from crm.access.middleware import STEPPED_UP_AT
from crm.factors.services.codes import has_factor
from crm.staff.models import User
from crm.staff.services.sign_in import PENDING_SINCE

SHOWN = "factor_shown_for"
SETTING_UP = "factor_being_set_up"


def owed(request: HttpRequest, person: User) -> str:
    """Return the page that somebody whose password was right still owes; nothing once the factor was shown after this password.

    For all staff, without exception. Customers have no second factor yet; partners never sign in here.
    """
    if person.role_codes() == ["customer"]:
        return ""
    if request.session.get(SHOWN) == _mark(request, person):
        return ""
    return "factors:code" if has_factor(person) else "factors:enrol"


def shown(request: HttpRequest, person: User) -> None:
    """Note that the second factor was shown just now, after the password that is pending."""
    request.session[SHOWN] = _mark(request, person)
    stepped_up(request)


def stepped_up(request: HttpRequest) -> None:
    """Note that the second factor was shown just now: for 15 minutes no sensitive act asks again."""
    request.session[STEPPED_UP_AT] = timezone.now().isoformat()


def _mark(request: HttpRequest, person: User) -> str:
    return f"{person.pk} {request.session.get(PENDING_SINCE)}"
