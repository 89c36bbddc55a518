"""What the form of an export offers: `{% export_purposes as purposes %}`."""

from django import template

from crm.exports.choices import Purpose

register = template.Library()


@register.simple_tag
def export_purposes() -> list[tuple[str, str]]:
    """The purposes to choose from."""
    return [(value, str(label)) for value, label in Purpose.choices]
