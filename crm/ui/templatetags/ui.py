"""The components of every page: a builtin library, so no template needs `{% load %}`.

==============================================================  =======================================================
`{% panel _("Basics") link=url link_label=… span=4 pad=True %}`  a box with a title, up to `{% endpanel %}`
`{% strip %}{% figure _("Assets") value url=… %}{% endstrip %}`  key figures in a row
`{% pairs %}{% pair _("Mobile") %}…{% endpair %}{% endpairs %}`   labelled facts; `{% fact _("Branch") value %}` for plain values
`{% badge text level %}` `{% due at %}` `{% money … %}` …         see `ui_values`
`{% button _("Claim") kind="main" key="n" name= value= %}`        a submit button inside a form
`{% link_button _("New") url kind="main" key="n" %}`             a link that looks like a button
`{% post_button _("Claim") url kind= name= value= confirm= %}`    a button that is its own POST form
`{% tabs %}{% tab _("Overview") url current %}{% endtabs %}`      `current` is true for the open one; `count=` adds a figure
`{% table cards=True %}<thead>…{% endtable %}`                    scrolls inside its panel, or becomes cards on a phone
`{% timeline %}{% event at level %}…{% endevent %}{% endtimeline %}`
`{% form form submit=_("Save") cancel=url columns=2 %}`           a whole Django form; `{% form_block %}` for a layout of its own
`{% field form.reason %}` `{% form_errors form %}`                one field with label, help, errors; the form's own errors
`{% banner "high" _("Frozen") %}…{% endbanner %}`                 a sentence that matters; levels high, mid, low, hold, info
`{% empty_state _("No alerts") text url label %}`                 instead of an empty table
`{% chips %}{% chip label url pressed %}{% endchips %}`           quick filters
`{% chart "per-day" kind labels series %}`                        see `ui_charts`
`{% position here %}`                                             previous and next inside a list (`crm.lists.position`)
`{% icon "print" %}`                                              one of `crm.ui.icons.PATHS`
==============================================================  =======================================================

Levels everywhere: high, mid, low, hold, info, or empty. Keys (`key="n"`) press a button from the keyboard outside fields.
"""

from functools import cache
from typing import Any

from django.contrib.messages import get_messages
from django.contrib.staticfiles import finders
from django.template import Library
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now

from crm.lists import formats
from crm.lists.cells import NOTHING
from crm.ui import banners
from crm.ui.bell import bell_of
from crm.ui.menu import menu_for
from crm.ui.templatetags import ui_charts, ui_forms, ui_values
from crm.ui.templatetags.ui_values import icon

register = Library()
for part in (ui_values, ui_forms, ui_charts):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)


def attributes(**pairs: str) -> SafeString:
    """` name="value"` for each pair that has a value; underscores in names become hyphens."""
    out = SafeString("")
    for name, value in pairs.items():
        if value:
            out += format_html(' {}="{}"', name.rstrip("_").replace("_", "-"), value)
    return out


@register.simple_block_tag
def panel(content: str, title: str = "", **options: Any) -> SafeString:
    """A box. Options: link, link_label, count, level, badge, badge_level, span (of 12 columns), pad, id, extra (markup in the header)."""
    return render_to_string("ui/panel.html", {"content": content, "title": title, **options})


@register.simple_block_tag
def strip(content: str) -> SafeString:
    """Key figures side by side."""
    return format_html('<section class="panel strip">{}</section>', content)


@register.simple_tag
def figure(label: str, value: Any, note: str = "", url: str = "", level: str = "") -> SafeString:
    """One key figure: a link when `url` says where its number comes from."""
    tag = "a" if url else "div"
    return format_html(
        '<{} class="figure"{}><small>{}</small><strong>{}</strong>{}</{}>',
        tag,
        attributes(href=url, data_level=level),
        label,
        NOTHING if value is None or value == "" else value,
        format_html(" <span>{}</span>", note) if note else "",
        tag,
    )


@register.simple_block_tag
def pairs(content: str, wide: bool = False) -> SafeString:
    """Labelled facts under each other; `wide=True` sets two pairs on a line where there is room."""
    return format_html(
        '<dl class="pairs"{}>{}</dl>',
        SafeString(" data-wide") if wide else "",
        content,
    )


