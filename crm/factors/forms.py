"""What people type about second factors."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.actor import Actor
from crm.staff.models import User
from crm.staff.models.people import normal_number

LARGEST_LIST = 1024 * 1024

_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "autofocus": True,
    "inputmode": "text",
    "autocapitalize": "characters",
    "spellcheck": "false",
}
_READ_OUT = {"autocomplete": "off", "inputmode": "numeric"}


class CodeForm(forms.Form):
    """A one-time code, or a recovery code."""

    code = forms.CharField(
        label=pgettext_lazy("one-time", "Code"),
        max_length=30,
        help_text=_("The code that your app or token shows now, or one of your recovery codes."),
        widget=forms.TextInput(attrs=_ATTRIBUTES),
    )


class ConfirmForm(forms.Form):
    """The first code of a new code app."""

    code = forms.CharField(
        label=pgettext_lazy("one-time", "Code"),
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
        label=pgettext_lazy("one-time", "Code"),
        max_length=30,
        help_text=_("The code that your app or token shows now, or one of your recovery codes."),
        widget=forms.TextInput(attrs=_ATTRIBUTES),
    )


class ResetForm(forms.Form):
    """Why somebody's second factors are to be removed."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ListForm(forms.Form):
    """The maker's list of hardware tokens."""

    file = forms.FileField(
        label=_("List of tokens (CSV)"),
        help_text=_("Columns serial, secret (hexadecimal), type (totp or hotp), digits, counter, period."),
        allow_empty_file=False,
    )

    def clean_file(self) -> Any:
        """Return the file when it is small enough to be a list."""
        found = self.cleaned_data["file"]
        if found.size > LARGEST_LIST:
            raise ValidationError(_("The list is larger than 1 MB."))
        return found


class AssignForm(forms.Form):
    """Which token whom."""

    serial = forms.CharField(label=_("Serial number"), max_length=40)
    person = forms.CharField(label=_("Employee number"), max_length=20)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._actor = actor

    def clean_person(self) -> User:
        """Return the person with this number whom the officer sees."""
        number = normal_number(self.cleaned_data["person"])
        found = User.objects.visible_to(self._actor, "staff.view_user").filter(number__iexact=number).first()
        if found is None:
            raise ValidationError(_("There is nobody with this employee number."))
        return found


class ResyncForm(forms.Form):
    """Two codes in a row of a token that ran ahead."""

    serial = forms.CharField(label=_("Serial number"), max_length=40)
    first = forms.CharField(
        label=_("First code"), max_length=30, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )
    second = forms.CharField(
        label=_("Code after it"), max_length=30, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )
