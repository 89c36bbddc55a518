"""Where the files of exports lie: sealed, under a label of their own."""

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.fields.files import SealedFiles


class FileGone(DomainError):
    """The sealed bytes are not there any more, or were changed."""

    code = "file_gone"
    message = _("The file has been removed. Ask for the export again.")


FILES = SealedFiles("exports", "exports.exportpermit.content", FileGone)
