"""What is typed in the auditor's rooms."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.definitions.patterns import PATTERNS
from crm.lists.terms import Query


class HandleForm(forms.Form):
    """What was found."""

    note = forms.CharField(label=_("What you found"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ThresholdForm(forms.Form):
    """Other limits of one pattern."""

    pattern = forms.ChoiceField(label=_("Pattern"), choices=[(code, pattern.label) for code, pattern in PATTERNS.items()])
    threshold = forms.IntegerField(label=_("Threshold"), min_value=1, max_value=10_000_000)
    minutes = forms.IntegerField(label=_("Within minutes"), min_value=1, max_value=1440)
    reason = forms.CharField(label=_("Reason"), max_length=300, strip=True)

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "code": data["pattern"],
            "threshold": data["threshold"],
            "window_seconds": data["minutes"] * 60,
            "reason": data["reason"],
        }


class Moment(forms.DateTimeField):
    """A moment on the bank's clock, to the minute."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"], **options)


class Number(forms.CharField):
    """An employee number or a reference: never something that must not stand in an address."""

    def clean(self, value: Any) -> str:
        """The normal form. Raises for ID, mobile and account numbers."""
        found = Query.of(str(super().clean(value) or ""))
        if found.is_private:
            raise ValidationError(_("Type the reference or the employee number: an ID, mobile or account number does not belong here."))
        return str(found)


class Between(forms.Form):
    """Two moments."""

    since = Moment(label=_("From"), initial=lambda: timezone.now() - timedelta(days=30))
    until = Moment(label=_("Until"), initial=lambda: timezone.now() + timedelta(minutes=1))


class CustomerQuestion(Between):
    """Who looked at this customer?"""

    customer = Number(label=_("Customer"), max_length=20, help_text=_("The reference, such as C-7K3MQ2XW."))
    field_order = ("customer", "since", "until")


class PersonQuestion(Between):
    """What did this person do?"""

    number = Number(label=_("Employee number"), max_length=40)
    field_order = ("number", "since", "until")


class ExportQuestion(Between):
    """Who exported what?"""

    number = Number(label=_("Employee number"), max_length=40, required=False, help_text=_("Empty: everybody."))
    field_order = ("since", "until", "number")


class RightsQuestion(forms.Form):
    """What could this person see?"""

    number = Number(label=_("Employee number"), max_length=40)
    moment = Moment(label=_("At"))


class RequestQuestion(forms.Form):
    """The whole story of a request."""

    request_id = forms.RegexField(r"^[A-Za-z0-9_-]{1,64}$", label=_("Request"), strip=True)
