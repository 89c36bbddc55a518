"""Refusals of the people's work, in words."""

from django.utils.translation import gettext_lazy as _

from crm.access.errors import Conflict, DomainError


class AlertFinished(Conflict):
    """The alert was dismissed, closed, or went into a case."""

    code = "alert_finished"
    message = _("This alert is no longer open. Load the page again.")


class AlertTaken(Conflict):
    """Somebody else works on it."""

    code = "alert_taken"
    message = _("A colleague has claimed this alert.")


class NothingToClaim(DomainError):
    """The queue is empty."""

    code = "queue_empty"
    message = _("No alert is waiting.")


class NotAnOfficer(DomainError):
    """The person cannot work alerts."""

    code = "not_an_officer"
    message = _("This person does not work alerts.")
    field = "officer"


class SeveralCustomers(DomainError):
    """A case is about one customer."""

    code = "several_customers"
    message = _("A case is about one customer; choose alerts of the same one.")


class CaseClosed(Conflict):
    """The case has its disposition."""

    code = "case_closed"
    message = _("This case is closed.")


class InquiryOpen(DomainError):
    """Questions are still with the relationship manager."""

    code = "inquiry_open"
    message = _("An inquiry is not answered yet. Wait for the answer or withdraw it.")


class NobodyToAsk(DomainError):
    """The customer has no managing relationship manager."""

    code = "nobody_to_ask"
    message = _("This customer has no managing relationship manager. Assign one first.")


class InquiryDone(Conflict):
    """Answered or withdrawn."""

    code = "inquiry_done"
    message = _("This inquiry has been answered or withdrawn.")


class ReasonNeeded(DomainError):
    """An alert is dismissed with a reason that an auditor can read."""

    code = "reason_needed"
    message = _("Give a reason of at least four characters.")
    field = "reason"
