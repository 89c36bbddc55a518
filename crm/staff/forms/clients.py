"""Forms about partner systems."""

from typing import Any, Self

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from crm.staff.models import ServiceClient
from crm.staff.models.clients import client_code
from crm.staff.services.clients import doors

LISTS = ("sources", "branches", "networks")


def _doors() -> list[tuple[str, str]]:
    return [(name, name) for name in doors()]


class ClientForm(forms.Form):
    """A new partner system."""

    code = forms.CharField(label=_("Code"), max_length=30, validators=[client_code])
    name = forms.CharField(label=_("Name"), max_length=80)


class TermsForm(forms.Form):
    """What a partner system may do."""

    endpoints = forms.MultipleChoiceField(label=_("Doors"), choices=_doors, required=False, widget=forms.CheckboxSelectMultiple)
    sources = forms.CharField(label=_("Sources"), required=False, help_text=_("Codes of source systems, separated by spaces."))
    branches = forms.CharField(
        label=_("Branches"), required=False, help_text=_("Branch codes, separated by spaces, with all below them; empty for every branch.")
    )
    networks = forms.CharField(
        label=_("Networks"), required=False, help_text=_("Addresses or networks like 192.0.2.0/24, separated by spaces; empty for any.")
    )
    rate = forms.IntegerField(label=_("Requests per minute"), validators=[MinValueValidator(1), MaxValueValidator(10_000_000)])
    valid_until = forms.DateTimeField(label=_("Valid until"), required=False)
    active = forms.BooleanField(label=_("Active"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    @classmethod
    def of(cls, client: ServiceClient) -> Self:
        """Return the form filled with a partner's present terms."""
        first: dict[str, Any] = {name: " ".join(getattr(client, name)) for name in LISTS}
        first |= {"endpoints": client.endpoints, "rate": client.rate, "valid_until": client.valid_until, "active": client.is_active}
        return cls(initial=first, auto_id="id_terms_%s")

    def terms(self) -> dict[str, Any]:
        """Return the terms as they are proposed."""
        values = self.cleaned_data
        until = values["valid_until"]
        lists = {name: sorted(set(values[name].replace(",", " ").split())) for name in LISTS}
        return {
            **lists,
            "endpoints": sorted(values["endpoints"]),
            "rate": values["rate"],
            "valid_until": until.isoformat() if until else None,
            "active": values["active"],
        }


class SecretForm(forms.Form):
    """Why a partner system needs a secret."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class OffForm(forms.Form):
    """Why a partner system is switched off."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class EndForm(forms.Form):
    """Which secret ends, and why."""

    secret = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)
    reason = forms.CharField(label=_("Reason"), max_length=200)
