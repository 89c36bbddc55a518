"""Cleaning what people type about customers; choices are limited to what they may see."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.forms import Moment
from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.fields.validators import validate_mobile
from crm.staff.models import Branch, User
from crm.staff.services.role_table import permission_label
from customers.choices import CheckedBy, CustomerKind, CustomerLabel
from customers.models import Customer
from customers.roles import LABELS
from customers.validators import identity_errors

SEALED = ("id_number", "mobile", "email", "address")


def _managers(actor: Actor) -> Any:
    """Return who may manage a customer, as far as the actor reaches."""
    people = User.objects.usable().filter(roles__code="relationship-manager").distinct().order_by("number")
    reach = actor.reach("customers.view_customer")
    if reach == Reach.ALL:
        return people
    branch = getattr(actor.user, "branch", None)
    return people.filter(branch__path__startswith=branch.path) if branch else people.none()


def _branches(actor: Actor) -> Any:
    branches = Branch.objects.filter(is_active=True).order_by("path")
    if actor.reach("customers.view_customer") == Reach.ALL:
        return branches
    branch = getattr(actor.user, "branch", None)
    return branches.filter(path__startswith=branch.path) if branch else branches.none()


class CustomerForm(forms.ModelForm[Customer]):
    """The whole record, for a new customer."""

    id_number = forms.CharField(label=_("ID number"), max_length=40, strip=True)
    mobile = forms.CharField(label=_("mobile number"), max_length=20, required=False, validators=[validate_mobile])
    email = forms.EmailField(label=_("e-mail"), required=False)
    address = forms.CharField(label=_("street address"), max_length=200, required=False)

    class Meta:
        model = Customer
        fields: tuple[str, ...] = (
            "kind",
            "core_number",
            "name",
            "gender",
            "birth_date",
            "id_type",
            "region",
            "occupation",
            "income_band",
            "opening_branch",
            "manager",
            "segment",
            "aml_risk_level",
            "risk_tolerance",
            "lifecycle_stage",
            "credit_record",
        )
        widgets = {"birth_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        labels = {"name": _("Customer name")}

    field_order = (
        "kind",
        "core_number",
        "name",
        "id_type",
        "id_number",
        "gender",
        "birth_date",
        "mobile",
        "email",
        "region",
        "address",
        "occupation",
        "income_band",
        "segment",
        "opening_branch",
        "manager",
        "aml_risk_level",
        "risk_tolerance",
        "lifecycle_stage",
        "credit_record",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opening_branch"].queryset = _branches(actor)  # type: ignore[attr-defined]
        self.fields["manager"].queryset = _managers(actor)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check the document against customer type, birth date and sex."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == CustomerKind.ORGANISATION:
            cleaned["gender"], cleaned["birth_date"] = "", None
        if {"kind", "id_type", "id_number"} <= cleaned.keys():
            errors = identity_errors(
                kind=cleaned["kind"],
                id_type=cleaned["id_type"],
                id_number=cleaned["id_number"],
                birth_date=cleaned.get("birth_date"),
                gender=cleaned.get("gender", ""),
            )
            for name, wrong in errors.items():
                for one in wrong:
                    self.add_error(name, one)
        return cleaned

    def _post_clean(self) -> None:
        """Clean only: the service writes, so no instance is built from the form."""


def _permissions() -> list[tuple[str, str]]:
    return [(name, permission_label(name)) for name in sorted(LABELS)]


class WhyForm(forms.Form):
    """Who, which customer, and what for."""

    number = forms.CharField(label=_("Employee number"), max_length=20)
    reference = forms.CharField(
        label=_("Reference of the customer"), max_length=20, help_text=_("Or the customer number of the core system.")
    )
    permission = forms.ChoiceField(label=_("Permission"), choices=_permissions, initial="customers.view_customer")
    at = Moment(label=_("At the moment"), required=False, help_text=_("Empty: now."))


class StandInForm(forms.Form):
    """Who stands in, until when, and why."""

    person = forms.CharField(label=_("Employee number of the colleague"), max_length=20)
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    may_change = forms.BooleanField(label=_("May change the customer, too"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class PortfolioForm(forms.Form):
    """Whose customers, who stands in, from when until when, and why."""

    manager = forms.CharField(label=_("Employee number of the relationship manager"), max_length=20)
    person = forms.CharField(label=_("Employee number of the colleague"), max_length=20)
    begins = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    may_change = forms.BooleanField(label=_("May change the customers, too"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class LabelsForm(forms.Form):
    """The labels of a customer."""

    labels = forms.MultipleChoiceField(
        label=_("Labels"),
        choices=CustomerLabel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: an ordinary customer. Whoever lacks the clearance of a label no longer sees the customer anywhere."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReasonForm(forms.Form):
    """One line: why."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class HoldForm(ReasonForm):
    """An order to keep, as it stands on the authority's paper."""

    account = forms.ChoiceField(label=_("Account"), required=False, help_text=_("Empty: everything of the customer."))
    authority = forms.CharField(label=_("Authority"), max_length=80)
    document = forms.CharField(label=_("Document number"), max_length=80)
    field_order = ("authority", "document", "account", "reason")

    def __init__(self, *args: Any, accounts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["account"]).choices = [("", _("Everything")), *accounts]


class SignInForm(forms.Form):
    """What was checked before a customer gets a sign-in."""

    ways = forms.MultipleChoiceField(
        label=_("Checked"),
        choices=CheckedBy.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The document and the face are needed. What you tick is kept with your name."),
    )
    words = forms.CharField(label=_("Remark"), max_length=200, required=False)


class SignInEndForm(forms.Form):
    """Why a sign-in is switched off."""

    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)


class ChangeForm(CustomerForm):
    """The same record changed; sealed values left empty stay as they are."""

    id_number = forms.CharField(
        label=_("ID number"), max_length=40, strip=True, required=False, help_text=_("Leave empty to keep the number on record.")
    )
    clear_mobile = forms.BooleanField(label=_("Remove the mobile number"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason for the change"),
        max_length=300,
        min_length=4,
        help_text=_("The person who approves reads it, and so will an auditor."),
    )

    class Meta(CustomerForm.Meta):
        fields = tuple(name for name in CustomerForm.Meta.fields if name not in ("kind", "core_number"))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        self.customer = customer
        initial = {name: getattr(customer, name) for name in self.Meta.fields}
        initial["version"] = customer.version
        super().__init__(*args, initial=initial, **kwargs)
        for name in SEALED:
            self.fields[name].widget.attrs["placeholder"] = str(getattr(customer, name))
        if customer.kind == CustomerKind.ORGANISATION:
            for name in ("gender", "birth_date", "occupation", "income_band"):
                del self.fields[name]
        self.order_fields([*self.field_order, "clear_mobile", "reason"])

    def clean(self) -> dict[str, Any]:
        """Check the document that will stand after the change."""
        cleaned = forms.ModelForm.clean(self) or {}
        if "id_type" in cleaned:
            errors = identity_errors(
                kind=self.customer.kind,
                id_type=cleaned["id_type"],
                id_number=cleaned.get("id_number") or self.customer.id_number.open(),
                birth_date=cleaned.get("birth_date"),
                gender=cleaned.get("gender", ""),
            )
            for name, wrong in errors.items():
                for one in wrong:
                    self.add_error(name if name in self.fields else None, one)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Return the values to compare with the record; sealed fields only where something was typed."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.cleaned_data}
        values |= {name: self.cleaned_data[name] for name in SEALED if self.cleaned_data.get(name)}
        if self.cleaned_data.get("clear_mobile"):
            values["mobile"] = ""
        return values
