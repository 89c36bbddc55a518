"""The one form of every export, and that of caps."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.exports.choices import HIGHEST, Purpose
from crm.staff.models import Role
from crm.staff.services.access import staff_roles


class PurposeForm(forms.Form):
    """What the file is for: a choice, and a few words."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    words = forms.CharField(label=_("Purpose in words"), min_length=2, max_length=300)


def _roles() -> list[tuple[str, str]]:
    return [(role.code, str(role.label)) for role in Role.objects.filter(code__in=staff_roles()).order_by("code")]


class CapForm(forms.Form):
    """Another cap of one role."""

    role = forms.ChoiceField(label=_("Role"), choices=_roles)
    rows = forms.IntegerField(label=_("Rows on one's own word"), min_value=0, max_value=HIGHEST)
    reason = forms.CharField(label=_("Reason"), max_length=300, strip=True)
