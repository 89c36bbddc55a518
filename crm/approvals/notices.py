"""Who is told about a request: those who can decide when it is made, the proposer when it is closed."""

from collections.abc import Collection

from django.utils import translation
from django.utils.translation import gettext_noop

from crm.access.services import may
from crm.approvals import handlers
from crm.approvals.choices import State
from crm.approvals.handlers import Handler
from crm.approvals.models import ChangeRequest
from crm.notify.alarms import people_for
from crm.notify.services import notify

_OUTCOMES = {
    State.APPLIED: gettext_noop("Request %(request)s was approved and applied"),
    State.REFUSED: gettext_noop("Request %(request)s was refused"),
    State.EXPIRED: gettext_noop("Request %(request)s has expired"),
    State.STALE: gettext_noop("Request %(request)s is out of date and was not applied"),
}


def tell_deciders(request: ChangeRequest, handler: Handler, *, not_to: Collection[str]) -> None:
    """Tell everybody on duty who can decide, except those who may not decide this one."""
    target = handlers.target_of(request)
    people = [
        person
        for person in people_for(handler.decide_permission)
        if person.number not in not_to and may(person, handler.decide_permission, target)
    ]
    with translation.override("en"):
        kind = str(handler.label)
    notify(
        recipients=people,
        kind="approvals.to_decide",
        subject=gettext_noop("Request %(request)s waits for your decision"),
        body=gettext_noop("%(kind)s, proposed by %(number)s."),
        params={"request": request.reference, "kind": {"msgid": kind}, "number": request.requested_by_number},
        url_name="approvals:request",
        url_args=(request.reference,),
        key=f"approval:{request.reference}:proposed",
    )


def tell_proposer(request: ChangeRequest) -> None:
    """Tell the proposer how it ended; nothing when she withdrew it herself."""
    if request.state not in _OUTCOMES or request.requested_by is None:
        return
    notify(
        recipients=[request.requested_by],
        kind="approvals.decided",
        subject=_OUTCOMES[State(request.state)],
        body=gettext_noop("Look at the request for the reason."),
        params={"request": request.reference},
        url_name="approvals:request",
        url_args=(request.reference,),
        key=f"approval:{request.reference}:{request.state}",
    )
