"""What this app offers to the ground: tiles of the home page, and the change of a role as a thing to decide."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.approvals.handlers import Difference, Handler
from crm.approvals.handlers import register as register_handler
from crm.approvals.models import ChangeRequest
from crm.log.models import Event
from crm.staff.models import Branch, ServiceClient, User
from crm.staff.services.role_changes import CHANGE_ROLE, DECIDE, PROPOSE, set_role_permission, version_of
from crm.staff.services.role_table import permission_label
from crm.staff.tiles import Figure, Tile, register


def people_tile(actor: Actor) -> dict[str, Any]:
    """Return how many people work, wait for a password, or are switched off, within reach."""
    now = timezone.now()
    usable = Q(is_active=True) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    found = User.objects.visible_to(actor, "staff.view_user").aggregate(
        usable=Count("pk", filter=usable),
        waiting=Count("pk", filter=usable & Q(password_changed_at__isnull=True)),
        off=Count("pk", filter=Q(is_active=False)),
    )
    place = reverse("staff:user_list")
    figures = [
        Figure(label=_("Can sign in"), value=found["usable"], url=place),
        Figure(label=_("Without a password yet"), value=found["waiting"], url=place, level="mid" if found["waiting"] else ""),
        Figure(label=_("Switched off"), value=found["off"], url=f"{place}?off=on"),
    ]
    return {"figures": figures}


def sign_in_tile(actor: Actor) -> dict[str, Any] | None:
    """Return how many sign-ins failed or were locked within 24 hours; for those who see everybody."""
    if actor.reach("staff.change_user") != Reach.ALL:
        return None
    since = timezone.now() - timedelta(hours=24)
    found = Event.objects.filter(at__gte=since, action__startswith="staff.sign").aggregate(
        done=Count("pk", filter=Q(action="staff.signed_in")),
        failed=Count("pk", filter=Q(action="staff.sign_in_failed")),
        locked=Count("pk", filter=Q(action="staff.sign_in_locked")),
    )
    figures = [
        Figure(label=_("Signed in"), value=found["done"]),
        Figure(label=_("Failed"), value=found["failed"], level="mid" if found["failed"] else ""),
        Figure(label=_("Tried while locked"), value=found["locked"], level="high" if found["locked"] else ""),
    ]
    return {"figures": figures}


def network_tile(actor: Actor) -> dict[str, Any]:
    """Return how many branches and partner systems there are, within reach."""
    figures = [
        Figure(
            label=_("Branches"),
            value=Branch.objects.visible_to(actor).filter(is_active=True).count(),
            url=reverse("staff:branch_list"),
        )
    ]
    if actor.reach("staff.view_serviceclient"):
        partners = ServiceClient.objects.visible_to(actor).filter(is_active=True).count()
        figures.append(Figure(label=_("Partner systems"), value=partners, url=reverse("staff:client_list")))
    return {"figures": figures}


def offer_tiles() -> None:
    """Register the tiles of this app (in ``AppConfig.ready``)."""
    register(
        Tile("staff.people", _("People"), "staff.view_user", people_tile, order=80, span=6),
        Tile("staff.sign_ins", _("Sign-ins of the last 24 hours"), "staff.change_user", sign_in_tile, order=81, span=6),
        Tile("staff.network", _("Bank and partners"), "staff.view_branch", network_tile, order=82, span=6),
    )


def describe(request: ChangeRequest) -> list[Difference]:
    """Return the one line that changes; none when it is so already."""
    asked = request.payload
    if asked["before"] == asked["reach"]:
        return []
    before, after = Reach(asked["before"]).label, Reach(asked["reach"]).label
    return [Difference(asked["permission"], permission_label(asked["permission"]), str(before), str(after))]


def apply(actor: Actor, request: ChangeRequest) -> None:
    """Change the role; called inside the deciding transaction."""
    set_role_permission(actor=actor, request=request)


def target_url(request: ChangeRequest) -> str:
    """Return the page of the role."""
    return reverse("staff:role", args=[request.target_ref])


def offer_changes() -> None:
    """Register what can be proposed about this app (in ``AppConfig.ready``)."""
    register_handler(
        Handler(
            kind=CHANGE_ROLE,
            label=_("Change of a role"),
            propose_permission=PROPOSE,
            decide_permission=DECIDE,
            describe=describe,
            base_version=version_of,
            apply=apply,
            target_url=target_url,
        )
    )
