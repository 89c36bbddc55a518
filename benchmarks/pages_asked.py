"""Which pages are measured, as whom, and what the same list costs the naive way. Imported once Django is set up."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.views.lists import EventList
from crm.calendar.services import today
from crm.lists import keyset, tokens
from crm.lists.definitions import ListDefinition
from crm.lists.requests import Asked
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.views.lists import CustomerList
from products.views.lists import AccountList, FreezeList
from risk.views.lists import AlertList, AssessmentList, CaseList, InquiryList
from transactions.views.lists import TransactionList

MANAGER, RELATIONSHIP, OFFICER, AUDITOR, OPERATIONS, SUPERVISOR = "81001", "80001", "82001", "86001", "84001", "82002"
PARTS = {
    MANAGER: "branch manager",
    RELATIONSHIP: "relationship manager",
    OFFICER: "risk officer",
    AUDITOR: "auditor",
    OPERATIONS: "operations",
    SUPERVISOR: "risk supervisor",
}
OTHERS = {"84101": "service agent", "83001": "product operator", "85001": "security officer", "87001": "system officer"}
PAGE, DEEP = 50, 200
LISTS: dict[str, tuple[type[ListDefinition], str]] = {
    "customers": (CustomerList, "customers:customer_list"),
    "accounts": (AccountList, "products:account_list"),
    "freezes": (FreezeList, "products:freeze_list"),
    "transactions": (TransactionList, "transactions:transaction_list"),
    "alerts": (AlertList, "risk:alert_list"),
    "cases": (CaseList, "risk:case_list"),
    "inquiries": (InquiryList, "risk:inquiry_list"),
    "verdicts": (AssessmentList, "risk:assessment_list"),
    "log": (EventList, "audit:event_list"),
}
HTTP = ("list customers by default", "list transactions by default", "list alerts by default", "customer")


Sent = tuple[Client, dict[str, Any]]


@dataclass(frozen=True)
class Probe:
    """One page as one person: asked for again and again."""

    name: str
    who: str
    user: User
    client: Client
    path: str
    over_http: bool = False
    may_refuse: bool = False
    """Whether the list may ask to be narrowed first: an order or a condition for which no index helps."""
    form: Callable[[], Sent] | None = None
    """Makes, outside of the clock, what is sent and in which browser; without it the page is read."""
    answers: int = 200


class Desk:
    """Somebody signed in."""

    def __init__(self, number: str) -> None:
        self.user = User.objects.get(number=number)
        self.part = {**PARTS, **OTHERS}[number]
        self.client = browser(self.user)

    def probe(self, name: str, path: str) -> Probe:
        """Return the page under a name that says whose it is."""
        may_refuse = " by " in f" {name}" or " where " in name
        return Probe(f"{self.part}: {name}", self.part, self.user, self.client, path, name in HTTP, may_refuse and "default" not in name)

    def lists(self, what: str, *, sorts: bool = True, **conditions: str) -> Iterator[Probe]:
        """Yield a list in its default order, in every other one, deep inside and from its end, and under each condition."""
        definition, url_name = LISTS[what]
        path = reverse(url_name)
        yield self.probe(f"list {what} by default", path)
        for sort in definition().sort_choices() if sorts else ():
            yield self.probe(f"list {what} by {sort}", f"{path}?sort={sort}")
        yield from self._deep(what, definition(), path)
        for condition, query in conditions.items():
            yield self.probe(f"list {what} where {condition}", self._sealed(f"{path}?{query}"))

    def _deep(self, what: str, definition: ListDefinition, path: str) -> Iterator[Probe]:
        asked = Asked(definition, as_actor(self.user), QueryDict(""), path)
        rows = keyset.ordered(asked.rows, asked.keys)
        for page in (DEEP, 20):
            found = list(rows[page * PAGE - PAGE - 1 : page * PAGE - PAGE])
            if found:
                yield self.probe(f"list {what} page {page}", asked.page_address(found[0], False, page * PAGE - PAGE))
                yield self.probe(f"list {what} back to page {page - 1}", asked.page_address(found[0], True, page * PAGE - 2 * PAGE))
                break
        yield self.probe(f"list {what} last page", asked.page_address(None, True, 0))

    def _sealed(self, path: str) -> str:
        """The address under which the browser ends when it asks for this one."""
        answer = self.client.get(path)
        return str(answer.headers["Location"]) if answer.status_code == 302 else path

    def search(self, **typed: str) -> Iterator[Probe]:
        """Yield the search box for each text, under the address at which the browser ends."""
        for key, text in typed.items():
            answer = self.client.post(reverse("ui:search"), {"q": text})
            sealed = tokens.seal("search", {"q": text, "u": self.user.number}) if answer.status_code == 302 else ""
            plain = QueryDict(mutable=True)
            plain.update({"s": sealed} if sealed else {"q": text})
            yield self.probe(f"search {key}", f"{reverse('ui:search')}?{plain.urlencode()}")


def probes(asked: dict[str, str]) -> list[Probe]:
    """Return every page that is measured; *asked* are the references and numbers of the bank."""
    from benchmarks.pages_trust import prepare, trusted

    prepare()
    found: list[Probe] = []
    for part in (_customers, _transactions, _work, _log, _homes, trusted):
        found.extend(part(asked))
    return found


def _keys(asked: dict[str, str]) -> dict[str, str]:
    """What people type into the search box, by what it is."""
    return {
        "name": asked["name"],
        "name many have": asked["common"],
        "two characters": asked["common"][:2],
        "one character of given name": asked["name"][-1] + " ",
        "pinyin": asked["pinyin"].replace(" ", ""),
        "pinyin of a surname": asked["pinyin"].split(" ")[0],
        "initials": "".join(syllable[0] for syllable in asked["pinyin"].split(" ")),
        "core number": asked["core_number"],
        "ID number": asked["id_number"],
        "mobile": asked["mobile"],
        "last four": asked["mobile"][-4:],
        "account number": asked["account"],
        "customer reference": asked["hot"],
        "transaction reference": asked["transaction"],
        "transaction id": asked["external"],
        "transfer id": asked["transfer"],
        "alert reference": asked["alert"],
        "employee number": RELATIONSHIP,
        "nothing that exists": "查无此人",
    }


def _customers(asked: dict[str, str]) -> Iterator[Probe]:
    month = f"{today().replace(day=1) - timedelta(days=70):%Y-%m-%d}"
    conditions = {
        "kind": "kind=organisation",
        "level": "level=5",
        "level and tolerance": "level=4&level=5&tolerance=C5",
        "stage": "stage=churned",
        "segment": "segment=merchant",
        "recorded": f"recorded_from={month}",
        "assets": "assets_min=890000",
        "branch": "branch=110001",
        "branch tree": "branch=110",
        "all of it": f"kind=person&level=3&stage=active&segment=retail&recorded_from={month}&assets_min=1000",
        "search name": f"q={asked['common']}",
        "search two characters": f"q={asked['common'][:2]}",
        "search pinyin": f"q={asked['pinyin'].replace(' ', '')}",
        "search core number": f"q={asked['core_number']}",
        "search nothing that exists": "q=查无此人",
        "search one letter": "q=z",
    }
    for number in (MANAGER, RELATIONSHIP):
        desk = Desk(number)
        own = {name: query for name, query in conditions.items() if number == MANAGER or "branch" not in name}
        yield from desk.lists("customers", sorts=True, **own)
        yield desk.probe("customer", reverse("customers:customer", args=[asked["hot"]]))
        yield desk.probe("account", reverse("products:account", args=[asked["hot_account"]]))
        yield from desk.search(**_keys(asked))
    manager = Desk(MANAGER)
    yield from manager.lists("accounts", status="status=normal", kind="kind=class_1", opened="opened_from=2024-01-01", search="q=0001")
    officer = Desk(OFFICER)
    yield from officer.lists("customers", sorts=False, name=f"q={asked['common']}", level="level=5")
    yield from officer.search(**_keys(asked))
    definition, path = CustomerList(), reverse("customers:customer_list")
    here = Asked(definition, as_actor(manager.user), QueryDict(""), path)
    from crm.lists.positions import row_address

    row = keyset.ordered(here.rows, here.keys)[5_000 if here.rows.count() > 5_000 else 10]
    yield manager.probe("customer from the list", row_address(here, row))


def _transactions(asked: dict[str, str]) -> Iterator[Probe]:
    day = today() - timedelta(days=9)
    conditions = {
        "a day": f"day_from={day}&day_to={day}",
        "a day by amount": f"day_from={day}&day_to={day}&sort=-amount",
        "a day and counterparty": f"day_from={day}&day_to={day}&counterparty={asked['common']}",
        "amount": "amount_min=30000",
        "status": "status=held",
        "statuses": "status=failed&status=declined",
        "direction": "direction=C",
        "kind": "kind=salary",
        "channel": "channel=counter",
        "instrument": "instrument=cash",
        "customer": f"customer={asked['hot']}",
        "account": f"account={asked['hot_account']}",
        "counterparty": f"counterparty={asked['common']}",
        "transfer id": f"transfer={asked['transfer']}",
        "source": "source=core",
        "cross-border": "cross_border=on",
        "received": f"received_from={day}&received_to={day}",
        "without a rate": "unrated=on",
        "search name": f"q={asked['name']}",
        "search two characters": f"q={asked['common'][:2]}",
        "search reference": f"q={asked['transaction']}",
        "search transaction id": f"q={asked['external']}",
        "search last four": f"q={asked['account'][-4:]}",
    }
    for number in (MANAGER, RELATIONSHIP, OPERATIONS, OFFICER):
        desk = Desk(number)
        received = f"branch=110001&received_from={day}&received_to={day}"
        more = {"branch": "branch=110001", "branch and a day": received} if number in (MANAGER, OFFICER) else {}
        yield from desk.lists("transactions", sorts=number in (MANAGER, RELATIONSHIP), **conditions, **more)
    for number in (MANAGER, OFFICER):
        yield Desk(number).probe("transaction", reverse("transactions:transaction", args=[asked["transaction"]]))
    yield Desk(OFFICER).probe("transaction with evidence", reverse("transactions:transaction", args=[asked["verdict"]]))


def _work(asked: dict[str, str]) -> Iterator[Probe]:
    day = today() - timedelta(days=30)
    queue = {
        "mine and unclaimed": "queue=on",
        "mine": "mine=on",
        "due soon": "soon=on",
        "overdue": "overdue=on",
        "open": "state=open",
        "dismissed": "state=dismissed",
        "band": "band=high&queue=on",
        "rule": "rule=structuring",
        "amount": "amount_min=800000",
        "raised": f"raised_from={day}",
        "finished": f"finished_from={day}",
        "officer": f"officer={OFFICER}",
        "search name": f"q={asked['common']}",
        "search reference": f"q={asked['alert']}",
    }
    for number in (OFFICER, MANAGER):
        desk = Desk(number)
        yield from desk.lists("alerts", sorts=True, **queue, branch="branch=110")
        yield desk.probe("alert", reverse("risk:alert", args=[asked["real_alert"]]))
        yield from desk.lists("verdicts", label="label=hold", rule="rule=structuring", judged=f"judged_from={day}&judged_to={day}")
    desk = Desk(OFFICER)
    yield from desk.lists("cases", mine="mine=on", state="state=open", search=f"q={asked['case']}")
    yield from desk.lists("inquiries", state="state=asked")
    yield from desk.lists("freezes", standing="standing=on", unconfirmed="unconfirmed=on")
    yield desk.probe("case", reverse("risk:case", args=[asked["real_case"]]))
    yield desk.probe("freeze", reverse("products:freeze", args=[asked["freeze"]]))
    yield desk.probe("register", reverse("risk:register"))
    yield desk.probe("rules", reverse("risk:rule_list"))
    yield desk.probe("notices", reverse("notify:notices"))
    desk = Desk(SUPERVISOR)
    for state in ("to_decide=on", "state=applied"):
        yield desk.probe(f"approvals {state}", f"{reverse('approvals:request_list')}?{state}")
    yield desk.probe("approval", reverse("approvals:request", args=[asked["request"]]))
    yield desk.probe("reports", reverse("reports:run_list"))
    yield desk.probe("report of a month", reverse("reports:run", args=[asked["report"]]))


def _log(asked: dict[str, str]) -> Iterator[Probe]:
    day = timezone.localdate() - timedelta(days=20)
    desk = Desk(AUDITOR)
    yield from desk.lists(
        "log",
        a_day=f"at_from={day}&at_to={day}",
        view="view=security",
        result="result=refused",
        action="action=customer.viewed",
        actor=f"actor={RELATIONSHIP}",
        customer=f"customer={asked['hot']}",
        search=f"q={asked['hot']}",
        origin="origin=api",
        address="address=10.0.0.9",
    )
    yield desk.probe("line", reverse("audit:event", args=[asked["line"]]))
    yield desk.probe("chain", reverse("audit:chain"))


def _homes(asked: dict[str, str]) -> Iterator[Probe]:
    for number in (*PARTS, *OTHERS):
        yield Desk(number).probe("home", reverse("staff:home"))


def naive(rounds: int) -> dict[str, Any]:
    """Return milliseconds of a list read the naive way, by OFFSET beside an exact COUNT(*), and of the same rows by keyset."""
    figures = {}
    for number, what in ((MANAGER, "customers"), (MANAGER, "transactions")):
        definition, url_name = LISTS[what]
        asked = Asked(definition(), as_actor(User.objects.get(number=number)), QueryDict(""), reverse(url_name))
        rows = keyset.ordered(asked.rows, asked.keys)
        before = list(rows[DEEP * PAGE - 1 : DEEP * PAGE])
        if not before:
            continue  # a bank too small for a deep page
        place = keyset.values_of(before[0], asked.keys)
        ways: dict[str, Callable[[], Any]] = {
            "count": asked.rows.order_by().count,
            "offset": partial(_page_at, rows),
            "keyset": partial(keyset.read, asked.rows, asked.keys, PAGE, place, backwards=False),
        }
        figures[f"{PARTS[number]}: {what} page {DEEP + 1}"] = {name: _median_ms(way, max(rounds // 8, 3)) for name, way in ways.items()}
    return figures


def _page_at(rows: QuerySet[Any]) -> list[Any]:
    return list(rows[DEEP * PAGE : DEEP * PAGE + PAGE])


def _median_ms(way: Any, times: int) -> float:
    taken = []
    for _turn in range(times):
        began = time.perf_counter()
        way()
        taken.append((time.perf_counter() - began) * 1e3)
    return round(statistics.median(taken), 1)
