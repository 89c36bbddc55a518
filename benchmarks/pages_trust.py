"""The pages of Trust for `benchmarks.pages`: the way in, full values, roles, the auditor's rooms, exports, a customer's own pages.

Forms are made anew for each sending, outside of the clock. What would refuse the fortieth sending (a code is good once, a day has so
many full values, a role has one proposal at a time) is put back or widened before; the statements that look at it run all the same.
Passwords are hashed by Argon2 as in production; how long that takes stands apart.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmarks.pages_asked import AUDITOR, MANAGER, OFFICER, RELATIONSHIP, SUPERVISOR, Desk, Probe, Sent
from crm.approvals.models import ChangeRequest
from crm.approvals.services import withdraw
from crm.exports.models import ExportPermit
from crm.factors.models import Factor
from crm.staff.models import Role, User
from crm.staff.services.guessing import forget_attempts
from crm.tests.personas import PASSWORD, as_actor, browser, factor_of, next_code
from customers.models import Customer

SECURITY = "85001"
PERMITS = 2_000
PEOPLE_WITH_CODES = (RELATIONSHIP, SECURITY)


def prepare() -> None:
    """Give passwords, codes and permits, before anybody signs in: a password that changes ends the sessions of its person."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.REVEALS_A_DAY, settings.PROBES_A_DAY = "1000000", 1_000_000
    for number in PEOPLE_WITH_CODES:
        User.objects.filter(number=number).update(password=make_password(PASSWORD))
        factor_of(_person(number))
    _permits(PERMITS)


def trusted(asked: dict[str, str]) -> Iterator[Probe]:
    """Yield every page of Trust; *asked* names at least a customer of Sun Yue's (``hot``)."""
    for part in (_way_in, _own, _reveals, _roles, _auditor, _why, _exports, _portal):
        yield from part(asked)


def _person(number: str) -> User:
    return User.objects.get_queryset().get(number=number)


def _stranger() -> Client:
    """A browser that nobody knows, from an address of its own."""
    return Client(REMOTE_ADDR=f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}")


def _way_in(_asked: dict[str, str]) -> Iterator[Probe]:
    person = _person(RELATIONSHIP)

    def right() -> Sent:
        return _stranger(), {"number": RELATIONSHIP, "password": PASSWORD}

    def wrong() -> Sent:
        forget_attempts(RELATIONSHIP)
        return _stranger(), {"number": RELATIONSHIP, "password": "Blue-Kettle-48"}

    def nobody() -> Sent:
        return _stranger(), {"number": f"7{random.randrange(10**6):06}", "password": PASSWORD}

    def half() -> Sent:
        client = _stranger()
        client.post(reverse("staff:sign_in"), right()[1])
        Factor.objects.filter(user=person).update(last_counter=-1)
        return client, {"code": next_code(person)}

    def page(name: str, path: str, **more: Any) -> Probe:
        return Probe(f"stranger: sign in {name}", "stranger", person, _stranger(), reverse(path), **more)

    yield page("page", "staff:sign_in")
    yield page("with the right password", "staff:sign_in", form=right, answers=302)
    yield page("with a wrong password", "staff:sign_in", form=wrong)
    yield page("as nobody", "staff:sign_in", form=nobody)
    yield Probe("stranger: second factor sent", "stranger", person, _stranger(), reverse("factors:code"), form=half, answers=302)


def _own(_asked: dict[str, str]) -> Iterator[Probe]:
    """What everybody has: the code before a sensitive act, factors, sessions, the password page."""
    desk = Desk(RELATIONSHIP)

    def code() -> Sent:
        Factor.objects.filter(user=desk.user).update(last_counter=-1)
        return desk.client, {"second_factor": next_code(desk.user)}

    yield desk.probe("step up page", reverse("factors:step_up"))
    yield sent(desk, "step up with a code", reverse("factors:step_up"), code, 302)
    for name, path in (("factors", "factors:own"), ("sessions", "staff:sessions"), ("password", "staff:password")):
        yield desk.probe(f"own {name}", reverse(path))


def sent(desk: Desk, name: str, path: str, form: Any, answers: int = 200) -> Probe:
    """Return a form that somebody sends again and again."""
    return Probe(f"{desk.part}: {name}", desk.part, desk.user, desk.client, path, form=form, answers=answers)


def _reveals(asked: dict[str, str]) -> Iterator[Probe]:
    for number in (RELATIONSHIP, OFFICER):
        desk = Desk(number)
        for field in ("id_number", "mobile"):
            path = reverse("fields:reveal", args=[f"customers.customer.{field}", asked["hot"]])

            def form(desk: Desk = desk) -> Sent:
                return desk.client, {"reason": "核对证件"}

            yield sent(desk, f"reveal {field}", path, form)


