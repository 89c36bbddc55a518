"""What this app offers to the ground: tiles of the home page, and what two officers decide: roles, and people."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Level, Reach
from crm.approvals.handlers import Difference, Handler, register_exclusion
from crm.approvals.handlers import register as register_handler
from crm.approvals.models import ChangeRequest
from crm.jobs.choices import OPEN_STATES, JobState
from crm.jobs.models import Job
from crm.lists import formats
from crm.log.models import Event
from crm.notify.choices import MailState
from crm.notify.models import Notice
from crm.staff.choices import ROLE_LABELS
from crm.staff.models import Branch, ServiceClient, User
from crm.staff.services import access, clients
from crm.staff.services.role_changes import CHANGE_ROLE, DECIDE, PROPOSE, set_role, version_of
from crm.staff.services.role_table import permission_label
from crm.staff.tiles import LINES, LONGEST, Figure, Line, Tile, register


def people_tile(actor: Actor) -> dict[str, Any]:
    """Return how many people work, wait for a password, or are switched off, within reach."""
    now = timezone.now()
    usable = Q(is_active=True) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    found = User.objects.visible_to(actor, "staff.view_user").aggregate(
        usable=Count("pk", filter=usable & Q(password_changed_at__isnull=False)),
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


def approval_tile(actor: Actor) -> dict[str, Any] | None:
    """Return what waits for this reader's decision, the oldest first; nothing where nothing waits."""
    rows = ChangeRequest.objects.to_decide(actor).select_related("requested_by").order_by("requested_at")[:LONGEST]
    lines = [
        Line(
            label=row.kind_label,
            url=row.get_absolute_url(),
            detail=f"{row.requested_by.name if row.requested_by else ''} · {row.reason}",
            note=formats.moment(row.requested_at)[:16],
        )
        for row in rows
    ]
    return {"lines": lines} if lines else None


def running_tile(actor: Actor) -> dict[str, Any]:
    """Return what did not work in the last 24 hours: jobs, and mails that no server took."""
    since = timezone.now() - timedelta(hours=24)
    jobs = Job.objects.visible_to(actor)
    failed = jobs.filter(state=JobState.FAILED, created_at__gte=since).count()
    place = reverse("jobs:jobs")
    figures = [
        Figure(label=_("Jobs under way"), value=jobs.filter(state__in=OPEN_STATES).count(), url=place),
        Figure(label=_("Jobs that failed, 24 hours"), value=failed, url=place, level="high" if failed else ""),
    ]
    if actor.reach("notify.view_mail"):
        stuck = Notice.objects.filter(mail_state=MailState.FAILED).count()
        figures.append(Figure(label=_("Mails not delivered"), value=stuck, url=reverse("notify:mails"), level="high" if stuck else ""))
    return {"figures": figures}


def offer_tiles() -> None:
    """Register the tiles of this app (in ``AppConfig.ready``)."""
    register(
        Tile("staff.approvals", _("Waiting for your decision"), "", approval_tile, 5, LINES, 12, "approvals:request_list", _("All")),
        Tile("staff.running", _("Jobs and mails"), "jobs.watch_job", running_tile, order=70),
        Tile("staff.people", _("People"), "staff.view_user", people_tile, order=80, span=6),
        Tile("staff.sign_ins", _("Sign-ins of the last 24 hours"), "staff.change_user", sign_in_tile, order=81, span=6),
        Tile("staff.network", _("Bank and partners"), "staff.view_branch", network_tile, order=82, span=6),
    )


def describe(request: ChangeRequest) -> list[Difference]:
    """Return every permission that changes, and the highest level; none when it is so already."""
    asked = request.payload
    lines = [
        Difference(permission, permission_label(permission), str(Reach(before).label), str(Reach(after).label))
        for permission, (before, after) in sorted(asked["changes"].items())
    ]
    floor, ceiling = asked["ceiling"]
    if floor != ceiling:
        lines.insert(0, Difference("ceiling", _("Highest level"), str(Level(floor).label), str(Level(ceiling).label)))
    return lines


def apply(actor: Actor, request: ChangeRequest) -> None:
    """Change the role; called inside the deciding transaction."""
    set_role(actor=actor, request=request)


def target_url(request: ChangeRequest) -> str:
    """Return the page of the role."""
    return reverse("staff:role", args=[request.target_ref])