@register.simple_block_tag
def pair(content: str, label: str) -> SafeString:
    """One labelled fact with markup of its own."""
    return format_html("<dt>{}</dt><dd>{}</dd>", label, content if content.strip() else NOTHING)


@register.simple_tag
def fact(label: str, value: Any, url: str = "") -> SafeString:
    """One labelled fact with a plain value."""
    if value is None or value == "":
        shown: Any = NOTHING
    else:
        shown = format_html('<a href="{}">{}</a>', url, value) if url else value
    return format_html("<dt>{}</dt><dd>{}</dd>", label, shown)


def _key(key: str) -> SafeString:
    return format_html(" <kbd>{}</kbd>", key.upper()) if key else SafeString("")


@register.simple_tag
def button(
    label: str,
    kind: str = "",
    name: str = "",
    value: str = "",
    key: str = "",
    confirm: str = "",
    disabled: bool = False,
    form: str = "",
) -> SafeString:
    """A submit button: kind is main, danger, quiet or empty."""
    marks = attributes(
        data_kind=kind,
        name=name,
        value=value,
        data_key=key,
        data_confirm=confirm,
        form=form,
    )
    return format_html(
        '<button class="btn" type="submit"{}{}>{}{}</button>',
        marks,
        SafeString(" disabled") if disabled else "",
        label,
        _key(key),
    )


@register.simple_tag
def link_button(label: str, url: str, kind: str = "", key: str = "", title: str = "") -> SafeString:
    """A link that looks like a button."""
    return format_html(
        '<a class="btn" href="{}"{}>{}{}</a>',
        url,
        attributes(data_kind=kind, data_key=key, title=title),
        label,
        _key(key),
    )


@register.simple_tag(takes_context=True)
def post_button(
    context: RequestContext,
    label: str,
    url: str,
    kind: str = "",
    name: str = "",
    value: str = "",
    key: str = "",
    confirm: str = "",
) -> SafeString:
    """A button that is its own POST form; `name`/`value` travel with it."""
    return format_html(
        '<form class="inline-form" method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">{}</form>',
        url,
        context.get("csrf_token", ""),
        button(label, kind, name, value, key, confirm),
    )


@register.simple_block_tag
def tabs(content: str, label: str = "") -> SafeString:
    """The views of one thing."""
    return format_html('<nav class="tabs"{}>{}</nav>', attributes(aria_label=label), content)


@register.simple_tag
def tab(label: str, url: str, current: bool = False, count: int | None = None) -> SafeString:
    """One view; `count` stands beside the label."""
    number = format_html("<small>{}</small>", count) if count is not None else ""
    return format_html(
        '<a class="tab" href="{}"{}>{}{}</a>',
        url,
        attributes(aria_current="page" if current else ""),
        label,
        number,
    )


@register.simple_block_tag
def table(content: str, caption: str = "", cards: bool = False, rows: bool = False) -> SafeString:
    """A table that scrolls inside its panel. Right-align with `class="num"`; `cards=True` needs `data-label` on each cell;
    `rows=True` lets j, k and Enter walk rows that hold a link marked `data-open`."""
    flags = format_html(
        "{}{}",
        SafeString(" data-cards") if cards else "",
        SafeString(" data-rows") if rows else "",
    )
    title = format_html("<caption>{}</caption>", caption) if caption else ""
    return format_html(
        '<div class="scroll"><table class="table"{}>{}{}</table></div>',
        flags,
        title,
        content,
    )


@register.simple_block_tag
def timeline(content: str) -> SafeString:
    """What happened, newest first."""
    return format_html('<ul class="timeline">{}</ul>', content)


@register.simple_block_tag
def event(content: str, at: Any = None, level: str = "", short: bool = True) -> SafeString:
    """One thing that happened; `at` is a moment or a date."""
    stamp = ui_values.datetime_tag(at, short) if at else SafeString("<time></time>")
    return format_html(
        '<li class="event"{}>{}<span>{}</span></li>',
        attributes(data_level=level),
        stamp,
        content,
    )


