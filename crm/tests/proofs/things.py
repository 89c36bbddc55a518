"""One row of each kind in each relation to its reader: her own, her branch's, another branch's, granted, no longer granted.

Told by owner, branch and grant alone, so that what is expected of a page never comes from the page.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from crm.access.actor import IMPORTER, SYSTEM
from crm.calendar.services import today
from crm.jobs.queue import captured
from crm.log import services as log
from crm.notify.models import Notice
from crm.staff.models import Branch, User
from crm.tests.personas import Bank, as_actor
from crm.tests.proofs.principals import Principal, person_of, plant_person
from customers.models import Customer, CustomerGrant
from customers.services.keeping import place_hold
from customers.tests.personas import person
from products.models import Account
from products.services import ask_to_change, place_freeze
from products.tests.personas import account_of
from reports.services import ask_for_report
from risk.models import LargeValueRow, Rule
from risk.services import cases, inquiries
from risk.tests.work import waiting
from transactions.models import Source
from transactions.services import add_source, imports
from transactions.tests.personas import recorded
from transactions.tests.test_files import DEFAULTS, line, text

RELATIONS = ("own", "branch", "other", "granted", "lapsed")
# Of whom the row is: branch, relationship manager, name, ID number; the last two stand in Shanghai and differ by a grant.
CUSTOMERS: dict[str, tuple[str, str, str, str]] = {
    "own": ("110001", "80001", "张伟", "110105198603041215"),
    "branch": ("110001", "80003", "陈静", "110101199007014324"),
    "other": ("310001", "80002", "李娜", "310115199211124569"),
    "granted": ("310001", "80002", "周涛", "310115198505051233"),
    "lapsed": ("310001", "80002", "吴磊", "310115197708083456"),
}
GRANTED = ("view_customer", "change_customer")


@dataclass(frozen=True)
class Thing:
    """A row as its address names it, and all that decides who may see it."""

    reference: str
    relation: str
    branch: Branch | None = None
    owner: User | None = None
    of_customer: bool = False
    sign_in: User | None = None
    source: str = ""

    def is_in(self, reach: str, reader: Principal) -> bool:
        """Return whether it is within a reach of the reader."""
        who = reader.person
        if reach == "all":
            return True
        if reach == "source":
            return self.source in reader.sources
        if who is None or reach == "none":
            return False
        if self.of_customer and self.relation == "granted" and reader.name != "customer":
            return True
        if reach == "branch":
            return who.branch is not None and self.branch is not None and self.branch.path.startswith(who.branch.path)
        if reach == "self" and self.of_customer:
            return self.sign_in == who
        return self.owner == who


Things = dict[str, list[Thing]]


def build_things(bank: Bank, people: list[User]) -> tuple[Things, User]:
    """Return the rows of every kind, and the sign-in of the customer who is `own`."""
    things: Things = {}
    sign_in = plant_person(bank, "C80001", "customer", "")
    sources = {code: _source(code) for code in ("core", "mobile")}
    with captured():
        for n, relation in enumerate(RELATIONS):
            customer = _customer(bank, n, relation, sign_in)
            _grants(customer, people, relation)
            for kind, reference, source in _of_customer(bank, n, customer, sources):
                mine = sign_in if relation == "own" else None
                thing = Thing(reference, relation, customer.opening_branch, customer.manager, of_customer=True, sign_in=mine, source=source)
                things.setdefault(kind, []).append(thing)
        _of_people(bank, things, sources["core"])
    return things, sign_in


def _source(code: str) -> Source:
    return add_source(actor=IMPORTER, code=code, name=code, already_completed=code == "core")


def _customer(bank: Bank, n: int, relation: str, sign_in: User) -> Customer:
    branch, manager, name, id_number = CUSTOMERS[relation]
    told = {"name": name, "id_number": id_number, "mobile": f"1370000222{n}", "email": f"c{n}@mail.test"}
    customer = person(bank, f"62170001{n}0", opening_branch=bank.branches[branch], manager=bank.people[manager], **told)
    if relation == "own":
        Customer.objects.filter(pk=customer.pk).update(sign_in=sign_in)
    return customer


def _grants(customer: Customer, people: list[User], relation: str) -> None:
    if relation not in ("granted", "lapsed"):
        return
    now = timezone.now()
    until = now + timedelta(days=1) if relation == "granted" else now - timedelta(seconds=1)
    permissions = Permission.objects.filter(content_type__app_label="customers", codename__in=GRANTED)
    for reader in people:
        for permission in permissions:
            CustomerGrant.objects.create(
                user=reader,
                permission=permission,
                content_object=customer,
                reason="替班",
                valid_from=now - timedelta(days=2),
                valid_until=until,
            )
    log.record(actor=SYSTEM, action="customer.created", target=customer)


def _of_customer(bank: Bank, n: int, customer: Customer, sources: dict[str, Source]) -> list[tuple[str, str, str]]:
    """(kind, reference, source) of everything that hangs on a customer."""
    risk = as_actor(bank.somebody("risk-officer"))
    account: Account = account_of(customer, f"62220200000012388{n}1")
    freeze = place_freeze(actor=risk, customer=customer, account=account, kind="payment_stop", reason="核实中")
    source = "mobile" if n == 0 else "core"
    movement = recorded(account, 50 + n, source=source)
    alert, other = waiting(customer, n), waiting(customer, n + 6)
    case = cases.open_case(actor=risk, alerts=[other], summary="核实")
    assert customer.manager is not None
    unchanged: dict[str, Any] = {"version": account.version, "kind": account.kind, "reason": "核实中"}
    rows: dict[str, Any] = {
        "customer": customer,
        "account": account,
        "freeze": freeze,
        "alert": alert,
        "case": case,
        "inquiry": inquiries.ask(actor=risk, case=case, questions="资金来源？"),
        "hold": place_hold(actor=risk, customer=customer, authority="某区法院", document="(2026)1", reason="案件未结"),
        "register": _register(customer),
        "approval": ask_to_change(actor=as_actor(customer.manager), account=account, status="dormant", **unchanged),
    }
    return [*((kind, str(row.reference), "") for kind, row in rows.items()), ("transaction", movement.reference, source)]


def _register(customer: Customer) -> LargeValueRow:
    """A row of the large-value report that nobody has decided on."""
    rule, day = Rule.objects.order_by("code")[0], today()
    told = {"bank_date": day, "due_on": day, "direction": "C", "currency_group": "CNY", "total": 60_000, "threshold": 50_000}
    return LargeValueRow.objects.create(customer=customer, rule=rule, **told)


def _of_people(bank: Bank, things: Things, core: Source) -> None:
    """What belongs to a person or a branch; single grants say nothing about these."""
    uploaders = {"own": person_of(bank, "operations"), "branch": plant_person(bank, "84012", "operations", "110001")}
    uploaders["other"] = plant_person(bank, "84013", "operations", "310001")
    for relation, uploader in uploaders.items():
        assert uploader.branch is not None
        row = imports.take_in(actor=as_actor(uploader), source=core, file_name="day.csv", pieces=[text(line(1))])
        row = imports.check(actor=as_actor(uploader), row=row, columns=row.columns, defaults=DEFAULTS)
        assert row.job is not None
        day = today()
        asker = as_actor(bank.somebody("risk-supervisor"))
        run = ask_for_report(actor=asker, period="day", first_day=day, last_day=day, branch=uploader.branch)
        notice = Notice.objects.create(user=uploader, kind="inquiry.asked", key=f"proof-{relation}", subject="x", url_name="staff:home")
        told = {"file": row.reference, "job": row.job.reference, "person": uploader.reference, "notice": notice.reference}
        for kind, reference in told.items():
            things.setdefault(kind, []).append(Thing(reference, relation, uploader.branch, uploader))
        things.setdefault("report", []).append(Thing(run.reference, relation, uploader.branch))