def _person_of(request: ChangeRequest) -> User:
    return User.objects.get_queryset().select_related("branch").get(pk=request.target_id or 0)


def describe_person(request: ChangeRequest) -> list[Difference]:
    """Return who it is about, each role given or taken, and the token; no change when the roles are held already."""
    person, asked = _person_of(request), request.payload
    lines = [Difference("person", _("Person"), str(person), "", context=True)]
    if person.branch is not None:
        lines.append(Difference("branch", _("Branch"), str(person.branch), "", context=True))
    if request.kind == access.ROLES:
        lines += _role_lines(set(asked["before"]), set(asked["roles"]))
    else:
        lines += [Difference(f"role:{code}", _("Role"), str(ROLE_LABELS.get(code, code)), "", context=True) for code in person.role_codes()]
    if request.kind == access.SWITCH_ON and not asked["active"]:
        lines.append(Difference("active", _("Access"), gettext("Switched off"), gettext("Active")))
    if asked.get("first_half"):
        password = gettext("A password of the person's own") if person.is_enrolled else gettext("No password yet")
        lines.append(
            Difference("token", _("One-time token"), password, gettext("A token that sets a new password; you are shown its second half"))
        )
    return lines if any(not line.context for line in lines) else []


def _role_lines(before: set[str], after: set[str]) -> list[Difference]:
    given, not_given = gettext("Given"), gettext("Not given")
    return [
        Difference(
            f"role:{code}",
            ROLE_LABELS.get(code, code),
            given if code in before else not_given,
            given if code in after else not_given,
            context=code in before and code in after,
        )
        for code in sorted(before | after)
    ]


def person_excluded(request: ChangeRequest) -> set[str]:
    """Return the number of the person it is about."""
    return {_person_of(request).number}


def person_url(request: ChangeRequest) -> str:
    """Return the page of the person."""
    return reverse("staff:user", args=[request.target_ref])


def _about_people(kind: str, label: Any, act: Any, version: Any = access.version_of) -> Handler:
    return Handler(
        kind=kind,
        label=label,
        propose_permission=access.PROPOSE,
        decide_permission=access.DECIDE,
        describe=describe_person,
        base_version=version,
        apply=lambda actor, request: act(actor=actor, request=request),
        excluded=person_excluded,
        target_url=person_url,
    )


TERM_LABELS = {
    "endpoints": _("Doors"),
    "sources": _("Sources"),
    "branches": _("Branches"),
    "networks": _("Networks"),
    "rate": _("Requests per minute"),
    "valid_until": _("Valid until"),
    "active": _("Active"),
}


def describe_client(request: ChangeRequest) -> list[Difference]:
    """Return which partner it is about and each term that changes, or the secret."""
    asked = request.payload
    partner = Difference("partner", _("Partner system"), str(ServiceClient.objects.get(pk=request.target_id or 0)), "", context=True)
    if "first_half" in asked:
        after = gettext("A secret for the token endpoint; you are shown its second half")
        return [partner, Difference("secret", _("Secret"), "", after)]
    before, after_terms = asked["before"], asked["terms"]
    changed = [name for name in TERM_LABELS if before[name] != after_terms[name]]
    return (
        [partner, *(Difference(name, TERM_LABELS[name], _told(before[name]), _told(after_terms[name])) for name in changed)]
        if changed
        else []
    )


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _about_clients(kind: str, label: Any, act: Any) -> Handler:
    return Handler(
        kind=kind,
        label=label,
        propose_permission=clients.PROPOSE,
        decide_permission=clients.DECIDE,
        describe=describe_client,
        base_version=clients.version_of,
        apply=lambda actor, request: act(actor=actor, request=request),
        target_url=lambda request: reverse("staff:client", args=[ServiceClient.objects.get(pk=request.target_id or 0).code]),
    )


def offer_changes() -> None:
    """Register what can be proposed about this app, and who is nobody's second person (in ``AppConfig.ready``)."""
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
        ),
        _about_people(access.ROLES, _("Roles of a person"), access.give_roles),
        _about_people(access.TOKEN, _("One-time token for a person"), access.give_token, access.token_version_of),
        _about_people(access.SWITCH_ON, _("Switching a person on"), access.switch_on),
        _about_clients(clients.TERMS, _("Terms of a partner system"), clients.set_terms),
        _about_clients(clients.SECRET, _("Secret for a partner system"), clients.give_secret),
    )
    register_exclusion(access.made_lately_by_proposer)
