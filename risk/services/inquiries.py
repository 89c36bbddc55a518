"""Questions to the relationship manager (协查): never the scenario, always the standard sentence."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from crm.notify.services import notify
from risk.choices import CaseStep, InquiryState
from risk.models import Case, Inquiry
from risk.services import cases
from risk.services.errors import InquiryDone, NobodyToAsk

TIME_TO_ANSWER = timedelta(days=2)
"""★ own proposal."""


def ask(*, actor: Actor, case: Case, questions: str) -> Inquiry:
    """Put questions to the customer's managing relationship manager and tell her. Raises ``NobodyToAsk``."""
    with transaction.atomic():
        case = cases.hold_open(actor, case)
        manager = case.customer.manager
        if manager is None:
            raise NobodyToAsk
        now = timezone.now()
        inquiry = Inquiry.objects.create(
            case=case,
            customer=case.customer,
            asked_of=manager,
            questions=questions,
            asked_by=actor.user,
            asked_at=now,
            due_at=now + TIME_TO_ANSWER,
        )
        cases.move_on(case, CaseStep.REVIEW)
        cases.write_entry(actor, case, "inquiry_asked", text=questions, params={"inquiry": inquiry.reference})
        log.record(actor=actor, action="inquiry.asked", target=inquiry, data={"case": case.reference})
        notify(
            recipients=[manager],
            kind="inquiry.asked",
            subject=gettext_noop("Inquiry %(reference)s: please answer"),
            body=gettext_noop(
                "Head office has questions about one of your customers. Please answer inquiry %(reference)s. "
                "Do not mention it to the customer."
            ),
            params={"reference": inquiry.reference},
            url_name="risk:inquiry",
            url_args=(inquiry.reference,),
            key=f"inquiry:{inquiry.reference}",
        )
    return inquiry


def answer(*, actor: Actor, inquiry: Inquiry, text: str) -> Inquiry:
    """Answer an inquiry; the officer of the case is told."""
    with transaction.atomic():
        require(actor, "risk.answer_inquiry", inquiry)
        inquiry = _asked(inquiry)
        inquiry.state, inquiry.answer, inquiry.answered_at = InquiryState.ANSWERED, text, timezone.now()
        inquiry.save(update_fields=["state", "answer", "answered_at"])
        cases.write_entry(actor, inquiry.case, "inquiry_answered", text=text, params={"inquiry": inquiry.reference})
        log.record(actor=actor, action="inquiry.answered", target=inquiry)
        notify(
            recipients=[inquiry.case.officer],
            kind="inquiry.answered",
            subject=gettext_noop("Inquiry %(reference)s is answered"),
            body=gettext_noop("The relationship manager answered inquiry %(reference)s."),
            params={"reference": inquiry.reference},
            url_name="risk:case",
            url_args=(inquiry.case.reference,),
            key=f"answered:{inquiry.reference}",
        )
    return inquiry


def withdraw(*, actor: Actor, inquiry: Inquiry) -> Inquiry:
    """Take an unanswered inquiry back."""
    with transaction.atomic():
        case = cases.hold_open(actor, inquiry.case)
        inquiry = _asked(inquiry)
        inquiry.state = InquiryState.WITHDRAWN
        inquiry.save(update_fields=["state"])
        cases.write_entry(actor, case, "inquiry_withdrawn", params={"inquiry": inquiry.reference})
        log.record(actor=actor, action="inquiry.withdrawn", target=inquiry)
    return inquiry


def _asked(inquiry: Inquiry) -> Inquiry:
    rows = Inquiry.objects.select_related("case__officer", "customer").locked()
    inquiry = rows.get(pk=inquiry.pk)
    if inquiry.state != InquiryState.ASKED:
        raise InquiryDone
    return inquiry
