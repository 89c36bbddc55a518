"""What the pages' own addresses take."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.lists.formats import UNITS
from crm.lists.terms import LONGEST


class SearchForm(forms.Form):
    """The search box: a text, or the sealed text of a search already made."""

    q = forms.CharField(required=False, max_length=LONGEST, label=_("Search everything"))
    s = forms.CharField(required=False, max_length=2_000)


class UnitForm(forms.Form):
    """The reader's unit of money, and the page to come back to."""

    unit = forms.ChoiceField(choices=[(unit, unit) for unit in UNITS])
    next = forms.CharField(required=False, max_length=2_000)
