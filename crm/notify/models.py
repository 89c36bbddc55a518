"""Notices: what a person has to know, on her page and by mail."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.notify.choices import MailState


class NoticeQuerySet(ScopedQuerySet["Notice"]):
    """Questions about notices."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Own notices only, whatever the reach below "all"."""
        return self.filter(user=user.pk)

    def unread(self) -> Self:
        """Those not opened yet."""
        return self.filter(read_at=None)


class Notice(models.Model):
    """One sentence for one person, with the way to what it is about. Subject and body are message ids: each reader
    sees them in her own language."""

    reference = ReferenceField(prefix="N", length=12)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name=_("reader"))
    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(_("key"), max_length=200)  # the same thing is told to the same person once
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"), blank=True)
    params = models.JSONField(default=dict, blank=True)
    url_name = models.CharField(max_length=100, blank=True)
    url_args = models.JSONField(default=list, blank=True)
    attachments = models.JSONField(default=list, blank=True)  # [[provider, {parameters}], …], made when the mail is sent
    created_at = models.DateTimeField(_("at"), default=timezone.now, editable=False)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("escalated at"), null=True, blank=True)  # or found to need none
    mail_state = models.CharField(_("mail"), max_length=6, choices=MailState, default=MailState.OWED)
    mail_attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    mail_next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    mail_error = models.CharField(_("error"), max_length=300, blank=True)
    mailed_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once_per_person")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_person"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
            models.Index(fields=["mail_next_at"], condition=models.Q(mail_state="owed"), name="notice_mail_owed"),
            models.Index(fields=["kind", "created_at"], condition=models.Q(escalated_at=None), name="notice_climbing"),
            models.Index(fields=["-id"], condition=models.Q(mail_state="failed"), name="notice_mail_failed"),
        ]

    def __str__(self) -> str:
        return self.reference
