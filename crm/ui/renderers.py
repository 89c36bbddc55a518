"""How form widgets become markup: Django's templates, but a select in Python, which may hold every branch and officer of a bank.

Django renders each option with two templates of its own: six hundred of them cost more than the rest of a page.
"""

from collections.abc import Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


class Renderer(TemplatesSetting):
    """Named by FORM_RENDERER."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        """Return the markup of a widget, field or form."""
        if template_name == "django/forms/widgets/select.html":
            return select(context["widget"])
        return mark_safe(super().render(template_name, context, request))  # noqa: S308  # what Django's own templates wrote


def select(widget: Mapping[str, Any]) -> SafeString:
    """Return a select with its options and groups, as Django's template writes it."""
    parts = [f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for group, options, _index in widget["optgroups"]:
        if group:
            parts.append(f'<optgroup label="{escape(group)}">')
        parts += [f'<option value="{escape(one["value"])}"{_attributes(one["attrs"])}>{escape(one["label"])}</option>' for one in options]
        if group:
            parts.append("</optgroup>")
    parts.append("</select>")
    return mark_safe("\n".join(parts))  # noqa: S308  # each value above is escaped by itself


def _attributes(attributes: Mapping[str, Any]) -> str:
    """`name="value"` of each; True stands by its name alone, False is left out."""
    shown = ((name, value) for name, value in attributes.items() if value is not False)
    return "".join(f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"' for name, value in shown)
