"""The one form of every export."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.exports.choices import Purpose


class PurposeForm(forms.Form):
    """What the file is for: a choice, and a few words."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    words = forms.CharField(label=_("Purpose in words"), min_length=2, max_length=300)
