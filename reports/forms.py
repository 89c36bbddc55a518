"""Cleaning what people ask reports for."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.staff.models import Branch
from reports.choices import Period
from reports.definitions.periods import today


class RunForm(forms.Form):
    """Which days, which branch."""

    first_day = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    branch = forms.ModelChoiceField(
        label=_("branch and below"), queryset=Branch.objects.none(), required=False, empty_label=_("Whole bank")
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        yesterday = today(timezone.now()) - timedelta(days=1)
        super().__init__(*args, **{"initial": {"first_day": yesterday, "last_day": yesterday}, **kwargs})
        branches = Branch.objects.order_by("path")
        field: Any = self.fields["branch"]
        if actor.reach("reports.view_reportrun") != Reach.ALL:
            own = getattr(actor.user, "branch", None)
            branches = branches.filter(path__startswith=own.path) if own else branches.none()
            field.empty_label = None
            field.initial = own
        field.queryset = branches

    @property
    def period(self) -> str:
        """Return what kind of period the days make."""
        first, last = self.cleaned_data["first_day"], self.cleaned_data["last_day"]
        if first == last:
            return Period.DAY
        whole_month = first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month)
        return Period.MONTH if whole_month else Period.CUSTOM


class SubscriptionForm(forms.Form):
    """Whether the report comes by mail."""

    period = forms.ChoiceField(choices=[(Period.DAY, Period.DAY.label), (Period.MONTH, Period.MONTH.label)])
    active = forms.BooleanField(required=False)
