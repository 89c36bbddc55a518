"""Every page of a row × every role, with rows that exist: one in the reader's scope and one outside.

What is expected follows from the reach in the apps' `roles.py` and from who owns which row here, not from the views: in scope a page opens,
out of scope it answers 404 like an address of nothing, for reading and for writing alike; in scope an empty form is refused in words.

Requirements: R253, R257, R259.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from crm.calendar.services import today
from crm.jobs.queue import captured
from crm.staff.choices import STAFF_ROLES
from crm.staff.models import Branch, User
from crm.staff.services.role_table import stock_permissions
from crm.tests.personas import Bank, as_actor, browser
from crm.tests.route_table import ROUTES
from customers.models import Customer
from products.models import Account
from products.services import place_freeze
from reports.models import ReportRun
from reports.services import ask_for_report
from risk.services import cases
from risk.tests.work import waiting
from transactions.models import FileImport, Source
from transactions.services import imports
from transactions.tests.personas import recorded
from transactions.tests.test_files import DEFAULTS, line, text

REF = "<ref:reference>"
# Route of a row → the kind of row in `World.rows`; the longest beginning counts.
KINDS = {
    f"customers/{REF}/": "customer",
    f"products/customers/{REF}/": "customer",
    f"products/accounts/{REF}/": "account",
    f"products/freezes/{REF}/": "freeze",
    f"transactions/{REF}/": "transaction",
    f"transactions/files/{REF}/": "file",
    f"jobs/{REF}/": "job",
    f"reports/{REF}/": "report",
    f"risk/alerts/{REF}/": "alert",
    f"risk/cases/{REF}/": "case",
    f"staff/{REF}/": "person",
}
# Routes of rows that are not tried here, each with the reason.
ELSEWHERE = {
    f"audit/alarms/{REF}/": "reach is all or nothing, and never one's own: demo/tests/test_alarms.py",
    f"customers/holds/{REF}/lift/": "a hold follows its customer: customers/tests/test_keeping.py",
    "exports/": "one's own, or all for who reads the log: crm/exports/tests",
    "reviews/": "a person's, in a branch, and never the reader's own: crm/reviews/tests",
    "factors/": "one's own only: crm/factors/tests/test_own_factors.py",
    "sessions/": "one's own only: crm/staff/tests/test_sessions.py",
    "api/": "partners: transactions/tests/test_api.py",
    "approvals/": "open to whoever may propose or decide its kind: crm/approvals/tests",
    "notices/": "one's own only: crm/notify/tests",
    "reveal/": "asks for the permission of the field: crm/fields/tests",
    "risk/inquiries/": "asked of one person: risk/tests",
    "risk/backtests/": "reach is all or nothing, or one's own: risk/tests/test_backtests.py",
    f"risk/verdicts/{REF}/again/": "supervisors of the whole bank, all or nothing: risk/tests/test_judging_again.py",
    "risk/register/": "reach is all or nothing: the plain matrix tells",
    f"transactions/{REF}/act/": "the act in the address asks for its own permission: transactions/tests/test_statuses.py",
    f"products/freezes/{REF}/tell-core/": "only a freeze that the core refused: products/tests",
}

# Answer 404 to an empty form also in scope, each with the reason.
NAMELESS = {f"risk/alerts/{REF}/join/": "the form names a case, and no case is called nothing"}


@dataclass(frozen=True)
class Row:
    """A row's reference, and to whom it belongs."""

    reference: str
    branch: Branch
    owner: User | None

    def is_in(self, reach: str, reader: User) -> bool:
        """Return whether it is within somebody's reach."""
        if reach == "branch":
            return reader.branch is not None and self.branch.path.startswith(reader.branch.path)
        return reach == "all" or (reach in ("own", "self") and self.owner == reader)


@dataclass(frozen=True)
class World:
    """Two rows of each kind: one in Beijing, one in Shanghai."""

    rows: dict[str, tuple[Row, ...]]


