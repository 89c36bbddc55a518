"""How jobs say no."""

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError


class JobCancelled(Exception):
    """Somebody asked for the job to stop; raised by ``advance`` inside the work."""


class JobOver(DomainError):
    """The job has ended already."""

    code = "job_over"
    message = _("This job has ended already.")


class NothingToDownload(DomainError):
    """The job has no file (any more)."""

    code = "nothing_to_download"
    message = _("This job has no file to download.")


class UnknownJobKind(LookupError):
    """No app registered this kind of job."""
