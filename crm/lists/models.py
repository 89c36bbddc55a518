"""Saved views: the conditions of a list under a name, private to one person."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.references import ReferenceField


class SavedView(models.Model):
    """One person's conditions for one list. Seen by nobody else, so it needs no scope beyond its owner."""

    reference = ReferenceField(_("reference"), prefix="V")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("person"))
    list_name = models.CharField(_("list"), max_length=80)
    label = models.CharField(_("name"), max_length=40)
    query = models.TextField(_("conditions"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["user", "list_name", "label"], name="lists_savedview_once")]

    def __str__(self) -> str:
        return self.label
