"""The reason for looking at a full value."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RevealForm(forms.Form):
    """One line: why."""

    reason = forms.CharField(
        label=_("Reason for viewing"),
        max_length=200,
        min_length=4,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
