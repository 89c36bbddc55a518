"""What people type about second factors."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "autofocus": True,
    "inputmode": "text",
    "autocapitalize": "characters",
    "spellcheck": "false",
}


class CodeForm(forms.Form):
    """A one-time code, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        help_text=_("The code that your app or token shows now, or one of your recovery codes."),
        widget=forms.TextInput(attrs=_ATTRIBUTES),
    )


class ConfirmForm(forms.Form):
    """The first code of a new code app."""

    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        help_text=_("The six digits that the app shows after scanning."),
        widget=forms.TextInput(attrs={**_ATTRIBUTES, "inputmode": "numeric"}),
    )


class NameForm(forms.Form):
    """What its owner calls a factor."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=60)


class StepUpForm(forms.Form):
    """The second factor, asked for in the midst of something; the field's name meets no field of the form that waits."""

    FIELD = "second_factor"

    second_factor = forms.CharField(
        label=_("Code"),
        max_length=30,
        help_text=_("The code that your app or token shows now, or one of your recovery codes."),
        widget=forms.TextInput(attrs=_ATTRIBUTES),
    )


class ResetForm(forms.Form):
    """Why somebody's second factors are to be removed."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