def _roles(_asked: dict[str, str]) -> Iterator[Probe]:
    desk = Desk(SECURITY)
    role = Role.objects.get(code="risk-officer")
    path = reverse("staff:role", args=[role.code])
    held = dict(role.permissions.order_by("permission").values_list("permission", "reach"))
    taken = next(name for name, reach in held.items() if reach != "none")  # less is never a conflict of duties

    def proposal() -> Sent:
        for request in ChangeRequest.objects.open().filter(kind="staff.role_permission", requested_by=desk.user):
            withdraw(actor=as_actor(desk.user), request=request)
        return desk.client, {"ceiling": role.ceiling, **held, taken: "none", "reason": "岗位调整"}

    yield desk.probe("roles", reverse("staff:role_list"))
    for code in ("risk-officer", "relationship-manager", "auditor"):
        yield desk.probe(f"role {code}", reverse("staff:role", args=[code]))
    yield sent(desk, "role saved", path, proposal, 302)
    yield desk.probe("people", reverse("staff:user_list"))
    yield desk.probe("person", reverse("staff:user", args=[_person(RELATIONSHIP).reference]))


def _auditor(asked: dict[str, str]) -> Iterator[Probe]:
    desk = Desk(AUDITOR)
    for view in ("operations", "security", "audit"):
        yield desk.probe(f"view {view}", f"{reverse('audit:event_list')}?view={view}")
    now = timezone.localtime()
    between = f"since={now - timedelta(days=90):%Y-%m-%dT%H:%M}&until={now:%Y-%m-%dT%H:%M}"
    questions = {
        "customer": f"customer={asked['hot']}&{between}",
        "person": f"number={RELATIONSHIP}&{between}",
        "exports": between,
        "rights": f"number={RELATIONSHIP}&moment={now:%Y-%m-%dT%H:%M}",
        "request": "request_id=none",
    }
    yield desk.probe("questions", reverse("audit:questions"))
    for name, query in questions.items():
        yield desk.probe(f"question {name}", f"{reverse('audit:question', args=[name])}?{query}")
    for name, path in (("compliance", "audit:compliance"), ("alarms", "audit:alarm_list"), ("thresholds", "audit:thresholds")):
        yield desk.probe(name, reverse(path))


def _why(asked: dict[str, str]) -> Iterator[Probe]:
    desk, path = Desk(AUDITOR), reverse("customers:why")

    def form(number: str) -> Any:
        return lambda: (desk.client, {"number": number, "reference": asked["hot"], "permission": "customers.view_customer"})

    yield desk.probe("why page", path)
    for who, number in (("she may", RELATIONSHIP), ("he may not", "80002"), ("the branch manager may", MANAGER)):
        yield sent(desk, f"why {who}", path, form(number))


def _exports(_asked: dict[str, str]) -> Iterator[Probe]:
    for number in (RELATIONSHIP, MANAGER, SUPERVISOR):
        desk = Desk(number)
        yield desk.probe("exports", reverse("exports:permit_list"))
        permit = ExportPermit.objects.visible_to(desk.user).order_by("-pk").first()
        if permit is not None:
            yield desk.probe("exports, one permit", permit.get_absolute_url())


def _permits(count: int) -> None:
    """Have as many permits in the bank as a busy year leaves: of three people, most of them long deleted."""
    people = [_person(number) for number in (RELATIONSHIP, MANAGER, SUPERVISOR)]
    now, missing = timezone.now(), count - ExportPermit.objects.count()
    ExportPermit.objects.bulk_create(
        ExportPermit(
            source="list",
            title="Customers",
            conditions="开户机构：110001",
            purpose="review",
            words="季度会议",
            requested_by=people[place % 3],
            requested_at=now - timedelta(hours=4 * place),
            state="closed",
            rows=place % 500,
            most=500,
        )
        for place in range(max(missing, 0))
    )


def _portal(asked: dict[str, str]) -> Iterator[Probe]:
    from portal.tests.personas import give_sign_in

    customer = Customer.objects.get(reference=asked["hot"])
    person = customer.sign_in or give_sign_in(customer)
    client = browser(person)
    for name in ("home", "accounts", "transactions", "products", "consents", "sign_ins"):
        yield Probe(f"customer: my {name}", "customer", person, client, reverse(f"portal:{name}"))
    yield Probe("customer: my transactions, page 20", "customer", person, client, f"{reverse('portal:transactions')}?page=20")
