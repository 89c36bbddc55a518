"""The form of a decision."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """A reason, and the mark of what the decider saw."""

    reason = forms.CharField(
        label=_("Reason of the decision"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The proposer and the auditor read it."),
    )
    shown_hash = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput())
