"""Made-up values for the page that shows every component; no person, no bank, no database."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Customer name"), max_length=40)
    level = forms.ChoiceField(label=_("Risk level"), choices=[("low", _("Low")), ("mid", _("Medium")), ("high", _("High"))])
    amount = forms.DecimalField(label=_("Amount"), max_digits=18, decimal_places=2, help_text=_("In yuan, at most two decimals."))
    day = forms.DateField(label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(
        label=_("Customer type"),
        widget=forms.RadioSelect,
        choices=[("person", pgettext_lazy("customer type", "Person")), ("organisation", _("Organisation"))],
    )
    file = forms.FileField(label=_("Document"), required=False)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea, help_text=_("The second person reads it."))
    agreed = forms.BooleanField(label=_("The customer has agreed"), required=False)


PEOPLE = (
    ("李秀英", "C-7K3MQ2XW", "24 小时转入 486,000，转出 98%", Decimal("486000.00"), "high", 92, timedelta(hours=1, minutes=20)),
    (
        "远航贸易有限公司",
        "C-8WQ2K4NP",
        "24 小时 14 个付款人，48 小时转出 91%",
        Decimal("1204300.00"),
        "high",
        88,
        timedelta(hours=2, minutes=5),
    ),
    ("阿不都·热合曼", "C-M3TX9R2H", "412 天无交易后转出 60,000", Decimal("60000.00"), "mid", 64, timedelta(hours=9)),
    (
        "Maximiliana Schwarzenbergerová",
        "C-P4ZV6D8J",
        _("Cash 49,900.00 four times in ten business days"),
        Decimal("199600.00"),
        "mid",
        58,
        timedelta(days=2),
    ),
    ("赵敏", "C-R2HK7T5Y", "3 日 31 笔，平时 11 笔", Decimal("2480.50"), "low", 27, timedelta(days=-1)),
)


def samples() -> dict[str, Any]:
    """The context of the page."""
    now = timezone.now()
    rows = [
        {"name": name, "reference": code, "why": why, "amount": amount, "level": level, "score": score, "due": now + due}
        for name, code, why, amount, level, score, due in PEOPLE
    ]
    days = [(now - timedelta(days=ago)).strftime("%m-%d") for ago in range(13, -1, -1)]
    return {
        "now": now,
        "rows": rows,
        "many": [{"number": n, "amount": Decimal(n * 37) / 7} for n in range(1, 1001)],
        "form": SampleForm(),
        "wrong": SampleForm({"name": "", "level": "none", "amount": "12.345", "kind": ""}, prefix="wrong"),
        "days": days,
        "alerts": [5, 8, 3, 12, 9, 4, 0, 6, 11, 14, 7, 5, 9, 10],
        "stacked": [
            {"name": _("High"), "level": "high", "data": [1, 2, 0, 4, 3, 1, 0, 2, 4, 5, 2, 1, 3, 2]},
            {"name": _("Medium"), "level": "mid", "data": [2, 3, 1, 5, 4, 2, 0, 2, 4, 5, 3, 2, 3, 5]},
            {"name": _("Low"), "level": "low", "data": [2, 3, 2, 3, 2, 1, 0, 2, 3, 4, 2, 2, 3, 3]},
        ],
        "assets": [820_000 + step * step * 2_759 for step in range(14)],
        "urls": ["#charts" for _day in days],
        "levels": [
            ("high", _("High")),
            ("mid", _("Medium")),
            ("low", _("Low")),
            ("hold", _("On hold")),
            ("info", _("Note")),
            ("", _("Plain")),
        ],
        "here": {"list_url": "#", "previous": "", "next": "#tables", "rank": 18, "total": 203},
    }