BANNER_ICONS = {"high": "warning", "mid": "warning", "low": "done", "hold": "lock"}


@register.simple_block_tag
def banner(content: str, level: str = "info", title: str = "") -> SafeString:
    """A sentence that matters, above what it is about."""
    heading = format_html("<strong>{}</strong>", title) if title else ""
    role = attributes(role="alert" if level == "high" else "status")
    return format_html(
        '<div class="banner" data-level="{}"{}>{}<div>{}{}</div></div>',
        level,
        role,
        icon(BANNER_ICONS.get(level, "info")),
        heading,
        content,
    )


@register.simple_tag
def error_banner(text: Any, title: str = "") -> SafeString:
    """What went wrong and what to do; nothing when there is no text."""
    return format_html("{}", banner(text, "high", title)) if text else SafeString("")


@register.simple_tag
def empty_state(title: str, text: str = "", url: str = "", label: str = "", name: str = "empty") -> SafeString:
    """Nothing here, why, and the way on."""
    return format_html(
        '<div class="nothing">{}<strong>{}</strong>{}{}</div>',
        icon(name, 28),
        title,
        format_html("<p>{}</p>", text) if text else "",
        link_button(label, url) if url else "",
    )


@register.simple_block_tag
def chips(content: str) -> SafeString:
    """Quick filters above a table."""
    return format_html('<div class="filters">{}</div>', content)


@register.simple_tag
def chip(label: str, url: str, pressed: bool = False, count: int | None = None) -> SafeString:
    """One quick filter."""
    number = format_html(" <small>{}</small>", count) if count is not None else ""
    return format_html(
        '<a class="chip" href="{}"{}>{}{}</a>',
        url,
        attributes(aria_current="true" if pressed else ""),
        label,
        number,
    )


@register.simple_tag
def position(here: Any) -> SafeString:
    """Previous and next inside the list the reader came from; nothing when she came from elsewhere."""
    return render_to_string("ui/position.html", {"here": here}) if here else SafeString("")


@register.simple_tag(takes_context=True)
def message_list(context: RequestContext) -> SafeString:
    """What the last act said."""
    request = context.get("request")
    shown = [{"text": str(message), "level": LEVELS.get(message.level_tag, "info")} for message in get_messages(request)] if request else []
    return render_to_string("ui/messages.html", {"shown": shown})


@register.simple_tag(takes_context=True)
def standing_banners(context: RequestContext) -> SafeString:
    """What must be said above this page for as long as it is so."""
    request = context.get("request")
    shown = banners.said_on(request) if request is not None else []
    return format_html_join("", "{}", ((banner(escape(one.text), one.level, str(one.title)),) for one in shown))


LEVELS = {
    "error": "high",
    "warning": "mid",
    "success": "low",
    "info": "info",
    "debug": "info",
}


@register.simple_tag(takes_context=True)
def menu_groups(context: RequestContext) -> list[Any]:
    """The reader's own menu (`{% menu_groups as groups %}`)."""
    request = context.get("request")
    return menu_for(request) if request is not None else []


@register.simple_tag(takes_context=True)
def money_unit_code(context: RequestContext) -> str:
    """The reader's unit of money as a code: yuan or wan."""
    return ui_values.unit_of(context)


@register.simple_tag
def now_text() -> str:
    """The present moment on the bank's clock, for the print header."""
    return formats.moment(now())


@register.simple_tag
def echarts_url() -> str:
    """Where ECharts is served from, or an empty string where it is not installed: pages work without it."""
    return static("echarts/echarts.min.js") if echarts_installed() else ""


@cache
def echarts_installed() -> bool:
    """Whether set-up has put ECharts into a static folder."""
    return finders.find("echarts/echarts.min.js") is not None


@register.simple_tag(takes_context=True)
def bell(context: RequestContext) -> SafeString:
    """The bell with the reader's unread notices; nothing before someone has registered it (`crm.ui.bell`)."""
    request = context.get("request")
    state = bell_of(request.user) if request is not None and request.user.is_authenticated else None
    return render_to_string("ui/bell.html", {"state": state}) if state else SafeString("")