def uploaded(bank: Bank, person: User, core: Source) -> FileImport:
    row = imports.take_in(actor=as_actor(person), source=core, file_name="day.csv", pieces=[text(line(1))])
    return imports.check(actor=as_actor(person), row=row, columns=row.columns, defaults=DEFAULTS)


@pytest.fixture
def world(
    bank: Bank,
    core: Source,
    zhang_wei: Customer,
    li_na: Customer,
    salary_account: Account,
    shanghai_account: Account,
    settings: Any,
    tmp_path: Any,
) -> World:
    """Everything that a page shows, twice."""
    settings.MEDIA_ROOT = tmp_path
    rows: dict[str, list[Row]] = {kind: [] for kind in KINDS.values()}
    risk, there = as_actor(bank.somebody("risk-officer")), User.objects.create_user("84020", "操作", branch=bank.branches["310001"])
    there.assignments.create(role=bank.somebody("operations").roles.get())
    with captured():
        for n, (customer, account) in enumerate(((zhang_wei, salary_account), (li_na, shanghai_account))):
            uploader = there if n else bank.somebody("operations")
            assert uploader.branch is not None
            file, alerts = uploaded(bank, uploader, core), (waiting(customer, n), waiting(customer, n + 4))
            found: dict[str, Any] = {
                "customer": customer,
                "account": account,
                "freeze": place_freeze(actor=risk, customer=customer, account=account, kind="payment_stop", reason="核实中"),
                "transaction": recorded(account, 50 + n, source="core"),
                "alert": alerts[0],
                "case": cases.open_case(actor=risk, alerts=[alerts[1]], summary="核实"),
            }
            for kind, row in found.items():
                rows[kind].append(Row(row.reference, customer.opening_branch, customer.manager))
            assert file.job is not None
            rows["file"].append(Row(file.reference, uploader.branch, uploader))
            rows["job"].append(Row(file.job.reference, uploader.branch, uploader))
            rows["person"].append(Row(uploader.reference, uploader.branch, uploader))
            rows["report"].append(Row(report(bank, customer.opening_branch).reference, customer.opening_branch, None))
    return World({kind: tuple(both) for kind, both in rows.items()})


def report(bank: Bank, branch: Branch) -> ReportRun:
    day = today()
    return ask_for_report(actor=as_actor(bank.somebody("risk-supervisor")), period="day", first_day=day, last_day=day, branch=branch)


def kind_of(route: str) -> str:
    if any(route.startswith(beginning) for beginning in ELSEWHERE):
        return ""
    found = [beginning for beginning in KINDS if route.startswith(beginning)]
    return KINDS[max(found, key=len)] if found else ""


def test_every_route_of_a_row_is_tried_or_says_where() -> None:
    """A new page of a row is tried here by itself, one with a new kind of row needs a line."""
    missing = [r for r in ROUTES if REF in r and not kind_of(r) and not any(r.startswith(b) for b in ELSEWHERE)]
    assert missing == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", STAFF_ROLES)
def test_rows_in_scope_open_and_others_are_not_there(role: str, world: World, bank: Bank) -> None:
    reader, failures = bank.somebody(role), []
    client = browser(reader)
    client.raise_request_exception = False
    reaches = {permission: reach for (holder, permission), (reach, _level) in stock_permissions().items() if holder == role}
    tried = [(route, gate) for route, gate in ROUTES.items() if kind_of(route) and isinstance(gate, str)]
    for method in ("GET", "POST"):  # all is read before anything is sent
        for route, gate in tried:
            reach = reaches.get(str(gate), "none")
            for row in world.rows[kind_of(route)] if reach != "none" else ():
                inside = row.is_in(reach, reader)
                status = client.generic(method, "/" + route.replace(REF, row.reference)).status_code
                if status == 404 and inside and method == "POST" and route in NAMELESS:
                    continue
                if status >= 500 or (status in (403, 404) if inside else status not in (404, 405)):
                    failures.append(f"{method} {route} ({gate}: {reach}), {'inside' if inside else 'outside'}: {status}")
    assert failures == []
