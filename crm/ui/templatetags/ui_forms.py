"""Forms on a page: labels, required marks, help, errors, never Django's own markup. Part of the builtin library `ui`."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms import BaseForm, BoundField
from django.template import Library
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.lists.filters import Flag

register = Library()


def kind_of(bound: BoundField) -> str:
    """How a field is laid out: check, checks, file, text or line."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "checks"
    if isinstance(widget, forms.Textarea):
        return "text"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "money" if isinstance(bound.field, forms.DecimalField) else "line"


@register.simple_tag
def field(bound: BoundField, wide: bool = False, label: str = "") -> SafeString:
    """One field with its label, required mark, help and errors."""
    return render_to_string(
        "ui/field.html",
        {
            "field": bound,
            "kind": kind_of(bound),
            "wide": wide or isinstance(bound.field.widget, forms.Textarea),
            "label": capfirst(label or bound.label),
            "errors": bound.errors,
        },
    )


@register.simple_tag
def filter_groups(filters: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """A list's filters as its panel lays them out: yes-or-no ones, lines of one height (still filters), and rows of check boxes."""
    groups: dict[str, list[Any]] = {"flags": [], "lines": [], "boxes": []}
    for one in filters:
        if isinstance(one["filter"], Flag):
            groups["flags"] += one["fields"]
        elif kind_of(one["fields"][0]) == "checks":
            groups["boxes"] += one["fields"]
        else:
            groups["lines"].append(one)
    return groups


@register.simple_tag
def form_errors(form: BaseForm) -> SafeString:
    """How many fields need another look, and the errors of the form as a whole; nothing when it is clean."""
    if not form.is_bound or not form.errors:
        return SafeString("")
    fields = [bound for bound in form if bound.errors]
    return render_to_string(
        "ui/form_errors.html",
        {
            "whole": form.non_field_errors(),
            "fields": fields,
            "hidden": [b for b in fields if b.is_hidden],
        },
    )


@register.simple_block_tag(takes_context=True)
def form_block(
    context: RequestContext,
    content: str,
    form: BaseForm | None = None,
    action: str = "",
    method: str = "post",
    columns: int = 1,
    key: str = "",
) -> SafeString:
    """A form with a layout of its own: `{% form_block form %}{% field form.a %} … {% button … %}{% endform_block %}`."""
    return _form(context, form, content, action=action, method=method, columns=columns, id=key)


@register.simple_tag(name="form", takes_context=True)
def form_tag(
    context: RequestContext,
    form: BaseForm,
    submit: str = "",
    cancel: str = "",
    action: str = "",
    columns: int = 1,
    kind: str = "main",
    confirm: str = "",
    key: str = "",
) -> SafeString:
    """A whole form: errors first, every visible field, then its acts."""
    content = render_to_string(
        "ui/form_body.html",
        {
            "form": form,
            "submit": submit or _("Save"),
            "cancel": cancel,
            "kind": kind,
            "confirm": confirm,
        },
    )
    return _form(context, form, content, action=action, method="post", columns=columns, id=key)


def _form(context: RequestContext, form: BaseForm | None, content: str, **options: Any) -> SafeString:
    files = form is not None and form.is_multipart()
    token = context.get("csrf_token", "") if options["method"] == "post" else ""
    return render_to_string(
        "ui/form.html",
        {"form": form, "content": content, "files": files, "token": token, **options},
    )


@register.simple_tag
def hidden_fields(form: BaseForm) -> SafeString:
    """The hidden inputs of a form laid out by hand outside `{% form_block %}`."""
    out = SafeString("")
    for bound in form.hidden_fields():
        out += format_html("{}", bound)
    return out
