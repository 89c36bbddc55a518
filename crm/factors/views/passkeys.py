"""What pages with passkeys share: the question in the page, its challenge in the session, the answer once."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from crm.factors.services.passkeys import question_to_add, question_to_show, rp_id
from crm.staff.models import User

FIELD = "passkey"
ADD, SHOW = "passkey_to_add", "passkey_to_show"


def _is_at_home(request: HttpRequest) -> bool:
    return bool(rp_id()) and request.get_host() == urlsplit(settings.BASE_URL).netloc


def offer_to_show(request: HttpRequest, person: User) -> str:
    """Return the options for the browser, as JSON; nothing where this person cannot show a passkey here."""
    question = question_to_show(person) if _is_at_home(request) else None
    if question is None:
        return ""
    request.session[SHOW] = question.challenge
    return question.options


def offer_to_add(request: HttpRequest, person: User) -> str:
    """Return the options for making a passkey, as JSON; nothing where this address cannot have any."""
    if not _is_at_home(request):
        return ""
    question = question_to_add(person)
    request.session[ADD] = question.challenge
    return question.options


def answer_of(request: HttpRequest) -> str:
    """Return what the browser answered; nothing when it was not asked."""
    return request.POST.get(FIELD, "")


def challenge_of(request: HttpRequest, kind: str) -> str:
    """Return the challenge of the last question, good for one answer."""
    return str(request.session.pop(kind, ""))
