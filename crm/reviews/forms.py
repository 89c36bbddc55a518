"""What a reviewer types, and who begins a review."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm.lists import formats
from crm.reviews.services.rights import Rights
from crm.staff.models import Branch, Role
from crm.staff.services.access import staff_roles


class ConfirmForm(forms.Form):
    """The mark of what was shown, and a remark."""

    mark = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput())
    reason = forms.CharField(label=_("Remark"), max_length=500, required=False)


class RemovalForm(forms.Form):
    """What is to be taken away, and why."""

    mark = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput())
    remove = forms.MultipleChoiceField(label=_("To be taken away"), widget=forms.CheckboxSelectMultiple())
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, rights: Rights, **options: Any) -> None:
        super().__init__(*args, **options)
        grants = [
            (row.key, f"{capfirst(row.label)} · {row.reference or _('not yours to see')} · {formats.moment(row.until) or _('open end')}")
            for row in rights.grants
        ]
        self.fields["remove"].choices = [*((row.code, row.label) for row in rights.roles), *grants]  # type: ignore[attr-defined]


class BeginForm(forms.Form):
    """Whom a review covers, and why now."""

    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch, with all below it"), required=False, to_field_name="code", empty_label=_("The whole bank")
    )
    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"), required=False, to_field_name="code", empty_label=_("Every role"))
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["branch"].queryset = Branch.objects.filter(is_active=True).order_by("path")  # type: ignore[attr-defined]
        self.fields["role"].queryset = Role.objects.filter(code__in=staff_roles()).order_by("code")  # type: ignore[attr-defined]


class MomentForm(forms.Form):
    """As it stood then."""

    at = forms.DateTimeField(
        label=_("As it stood at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
    )
