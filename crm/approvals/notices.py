"""Who is told about a request: those who can decide when it is made, the proposer when it is closed."""

from collections.abc import Collection
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_noop

from crm.access.services import may
from crm.approvals import handlers
from crm.approvals.choices import State
from crm.approvals.handlers import Handler
from crm.approvals.models import ChangeRequest
from crm.notify.alarms import people_for
from crm.notify.models import Notice
from crm.notify.services import notify

_OUTCOMES = {
    State.APPLIED: gettext_noop("Request %(request)s was approved and applied"),
    State.REFUSED: gettext_noop("Request %(request)s was refused"),
    State.EXPIRED: gettext_noop("Request %(request)s has expired"),
    State.STALE: gettext_noop("Request %(request)s is out of date and was not applied"),
}


def tell_deciders(request: ChangeRequest, handler: Handler, *, not_to: Collection[str]) -> None:
    """Tell everybody on duty who can decide, except those who may not decide this one."""
    people = _deciders(request, handler, not_to)
    if not people:
        _tell_of_nobody(request)
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


def _tell_of_nobody(request: ChangeRequest) -> None:
    """Tell the proposer that she waits for somebody to come on duty; her notice is what climbs then."""
    notify(
        recipients=[request.requested_by] if request.requested_by else [],
        kind="approvals.to_decide",
        subject=gettext_noop("Nobody on duty can decide on request %(request)s now"),
        body=gettext_noop("It will be told to those who are on duty in four hours."),
        params={"request": request.reference},
        url_name="approvals:request",
        url_args=(request.reference,),
        key=f"approval:{request.reference}:nobody",
    )


def _deciders(request: ChangeRequest, handler: Handler, not_to: Collection[str]) -> list[Any]:
    target = handlers.target_of(request)
    return [
        person
        for person in people_for(handler.decide_permission)
        if person.number not in not_to and may(person, handler.decide_permission, target)
    ]


def _request_of(notice: Notice) -> ChangeRequest | None:
    return ChangeRequest.objects.filter(reference=notice.params["request"], state=State.PROPOSED).first()


def still_waits(notice: Notice) -> bool:
    """Whether nobody has decided yet on the request that a notice is about."""
    return _request_of(notice) is not None


def deciders_now(notice: Notice) -> list[Any]:
    """Who could decide on it at this hour; others than in the morning may be on duty."""
    request = _request_of(notice)
    if request is None:
        return []
    handler = handlers.handler_of(request.kind)
    return _deciders(request, handler, {request.requested_by_number, *handler.excluded(request)})


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
