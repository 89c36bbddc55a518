"""Cleaning what people type about accounts and freezes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.calendar.services import today
from crm.fields.validators import validate_card_number
from crm.staff.models import Branch
from customers.models import Customer
from products.choices import AccountStatus, Authority, FreezeKind
from products.models import Account
from products.services.accounts import KINDS

CURRENCIES = [(code, code) for code in ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")]


class AccountForm(forms.Form):
    """An account that the core has opened."""

    number = forms.CharField(label=_("account number"), max_length=40, strip=True)
    holder_name = forms.CharField(label=_("account holder"), max_length=120)
    kind = forms.ChoiceField(label=_("account type"))
    currency = forms.ChoiceField(label=_("currency"), choices=CURRENCIES)
    branch = forms.ModelChoiceField(label=_("opening branch"), queryset=Branch.objects.filter(is_active=True).order_by("path"))
    opened_at = forms.DateField(label=_("opened on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reported_balance = forms.DecimalField(label=_("reported balance"), max_digits=24, decimal_places=2, required=False)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = KINDS[customer.kind]  # type: ignore[index]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.person = customer.kind == "person"

    def clean_number(self) -> str:
        """Check the Luhn digit of personal cards; organisations' numbers follow each bank's own scheme."""
        number = "".join(str(self.cleaned_data["number"]).split())
        if self.person:
            validate_card_number(number)
        elif not (number.isascii() and number.isdigit() and 10 <= len(number) <= 32):
            raise ValidationError(_("An account number has 10 to 32 digits."))
        return number

    def clean_opened_at(self) -> Any:
        """Refuse a day that has not come yet."""
        opened = self.cleaned_data["opened_at"]
        if opened > today():
            raise ValidationError(_("The opening day is in the future."))
        return opened


class AccountChangeForm(forms.Form):
    """The core's status and type of an account, for a second person to take over."""

    status = forms.ChoiceField(label=_("account status"), choices=AccountStatus.choices)
    kind = forms.ChoiceField(label=_("account type"))
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason for the change"), min_length=4, max_length=300)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        initial = {"status": account.status, "kind": account.kind, "version": account.version}
        super().__init__(*args, **{"initial": initial, **kwargs})
        kinds = KINDS[account.customer.kind]  # type: ignore[index]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]


class FreezeForm(forms.Form):
    """What to stop, on whose order, and why."""

    kind = forms.ChoiceField(label=_("freeze type"), choices=FreezeKind.choices, initial=FreezeKind.PAYMENT_STOP)
    authority = forms.ChoiceField(label=_("authority"), choices=Authority.choices, initial=Authority.OWN)
    document = forms.CharField(
        label=_("document number"), max_length=80, required=False, help_text=_("Needed for every authority but our own control.")
    )
    amount = forms.DecimalField(
        label=_("amount"), max_digits=24, decimal_places=2, required=False, help_text=_("For an amount freeze only.")
    )
    currency = forms.ChoiceField(
        label=_("currency of the amount"),
        choices=CURRENCIES,
        required=False,
        help_text=_("Other currencies are compared by today's rate; on the whole customer, over all accounts together."),
    )
    valid_until = forms.DateTimeField(
        label=_("valid until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("Empty: until it is lifted."),
    )
    reason = forms.CharField(label=_("reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    origin = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def clean_valid_until(self) -> Any:
        """Refuse an end that has passed."""
        until = self.cleaned_data["valid_until"]
        if until is not None and until <= timezone.now():
            raise ValidationError(_("The end lies in the past."))
        return until


class ConfirmForm(forms.Form):
    """Why an automatic freeze stays."""

    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=300)


class LiftForm(forms.Form):
    """Why money should move again."""

    reason = forms.CharField(label=_("Reason for lifting"), min_length=4, max_length=300)
    document = forms.CharField(label=_("Document that ends it"), max_length=80, required=False)
