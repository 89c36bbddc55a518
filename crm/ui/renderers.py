"""How form widgets become markup: Django's templates, but a select in Python, which may hold every branch and officer of a bank.

Django renders each option with two templates of its own: six hundred of them cost more than the rest of a page.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.forms.renderers import TemplatesSetting
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

DASHES = ("---------", "—")
"""What Django and forms write where nothing is chosen; a reader, and even more a listener, is told in words."""


class Renderer(TemplatesSetting):
    """Named by FORM_RENDERER."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        """Return the markup of a widget, field or form."""
        if template_name == "django/forms/widgets/select.html":
            return select(context["widget"])
        return cast(SafeString, super().render(template_name, context, request))


def select(widget: Mapping[str, Any]) -> SafeString:
    """Return a select with its options and groups, as Django's template writes it; nothing chosen is said in words."""
    nothing = _("Please choose") if widget.get("required") else _("Not chosen")
    groups = format_html_join("\n", "{}", ((_group(name, options, nothing),) for name, options, _index in widget["optgroups"]))
    return format_html('<select name="{}"{}>{}</select>', widget["name"], _attributes(widget["attrs"]), groups)


def _group(name: str | None, options: Iterable[Mapping[str, Any]], nothing: str) -> SafeString:
    told = (
        (one["value"], _attributes(one["attrs"]), one["label"] if one["value"] or one["label"] not in DASHES else nothing)
        for one in options
    )
    shown = format_html_join("\n", '<option value="{}"{}>{}</option>', told)
    return format_html('<optgroup label="{}">{}</optgroup>', name, shown) if name else shown


def _attributes(attributes: Mapping[str, Any]) -> SafeString:
    """`name="value"` of each; True stands by its name alone, False is left out."""
    alone = format_html_join("", " {}", ((name,) for name, value in attributes.items() if value is True))
    return alone + format_html_join("", ' {}="{}"', ((name, value) for name, value in attributes.items() if not isinstance(value, bool)))
