"""Cleaning what people type while they work alerts and cases."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.calendar.services import today
from crm.fields.validators import validate_no_sealed_data
from crm.staff.models import User
from crm.staff.services.duty import people_on_duty
from customers.models import Customer
from products.choices import Authority, FreezeKind
from products.forms import CURRENCIES
from products.models import Account, Freeze
from risk.choices import BacktestChoice, BacktestMode, CaseStep, Disposition, Exemption, RuleState
from risk.models import RuleVersion
from risk.services import backtests


class NoteForm(forms.Form):
    """A note."""

    text = forms.CharField(label=_("Note"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), validators=[validate_no_sealed_data])


class ReasonForm(forms.Form):
    """One reason."""

    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=300)


class DismissForm(forms.Form):
    """Why an alert needs no case."""

    disposition = forms.ChoiceField(
        label=_("disposition"),
        choices=[("", "—"), *((item.value, item.label) for item in (Disposition.FALSE_POSITIVE, Disposition.USEFUL))],
    )
    reason = forms.CharField(label=_("Reason for dismissing"), min_length=4, max_length=300)


class AssignForm(forms.Form):
    """Who shall work it."""

    officer = forms.ModelChoiceField(label=_("risk officer"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officer"].queryset = people_on_duty("risk.work_alert").order_by("number")  # type: ignore[attr-defined]


class SnoozeForm(forms.Form):
    """How long this rule stays quiet on this customer."""

    until = forms.DateField(label=_("No new alert until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=300)

    def clean_until(self) -> Any:
        """Between tomorrow and half a year ahead."""
        until = self.cleaned_data["until"]
        if not today() < until <= today() + timedelta(days=183):
            raise ValidationError(_("Choose a day between tomorrow and half a year from now."))
        return until


class OpenCaseForm(forms.Form):
    """What the case is about."""

    summary = forms.CharField(label=_("summary"), min_length=4, max_length=300)


class StepForm(forms.Form):
    """Which of the four steps comes now."""

    step = forms.ChoiceField(label=_("step"), choices=CaseStep.choices)


class InquiryForm(forms.Form):
    """Questions, never the scenario."""

    questions = forms.CharField(
        label=_("questions"),
        min_length=4,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[validate_no_sealed_data],
        help_text=_("Ask for facts. Do not name the rule, the alert or the suspicion."),
    )


class AnswerForm(forms.Form):
    """What the relationship manager knows."""

    text = forms.CharField(
        label=_("answer"), min_length=2, max_length=4000, widget=forms.Textarea(attrs={"rows": 6}), validators=[validate_no_sealed_data]
    )


class CaseFreezeForm(forms.Form):
    """What to stop."""

    account = forms.ModelChoiceField(label=_("account"), queryset=Account.objects.none(), required=False, empty_label=_("Whole customer"))
    kind = forms.ChoiceField(label=_("freeze type"), choices=FreezeKind.choices, initial=FreezeKind.PAYMENT_STOP)
    authority = forms.ChoiceField(label=_("authority"), choices=Authority.choices, initial=Authority.OWN)
    document = forms.CharField(label=_("document number"), max_length=80, required=False)
    amount = forms.DecimalField(label=_("amount"), max_digits=24, decimal_places=2, required=False)
    currency = forms.ChoiceField(label=_("currency of the amount"), choices=CURRENCIES, required=False)
    reason = forms.CharField(label=_("reason"), min_length=4, max_length=500)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = Account.objects.filter(customer=customer).order_by("pk")  # type: ignore[attr-defined]


class CaseLiftForm(forms.Form):
    """Which freeze to lift, and why."""

    freeze = forms.ModelChoiceField(label=_("freeze"), queryset=Freeze.objects.none())
    reason = forms.CharField(label=_("Reason for lifting"), min_length=4, max_length=300)
    document = forms.CharField(label=_("Document that ends it"), max_length=80, required=False)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = Freeze.objects.standing().filter(customer=customer).order_by("placed_at")
        self.fields["freeze"].queryset = standing  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    """The end of a case."""

    disposition = forms.ChoiceField(label=_("disposition"), choices=[("", "—"), *Disposition.choices])
    conclusion = forms.CharField(
        label=_("conclusion"),
        min_length=10,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[validate_no_sealed_data],
    )


class ExemptForm(forms.Form):
    """Why a large-value row need not be reported."""

    ground = forms.ChoiceField(label=_("ground for exemption"), choices=Exemption.choices)
    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=300, validators=[validate_no_sealed_data])


class VersionField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Rule versions by name, number and state."""

    def label_from_instance(self, obj: RuleVersion) -> str:
        """Return what tells one version from another."""
        places = {"rule": str(obj.rule), "n": obj.number, "state": obj.get_state_display()}
        return _("%(rule)s, version %(n)s (%(state)s)") % places


class BacktestForm(forms.Form):
    """Which rules on which days, with which knowledge."""

    first_day = forms.DateField(label=_("First bank date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("Last bank date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    mode = forms.ChoiceField(label=_("Knowledge"), choices=BacktestMode.choices)
    choice = forms.ChoiceField(label=_("Rules"), choices=BacktestChoice.choices)
    versions = VersionField(
        label=_("Versions"), queryset=RuleVersion.objects.none(), required=False, widget=forms.SelectMultiple(attrs={"size": 10})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = RuleVersion.objects.select_related("rule").order_by("rule__scenario", "rule__code", "-number")
        self.fields["versions"].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Take the versions that the choice means."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("first_day") and data.get("last_day"):
            try:
                backtests.prove(data["first_day"], data["last_day"])
            except backtests.PeriodUnusable as refusal:
                self.add_error(refusal.field, str(refusal))
        chosen, choice = list(data.get("versions") or []), data.get("choice")
        if choice != BacktestChoice.LIVE and not chosen:
            self.add_error("versions", _("Choose at least one version."))
        if choice == BacktestChoice.DRAFT and len({version.rule_id for version in chosen}) < len(chosen):
            self.add_error("versions", _("Choose one version of each rule."))
        elif choice == BacktestChoice.DRAFT and chosen and all(version.state == RuleState.LIVE for version in chosen):
            self.add_error("versions", _("These versions are live already: choose others, or try all live rules."))
        if choice != BacktestChoice.PICKED:
            mine = [] if choice == BacktestChoice.LIVE else chosen
            live = RuleVersion.objects.filter(state=RuleState.LIVE).select_related("rule")
            data["versions"] = [*live.exclude(rule_id__in=[version.rule_id for version in mine]), *mine]
        return data
