"""How one value looks in a cell or in a sentence: escaped markup, the same on lists and on pages (`crm.ui` builds its tags on these)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lists import formats

NOTHING = format_html('<span class="quiet">{}</span>', "—")


def attribute(name: str, value: str) -> SafeString:
    """` name="value"`, or nothing when there is no value."""
    return format_html(' {}="{}"', name, value) if value else SafeString("")


def money(value: Any, currency: str = "CNY", unit: str = formats.YUAN, signed: bool = False) -> SafeString:
    """An amount; other currencies carry their code; `signed` colours and signs; in 万元 the full amount is the title."""
    if value is None or value == "":
        return NOTHING
    unit = unit if currency == "CNY" else formats.YUAN
    text = formats.amount(value, currency, unit)
    if signed and Decimal(str(value)) > 0:
        text = f"+{text}"
    level = {"+": "plus", "-": "minus"}.get(text[:1], "") if signed else ""
    full = formats.amount(value, currency) if unit == formats.WAN else ""
    shown = text if currency == "CNY" else f"{currency} {text}"
    return format_html('<data value="{}"{}{}>{}</data>', value, attribute("class", level), attribute("title", full), shown)


def moment(value: Any, short: bool = False) -> SafeString:
    """A moment on the bank's clock, or a date; `short` leaves out year and seconds."""
    if value is None or value == "":
        return NOTHING
    if not isinstance(value, datetime):
        return format_html('<time datetime="{0}">{0}</time>', formats.day(value) if isinstance(value, date) else value)
    full = formats.moment(value)
    shown = full[5:16] if short else full
    return format_html('<time datetime="{}" title="{}">{}</time>', formats.bank_time(value).isoformat(), full, shown)


def remaining(at: datetime, moment_now: datetime) -> tuple[str, str]:
    """The words and the level of a time limit."""
    left = at - moment_now
    if left < -timedelta(days=2):
        return _("%(days)d d overdue") % {"days": -left // timedelta(days=1)}, "high"
    if left < timedelta(0):
        return _("%(hours)d h overdue") % {"hours": -left // timedelta(hours=1)}, "high"
    if left < timedelta(days=1):
        hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
        text = _("%(hours)d h %(minutes)02d min left") % {"hours": hours, "minutes": minutes}
        return text, "high" if left < timedelta(hours=4) else "mid"
    same_year = formats.bank_time(at).year == formats.bank_time(moment_now).year
    return formats.moment(at)[5 if same_year else 0 : 16], ""


def due(value: datetime | None) -> SafeString:
    """What is left of a time limit, red under four hours and when overdue."""
    if value is None:
        return NOTHING
    text, level = remaining(value, now())
    marks = attribute("class", f"level-{level}" if level else "")
    return format_html('<time datetime="{}" title="{}"{}>{}</time>', value.isoformat(), formats.moment(value), marks, text)


def badge(text: Any, level: str = "", url: str = "", title: str = "") -> SafeString:
    """A word with a ground: level is high, mid, low, hold, info or empty; never colour alone."""
    tag = "a" if url else "span"
    marks = attribute("data-level", level) + attribute("href", url) + attribute("title", title)
    return format_html('<{} class="badge"{}>{}</{}>', tag, marks, text, tag)
