"""Values on a page: money, times, shares, masked numbers, badges, bars. Part of the builtin library `ui`."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.template import Library
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.access.actor import called
from crm.lists import cells, formats
from crm.lists.cells import NOTHING
from crm.ui.icons import PATHS

register = Library()


def unit_of(context: Mapping[str, Any] | RequestContext) -> str:
    """The reader's unit of money: "yuan" or "wan"."""
    request = context.get("request")
    unit = getattr(request, "session", {}).get("unit", formats.YUAN)
    return unit if unit in formats.UNITS else formats.YUAN


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A line drawing, hidden from screen readers: the words beside it say what it means."""
    return format_html(
        '<svg width="{0}" height="{0}" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="{1}"/></svg>',
        size,
        PATHS[name],
    )


@register.simple_tag(takes_context=True)
def money(context: RequestContext, value: Any, currency: str = "CNY", unit: str = "", signed: bool = False) -> SafeString:
    """`{% money amount "CNY" %}`: in the reader's unit; other currencies carry their code; `signed=True` colours and signs."""
    return cells.money(value, currency, unit or unit_of(context), signed)


@register.simple_tag(takes_context=True)
def money_unit(context: RequestContext) -> str:
    """The reader's unit as a word: 元 or 万元."""
    return _("CNY 10,000") if unit_of(context) == formats.WAN else _("CNY")


@register.simple_tag(takes_context=True)
def money_unit_in_brackets(context: RequestContext) -> str:
    """The same word behind the heading of a column; Chinese brackets are wide and need no space."""
    return _(" (%(unit)s)") % {"unit": money_unit(context)}


@register.simple_tag
def count_cell(value: int | None) -> SafeString:
    """A count in a table that is mostly empty: nothing is written pale, so that the eye finds what there is."""
    if not value:
        return SafeString('<td class="num quiet">0</td>')
    return format_html('<td class="num">{}</td>', formats.number(value))


@register.simple_tag(name="datetime")
def datetime_tag(value: datetime | date | None, short: bool = False) -> SafeString:
    """`{% datetime at %}`: 2026-11-21 14:30:05 on the bank's clock; a date as 2026-11-21; `short=True` leaves out year and seconds."""
    return cells.moment(value, short)


@register.filter(name="moment")
def moment_filter(value: datetime | None) -> str:
    """`{{ at|moment }}`: the text of `{% datetime %}` without markup, for titles and sentences."""
    return formats.moment(value)


@register.filter(name="day")
def day_filter(value: date | datetime | None) -> str:
    """`{{ at|day }}`: 2026-11-21 on the bank's clock."""
    return formats.day(value)


@register.filter(name="who")
def who_filter(number: str) -> str:
    """`{{ freeze.placed_by_number|who }}`: the employee number, or the name of the service that acted."""
    return called(number)


@register.filter(name="number")
def number_filter(value: Decimal | float | None) -> str:
    """`{{ n|number }}`: 12,345."""
    return "" if value is None or value == "" else formats.number(value)


@register.filter(name="percent")
def percent_filter(value: Decimal | float | None, decimals: int = 1) -> str:
    """`{{ share|percent }}`: 98.0% of a share between 0 and 1."""
    return "" if value is None or value == "" else formats.percent(value, decimals)


@register.simple_tag
def due(value: datetime | None) -> SafeString:
    """`{% due alert.due_at %}`: what is left of a time limit, red under four hours and when overdue."""
    return cells.due(value)


@register.simple_tag
def badge(text: Any, level: str = "", url: str = "", title: str = "") -> SafeString:
    """`{% badge alert.get_state_display "high" url %}`: level is high, mid, low, hold, info or empty; never colour alone."""
    return cells.badge(text, level, url, title)


@register.simple_tag(takes_context=True)
def masked(context: RequestContext, value: Any, url: str = "", label: str = "") -> SafeString:
    """`{% masked customer.id_number reveal_url %}`: the mask, and one act beside it that opens the value (a POST, logged by its view).

    The view answers htmx with `ui/_revealed.html` (context: text) and a plain POST with the page `ui/revealed.html`; both by
    `crm.ui.reveal.show(request, text, back)`.
    """
    if value is None or str(value) == "":
        return NOTHING
    return render_to_string(
        "ui/_masked.html",
        {
            "value": str(value),
            "url": url,
            "label": label or _("Show"),
            "csrf_token": context.get("csrf_token", ""),
        },
    )


@register.simple_tag
def progress(done: float, total: float, label: str = "", level: str = "") -> SafeString:
    """`{% progress job.progress job.total %}`: a bar with its figures beside it; a total of 0 means not known yet."""
    if not total:
        return format_html(
            '<div class="progress"><progress aria-label="{0}"></progress><span>{0}</span></div>',
            label or _("Waiting"),
        )
    share = formats.percent(Decimal(str(done)) / Decimal(str(total)), 0)
    return format_html(
        '<div class="progress"><progress value="{}" max="{}" aria-label="{}"{}></progress><span>{}</span></div>',
        done,
        total,
        label or share,
        format_html(' data-level="{}"', level) if level else "",
        label or f"{formats.number(done)} / {formats.number(total)} ({share})",
    )


@register.simple_tag
def meter(value: float, top: float = 1, level: str = "", label: str = "") -> SafeString:
    """`{% meter 0.92 1 "high" %}`: a small bar for a cell; the figure itself must stand beside it."""
    return format_html(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}"{}>'
        '<rect class="whole" width="100" height="6"/><rect class="part" width="{}" height="6"/></svg>',
        label or formats.number(value),
        cells.attribute("data-level", level),
        f"{min(max(float(value) / (float(top) or 1), 0), 1) * 100:.1f}",
    )
