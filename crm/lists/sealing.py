"""Typed numbers in the address of a list: an ID, mobile or account number travels sealed, and opens for who typed it only.

Everything else stays as it is, so that an address with harmless conditions can be read, kept and sent to a colleague.
"""

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from crm.access.actor import Actor
from crm.access.services import actor_of
from crm.lists import tokens
from crm.lists.definitions import ListDefinition
from crm.lists.errors import BadParameters
from crm.lists.terms import Query

MARK = "~"
PURPOSE = "text"


def close(text: str, actor: Actor) -> str:
    """The text as it may stand in an address or in a table; sealed already or harmless, it comes back unchanged."""
    if text.startswith(MARK) or not Query.of(text).is_private:
        return text
    return MARK + tokens.seal(PURPOSE, {"t": text, "u": actor.number})


def closed(definition: ListDefinition, actor: Actor, data: QueryDict) -> QueryDict:
    """The parameters of a list with every private text sealed."""
    if not any(Query.of(value).is_private for _name, values in data.lists() for value in values):
        return data
    fields = definition.form_class(actor).base_fields
    found = QueryDict("", mutable=True)
    for name, values in data.lists():
        text = type(fields.get(name)) is forms.CharField and name != "at"
        found.setlist(name, [close(value, actor) for value in values] if text else values)
    return found


def opened(data: QueryDict, actor: Actor) -> QueryDict:
    """The parameters with every sealed text in clear again, for this reader; `BadParameters` when one is not hers."""
    if not any(value.startswith(MARK) for _name, values in data.lists() for value in values):
        return data
    found = QueryDict("", mutable=True)
    for name, values in data.lists():
        found.setlist(name, [_open(value, actor) for value in values])
    return found


def sealed_address(request: HttpRequest, definition: ListDefinition) -> str:
    """Where the same list lies when its address holds a private text in clear; empty when it does not."""
    fit = closed(definition, actor_of(request), request.GET)
    return f"{request.path}?{fit.urlencode()}" if list(fit.lists()) != list(request.GET.lists()) else ""


def spoken(request: HttpRequest) -> dict[str, str]:
    """What the reader asked for in clear, for a line in the log that masks it; as it came when it does not open."""
    try:
        found = opened(request.GET, actor_of(request))
    except BadParameters:
        found = request.GET
    return {name: found.get(name, "") for name in found}


def _open(value: str, actor: Actor) -> str:
    if not value.startswith(MARK):
        return value
    try:
        found = tokens.unseal(PURPOSE, value.removeprefix(MARK))
    except tokens.BadToken:
        found = {"t": "", "u": None}
    if found["u"] != actor.number:
        raise BadParameters([_("This search was made by somebody else, or its address was cut off. Type it again.")])
    return str(found["t"])
