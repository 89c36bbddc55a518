"""Changing one future day."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class DayForm(forms.Form):
    """A day, whether the bank works on it, and why."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    works = forms.ChoiceField(label=_("The bank works"), choices=[("yes", _("Yes")), ("no", _("No"))])
    note = forms.CharField(label=_("Reason"), max_length=60, strip=True)

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {"day": data["day"], "is_business": data["works"] == "yes", "note": data["note"]}
