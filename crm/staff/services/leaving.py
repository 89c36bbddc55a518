"""Leaving, and being away for long: access ends at once, and what hangs on the person is told."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm.access.actor import SYSTEM, Actor
from crm.access.granted import wide_tables
from crm.access.services import require
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.models import OneTimeToken, User
from crm.staff.services import sessions
from crm.staff.services.access import PROPOSE, OwnRights
from crm.staff.services.duty import people_on_duty
from crm.staff.services.officers import NEEDED, ROLE

DORMANT = timedelta(days=90)
MANY = 500


@transaction.atomic
def leave(*, actor: Actor, person: User, reason: str) -> User:
    """End everything somebody who leaves can do, at once: access, roles, stand-ins, sessions, tokens, devices. Waits for nobody."""
    require(actor, PROPOSE, person)
    if actor.user_id == person.pk:
        raise OwnRights
    person = User.objects.locked().get(pk=person.pk)
    roles = person.role_codes()
    person.assignments.all().delete()  # their history stays
    data = {"roles": roles, "grants_ended": _end_grants(person), "sessions_ended": _close(person)}
    person.is_active = False
    person.save(update_fields=["is_active"])
    log.record(actor=actor, action="staff.person_left", target=person, reason=reason, data=data)
    return person


def _end_grants(person: User) -> int:
    """End what the person was given for a time, on single rows and on portfolios; what has not begun goes. Returns how many."""
    now, count = timezone.now(), 0
    direct: list[Any] = [model for model in apps.get_models() if getattr(model, "is_direct_grant", False)]
    for table in (*direct, *wide_tables()):
        held = table._base_manager.filter(user_id=person.pk).exclude(valid_until__lte=now)
        count += held.filter(valid_from__gte=now).delete()[0]
        count += held.filter(valid_from__lt=now).update(valid_until=now)
    return count


def _close(person: User) -> int:
    OneTimeToken.objects.filter(user=person, used_at__isnull=True).update(expires_at=timezone.now())
    person.devices.all().delete()
    return sessions.end_all(person)


def suspend_dormant() -> int:
    """Suspend who has not signed in for 90 days, and tell the security officers; return how many (a sweep, once a day).

    Two security officers always remain: nobody else could switch anybody on again.
    """
    last = Greatest(*(Coalesce(name, "created_at") for name in ("last_login", "password_changed_at", "active_since")))
    rows = User.objects.usable().annotate(last=last).filter(last__lt=timezone.now() - DORMANT).order_by("pk")
    rows = rows.exclude(assignments__role__code="customer")  # who looks at the own account once a year is no stranger
    return sum(_suspend(key) for key in list(rows.values_list("pk", flat=True)[:MANY]))


@transaction.atomic
def _suspend(key: int) -> bool:
    # Officers in the order of their keys, so that two of them are never suspended at the same time.
    officers = set(User.objects.usable().filter(assignments__role__code=ROLE).order_by("pk").locked().values_list("pk", flat=True))
    person = User.objects.locked().get(pk=key)
    if not person.is_active or (key in officers and len(officers) <= NEEDED):
        return False
    person.is_active = False
    person.save(update_fields=["is_active"])
    log.record(actor=SYSTEM, action="staff.person_suspended", target=person, data={"sessions_ended": _close(person)})
    notify(
        recipients=[officer for officer in people_on_duty(PROPOSE) if officer.pk != key],
        kind="staff.suspended",
        subject=gettext_noop("The account %(number)s was suspended: nobody has signed in with it for 90 days"),
        body=gettext_noop("Two security officers can switch it on again."),
        params={"number": person.number},
        url_name="staff:user",
        url_args=(person.reference,),
        key=f"suspended:{person.pk}:{timezone.now():%Y%m%d}",
    )
    return True
