"""How form widgets become markup: Django's templates, but a select in Python, which may hold every branch and officer of a bank.

Django renders each option with two templates of its own: six hundred of them cost more than the rest of a page.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, cast

from django.forms.renderers import TemplatesSetting
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
    groups = "\n".join(_group(name, options, nothing) for name, options, _index in widget["optgroups"])
    return SafeString(f'<select name="{_escaped(widget["name"])}"{_attributes(widget["attrs"])}>{groups}</select>')


def _group(name: str | None, options: Iterable[Mapping[str, Any]], nothing: str) -> str:
    shown = "\n".join(_option(one, nothing) for one in options)
    return f'<optgroup label="{_escaped(name)}">{shown}</optgroup>' if name else shown


def _option(one: Mapping[str, Any], nothing: str) -> str:
    label = one["label"] if one["value"] or one["label"] not in DASHES else nothing
    return f'<option value="{_escaped(one["value"])}"{_attributes(one["attrs"])}>{_escaped(label)}</option>'


def _attributes(attributes: Mapping[str, Any]) -> str:
    """`name="value"` of each; True stands by its name alone, False is left out."""
    alone = [f" {_escaped(name)}" for name, value in attributes.items() if value is True]
    named = [f' {_escaped(name)}="{_escaped(value)}"' for name, value in attributes.items() if not isinstance(value, bool)]
    return "".join(alone + named)


def _escaped(value: Any) -> str:
    """As Django's `conditional_escape`, without its way round for texts that are not lazy: a list of actions asks it a thousand times."""
    return value.__html__() if hasattr(value, "__html__") else escape(str(value))
