"""The list of people."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, Flag, Related
from crm.staff.choices import ROLE_LABELS, STAFF_ROLES
from crm.staff.models import Branch, User


def state_of(person: User) -> str:
    """Return in one word whether the person can work."""
    if not person.is_active:
        return gettext("Switched off")
    if not person.is_usable:
        return gettext("Expired")
    if not person.is_enrolled:
        return gettext("No password yet")
    return gettext("Active") if person.on_duty else gettext("Off duty")


def level_of(person: User) -> str:
    """Return the colour of that word."""
    if not person.is_usable:
        return "high"
    return "low" if person.is_enrolled else "mid"


def roles_of(person: User) -> str:
    """Return the names of the roles, read from the rows fetched with the person."""
    return " · ".join(role.label for role in person.roles.all())


def _switched_off(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(is_active=False)


class PersonList(ListDefinition):
    """People in reach, by employee number."""

    name = "staff.user"
    title = _("Staff")
    permission = "staff.view_user"
    columns = (
        Column("number", _("Employee number"), kind="mono", sort="number"),
        Column("name", pgettext_lazy("person", "Name"), sort="name_pinyin", head=True),
        Column("title", _("Title")),
        Column("branch", _("Branch"), value="branch.name", sort="branch__path"),
        Column("roles", _("Roles"), value=roles_of),
        Column("state", _("Status"), kind="badge", value=state_of, level=level_of),
        Column("last_login", _("Last sign-in"), kind="moment"),
        Column("created_at", _("Created"), kind="moment", shown=False),
    )
    filters = (
        Choice("role", _("Role"), [(code, ROLE_LABELS[code]) for code in STAFF_ROLES], field="roles__code"),
        Related("branch", _("Branch"), Branch.objects.visible_to, field="branch", to_field="code"),
        Flag("off", _("Switched off"), _switched_off),
    )
    search = ("number", "name", "name_pinyin", "title")
    default_sort = ("number",)
    empty_title = _("Nobody found")
    empty_text = _("Try a part of the name, or the employee number.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the people in reach, with branch and roles."""
        return User.objects.visible_to(actor, self.permission).select_related("branch").prefetch_related("roles")

    def row_url(self, row: Any) -> str:
        """Return the address of the person's page."""
        return reverse("staff:user", args=[row.reference])
