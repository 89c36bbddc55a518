"""What people type about people."""

from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Level, Reach
from crm.staff.choices import OTHER_ROLES, BranchLevel
from crm.staff.models import Branch, Role
from crm.staff.models.branches import branch_code
from crm.staff.models.people import employee_number
from crm.staff.services.role_table import permission_label


class SignInForm(forms.Form):
    """Employee number and password."""

    number = forms.CharField(
        label=_("Employee number or sign-in name"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label=_("New password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("New password again"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Return the values when both passwords are the same."""
        values = super().clean() or self.cleaned_data
        if values.get("password") != values.get("repeated"):
            self.add_error("repeated", _("The two passwords differ."))
        return values


class RedeemForm(NewPasswordForm):
    """A one-time token and the password that it sets."""

    field_order = ("number", "token", "password", "repeated")
    number = forms.CharField(
        label=_("Employee number or sign-in name"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    token = forms.CharField(
        label=_("One-time token"),
        max_length=60,
        help_text=_("If you were given two halves: both, the first one first."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


def roles_of_people() -> list[tuple[str, str]]:
    """Return the roles that people of the bank can hold, those made by the bank included."""
    return [(role.code, role.label) for role in Role.objects.all() if role.code not in OTHER_ROLES]


class PasswordForm(NewPasswordForm):
    """The present password and a new one."""

    field_order = ("current", "password", "repeated")
    current = forms.CharField(
        label=_("Present password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class LeaveForm(forms.Form):
    """Why somebody's access ends for good."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class RolesField(forms.MultipleChoiceField):
    """The roles a person of the bank can hold, as check boxes."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Roles"), choices=roles_of_people, **kwargs)


class PersonForm(forms.Form):
    """A new person."""

    number = forms.CharField(label=_("Employee number"), max_length=20, validators=[employee_number])
    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=80)
    title = forms.CharField(label=_("Title"), max_length=80, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    branch = forms.ModelChoiceField(label=_("Branch"), queryset=Branch.objects.none(), required=False)
    valid_until = forms.DateTimeField(
        label=_("Valid until"), required=False, help_text=_("The account opens nothing after this moment; empty for people who stay.")
    )
    roles = RolesField(
        required=False, help_text=_("Another security officer decides on the roles. Without roles the person cannot sign in yet.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["branch"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Branch.objects.visible_to(actor).filter(is_active=True)

    def clean(self) -> dict[str, Any]:
        """Return the values when roles come with the reason for the officer who decides."""
        values = super().clean() or self.cleaned_data
        if values.get("roles") and not (values.get("reason") or "").strip():
            self.add_error("reason", _("Give a reason."))
        return values


class RolesForm(forms.Form):
    """The roles of a person."""

    roles = RolesField(required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ActiveForm(forms.Form):
    """Why somebody is switched on or off."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class TokenForm(forms.Form):
    """Why somebody needs a new password."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReleaseForm(forms.Form):
    """Why an officer who was guessed at may sign in again."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class BranchForm(forms.Form):
    """A new branch."""

    code = forms.CharField(label=_("Branch code"), max_length=12, validators=[branch_code])
    name = forms.CharField(label=_("Name"), max_length=100)
    level = forms.ChoiceField(label=_("Level"), choices=BranchLevel.choices)
    parent = forms.ModelChoiceField(label=_("Belongs to"), queryset=Branch.objects.none())

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["parent"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Branch.objects.visible_to(actor)
            # The first branch is head office and belongs to nothing.
            field.required = Branch.objects.exists()

    def clean_code(self) -> str:
        """Return the code when no branch has it."""
        code: str = self.cleaned_data["code"]
        if Branch.objects.filter(code=code).exists():
            raise ValidationError(_("A branch with this code is there already."))
        return code


class NewRoleForm(forms.Form):
    """A role of the bank's own."""

    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("Small letters, digits and hyphens, such as branch-cashier. It is kept for good.")
    )
    name = forms.CharField(label=pgettext_lazy("role", "Name"), max_length=80)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReachSelect(forms.Select):
    """The choice of a reach, drawn without a template: a role page has well over a hundred, most of its time went there."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the element."""
        attributes = flatatt({**self.build_attrs(self.attrs, attrs), "name": name})
        return format_html("<select{}>{}</select>", attributes, _reach_options(str(value or Reach.NONE.value), get_language() or ""))


@cache
def _reach_options(chosen: str, _language: str) -> SafeString:
    rows = ((reach.value, flatatt({"selected": reach.value == chosen}), reach.label) for reach in Reach)
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)


class RoleForm(forms.Form):
    """The whole of a role: how far each permission of the product carries, and the highest level it may hold."""

    ceiling = forms.ChoiceField(label=_("Highest level"), choices=Level.choices)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, held: dict[str, str], ceiling: str, permissions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"ceiling": ceiling}, **kwargs})
        for permission in permissions:
            self.fields[permission] = forms.ChoiceField(
                label=permission_label(permission),
                choices=Reach.choices,
                initial=held.get(permission, Reach.NONE.value),
                required=False,
                widget=ReachSelect,
            )
        self.permissions = permissions

    def reaches(self) -> dict[str, str]:
        """Return the reach of each permission that was sent; one that was not sent stays as it is."""
        return {name: self.cleaned_data[name] for name in self.permissions if self.cleaned_data.get(name)}
