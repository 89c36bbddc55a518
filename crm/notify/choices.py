"""What is still owed to the reader by mail, and the actions that this app writes in the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind


class MailState(models.TextChoices):
    """Where the mail of a notice is."""

    OWED = "owed", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not delivered")
    NONE = "none", _("No mail")


ACTIONS = {
    "notice.read": ActionKind(_("Notice read"), "operations"),
    "notice.mail_failed": ActionKind(_("Mail could not be delivered"), "operations"),
    "notice.mail_again": ActionKind(_("Mail sent again"), "operations"),
}
