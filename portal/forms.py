"""The one parameter that these pages take."""

from django import forms

LAST_PAGE = 1_000


class PageForm(forms.Form):
    """Which page of the transactions."""

    page = forms.IntegerField(min_value=1, max_value=LAST_PAGE, required=False)
