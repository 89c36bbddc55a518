"""What can be wrong with a definition, in words."""

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError

REASONS = {
    "number": _("“%(what)s” is not an exact number."),
    "text": _("“%(what)s” is not a short text."),
    "too_deep": _("The expression is nested deeper than %(what)s levels."),
    "too_large": _("The expression has more than %(what)s parts."),
    "type": _("The types do not fit: %(what)s."),
    "expression": _("“%(what)s” is not an expression."),
    "operator": _("There is no operator “%(what)s” here."),
    "operands": _("Wrong number of operands: %(what)s."),
    "unknown_field": _("An event has no field “%(what)s” here."),
    "unknown_fact": _("There is no fact “%(what)s”."),
    "unknown_parameter": _("There is no parameter “%(what)s”."),
    "unknown_key": _("“%(what)s” is not part of a definition."),
    "missing_key": _("The definition lacks “%(what)s”."),
    "fact": _("The fact is not well declared: %(what)s."),
    "band": _("The band is not well declared: %(what)s."),
    "language": _("Language version %(what)s is not known."),
}


class DefinitionError(DomainError):
    """A rule or fact is not well formed; nothing of it may be stored or run."""

    def __init__(self, code: str, what: object = "") -> None:
        super().__init__(REASONS[code] % {"what": str(what)[:120]})
        self.code = f"definition.{code}"
