"""Saved views: kept and forgotten by their owner."""

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError, NotVisible
from crm.lists.definitions import ListDefinition
from crm.lists.models import SavedView
from crm.lists.requests import Asked
from crm.log import services as log

MOST = 20


class NameMissing(DomainError):
    """A view needs a name of 1 to 40 characters."""

    code = "name_missing"
    message = _("Give the view a name of at most 40 characters.")
    field = "label"


class TooManyViews(DomainError):
    """One person keeps at most 20 views of a list."""

    code = "too_many_views"
    message = _("You keep 20 views of this list already. Remove one first.")


def views_of(actor: Actor, list_name: str) -> list[SavedView]:
    """The reader's own views of a list, by name; one query."""
    if actor.user_id is None:
        return []
    return list(SavedView.objects.filter(user_id=actor.user_id, list_name=list_name).order_by("label"))


@transaction.atomic
def save_view(*, actor: Actor, definition: ListDefinition, label: str, query: str) -> SavedView:
    """Keep conditions under a name; the same name again replaces the former ones. Bad conditions raise `BadParameters`."""
    definition.require(actor)
    label = " ".join(label.split())
    if not 1 <= len(label) <= 40 or not label.isprintable() or actor.user_id is None:
        raise NameMissing
    asked = Asked(definition, actor, QueryDict(query), "")
    kept = asked.address().lstrip("?")
    own = SavedView.objects.filter(user_id=actor.user_id, list_name=definition.name)
    fresh = {"user_id": actor.user_id, "list_name": definition.name, "query": kept}
    if own.exclude(label=label).count() >= MOST:
        raise TooManyViews
    view, _created = own.update_or_create(label=label, defaults={"query": kept}, create_defaults=fresh)
    log.record(actor=actor, action="view.saved", target=view, data={"list": definition.name})
    return view


@transaction.atomic
def delete_view(*, actor: Actor, definition: ListDefinition, reference: str) -> None:
    """Forget one of the reader's own views."""
    own = SavedView.objects.filter(user__pk=actor.user_id or 0, list_name=definition.name)
    view = own.filter(reference=reference[:20]).first()
    if view is None:
        raise NotVisible("lists.view_savedview", detail=reference[:20])
    log.record(actor=actor, action="view.removed", target=view, data={"list": definition.name})
    view.delete()
