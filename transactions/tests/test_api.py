"""The doors for partners: what is taken, what is answered, and everything that is refused in words.

Requirements: R087, R138, R183, R239, R367, R368, R369, R383.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import IMPORTER
from crm.log.models import Event
from crm.staff.models import ServiceClient, User
from crm.tests.personas import browser
from products.models import Account
from risk.services import screening
from transactions.choices import Screening, Status
from transactions.models import Source, Transaction
from transactions.services import Verdict, add_source, decisions
from transactions.tests.personas import recorded
from transactions.tests.test_refusals import freeze

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]
LIST, DECIDE = "/api/v1/transactions/", "/api/v1/decisions/"


def body(salary: Account, number: object = 1, /, **changes: Any) -> dict[str, Any]:
    """A transaction as a partner would send it; a change to None leaves the field out."""
    values = {
        "source": "mobile",
        "external_id": f"M-{number}",
        "account": salary.reference,
        "direction": "D",
        "amount": "1234.50",
        "currency": "CNY",
        "occurred_at": "2026-11-20T12:00:00+08:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "mobile",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


class Partner:
    """A partner system's way to the API."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.client = Client(headers=headers)

    def post(self, path: str, data: Any) -> Any:
        """Send JSON, or text as it is."""
        text = data if isinstance(data, str | bytes) else json.dumps(data)
        return self.client.post(path, data=text, content_type="application/json")


@pytest.fixture
def api(partner_headers: dict[str, str]) -> Partner:
    """Return the partner that speaks for ``mobile``."""
    return Partner(partner_headers)


def test_one_transaction_is_stored_and_answered(api: Partner, salary_account: Account) -> None:
    """R088, R366: 201 first, 200 for the same again, 409 for another under the same id."""
    first = api.post(LIST, body(salary_account))
    assert first.status_code == 201
    answer = first.json()
    assert (answer["outcome"], answer["status"], answer["external_id"]) == ("new", "received", "M-1")
    row = Transaction.objects.get(reference=answer["reference"])
    assert (row.amount, row.screening) == (Decimal("1234.50"), Screening.OWED)
    again = api.post(LIST, body(salary_account, amount="1234.5"))
    assert (again.status_code, again.json()["outcome"], again.json()["reference"]) == (200, "same", row.reference)
    clash = api.post(LIST, body(salary_account, amount="1234.51"))
    assert clash.status_code == 409
    assert "amount" in clash.json()["message"]
    assert Transaction.objects.count() == 1


def test_a_list_is_answered_item_by_item(api: Partner, salary_account: Account) -> None:
    """One bad transaction does not hinder the others."""
    items = [
        body(salary_account, 1),
        body(salary_account, 2, amount="-5"),
        "text",
        body(salary_account, 1),
        body(salary_account, 3, account="A-22222222"),
    ]
    answer = api.post(LIST, items)
    assert answer.status_code == 200
    assert [result["http_status"] for result in answer.json()["results"]] == [201, 400, 400, 200, 400]
    assert answer.json()["counts"] == {"new": 1, "refused": 0, "same": 1, "conflict": 0, "invalid": 3}
    assert answer.json()["results"][4]["code"] == "unknown_account"


def test_a_list_takes_1_to_1000(api: Partner, salary_account: Account) -> None:
    """The limit, on both sides."""
    assert api.post(LIST, []).status_code == 400
    assert api.post(LIST, [body(salary_account, n) for n in range(1001)]).status_code == 400
    assert Transaction.objects.count() == 0
    full = api.post(LIST, [body(salary_account, n) for n in range(1000)])
    assert full.json()["counts"]["new"] == 1000


STRICT: dict[str, Any] = {
    "amount a number": {"amount": 1234.5},
    "amount an integer": {"amount": 5},
    "underscore": {"amount": "5_0"},
    "full width": {"amount": "１２.３４"},
    "blanks": {"amount": " 5 "},
    "negative zero": {"amount": "-0.00"},
    "zero": {"amount": "0"},
    "exponent": {"amount": "1e5"},
    "NaN text": {"amount": "NaN"},
    "infinity": {"amount": "Infinity"},
    "grouped": {"amount": "1,234.50"},
    "too fine": {"amount": "0.0000000000000000001"},
    "too large": {"amount": "100000000000000"},
    "no amount": {"amount": None},
    "amount null in list": {"amount": []},
    "arabic digits": {"amount": "٣"},
    "unknown field": {"amont": "5"},
    "direction word": {"direction": "debit"},
    "direction list": {"direction": ["D"]},
    "kind": {"kind": "theft"},
    "kind number": {"kind": 1},
    "boolean text": {"cross_border": "true"},
    "boolean number": {"cross_border": 1},
    "date only": {"occurred_at": "2026-11-20"},
    "no such day": {"occurred_at": "2026-02-30T12:00:00Z"},
    "time a number": {"occurred_at": 1700000000},
    "full width time": {"occurred_at": "２０26-11-20T12:00:00Z"},
    "far offset": {"occurred_at": "2026-11-20T12:00:00+99:00"},
    "NUL": {"remark": "a\x00b"},
    "control": {"remark": "a\x1bb"},
    "long remark": {"remark": "x" * 201},
    "remark number": {"remark": 5},
    "lone surrogate": {"remark": "\ud800"},
    "long id": {"external_id": "x" * 65},
    "blank in id": {"external_id": "a b"},
    "empty id": {"external_id": ""},
    "id number": {"external_id": 17},
    "empty source": {"source": ""},
    "other source": {"source": "crm"},
    "currency": {"currency": "¥"},
    "country": {"counterparty_country": "China"},
    "future": {"occurred_at": "2999-01-01T00:00:00Z"},
    "before 2000": {"occurred_at": "1999-01-01T00:00:00Z"},
    "status of its own": {"status": "refused"},
    "no account": {"account": "A-22222222"},
    "account list": {"account": {}},
}


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("path", [LIST, DECIDE])
def test_what_is_not_exactly_right_is_400_with_words(api: Partner, salary_account: Account, name: str, path: str) -> None:
    """The table of security.md, and more of its kind; nothing is stored."""
    answer = api.post(path, body(salary_account, **STRICT[name]))
    assert answer.status_code == 400, answer.content
    assert answer.json()["message"]
    assert Transaction.objects.count() == 0


RAW = {
    "not JSON": "{",
    "nested": '{"a":' * 40 + "1" + "}" * 40,
    "20,000 deep": "[" * 20_000,
    "NaN": '{"amount": NaN}',
    "twins": '{"source": "mobile", "source": "mobile"}',
    "a word": '"transaction"',
    "a number": "5",
    "null": "null",
    "true": "true",
    "latin-1": b'{"remark": "\xe9"}',
    "NUL in a name": '{"a\\u0000b": 1}',
    "empty": "",
}


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("path", [LIST, DECIDE])
def test_bodies_that_are_no_transaction_are_400(api: Partner, name: str, path: str) -> None:
    """Never a 500."""
    answer = api.post(path, RAW[name])
    assert answer.status_code == 400, answer.content
    assert answer.json()["message"]


def test_strangers_get_401_and_staff_sessions_open_no_api(salary_account: Account, operations: User) -> None:
    """The API knows tokens only."""
    for client in (Client(), browser(operations), Client(headers={"Authorization": "Bearer mobile-bank.wrong"})):
        assert client.post(LIST, data=json.dumps(body(salary_account)), content_type="application/json").status_code == 401
    assert Transaction.objects.count() == 0


def test_a_partner_reads_its_own_source_only(api: Partner, salary_account: Account, core: Source) -> None:
    """Out of scope is not found, and written down; account and counterparty numbers stay inside."""
    own, other = recorded(salary_account, 1), recorded(salary_account, 2, source="core")
    answer = api.client.get(f"{LIST}{own.reference}/")
    assert answer.status_code == 200
    assert answer.json()["amount"] == "100"
    assert "6217000010001234567" not in answer.content.decode()
    assert "1238821" not in answer.content.decode()
    for reference in (other.reference, "T-2222222222222"):
        assert api.client.get(f"{LIST}{reference}/").status_code == 404
        status = {"external_id": "S-1", "status": "completed", "at": "2026-11-20T12:00:05+08:00"}
        assert api.post(f"{LIST}{reference}/status/", status).status_code == 404
    assert Event.objects.filter(result="refused", actor_kind="partner").count() == 4


def test_status_messages_are_idempotent(api: Partner, salary_account: Account) -> None:
    """The core's message arrives as its own event."""
    row = recorded(salary_account)
    path = f"{LIST}{row.reference}/status/"
    done = {"external_id": "S-1", "status": "completed", "at": "2026-11-20T12:00:05+08:00"}
    for _again in range(2):
        answer = api.post(path, done)
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert row.status_events.count() == 2
    assert api.post(path, done | {"status": "failed"}).status_code == 409
    for decision in ("received", "approved", "held", "released", "declined", "refused"):
        assert api.post(path, done | {"external_id": "S-2", "status": decision}).status_code == 400
    assert api.post(path, {"status": "failed"}).status_code == 400


def test_a_partner_does_not_release_what_is_held(api: Partner, salary_account: Account) -> None:
    """R120: hold and second person bind the channels that the hold is for; it can only say what became of the money."""
    row = recorded(salary_account, kind="withdrawal", amount=Decimal(60_000))
    screening.judge(ids=[row.pk])
    path = f"{LIST}{row.reference}/status/"
    for number, status in enumerate(("released", "approved", "completed")):
        answer = api.post(path, {"external_id": f"S-{number}", "status": status, "at": timezone.now().isoformat()})
        assert answer.status_code == 400, answer.content
    row.refresh_from_db()
    assert row.status == Status.HELD


def test_a_partner_calls_nothing_done_unless_its_source_is_declared_so(api: Partner, salary_account: Account) -> None:
    """A question that is answered before it is asked is no question."""
    answer = api.post(LIST, body(salary_account, status="completed"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "completed_not_declared", "status")
    assert api.post(DECIDE, body(salary_account, status="completed")).status_code == 400
    assert api.post(LIST, body(salary_account, status="approved")).status_code == 400
    assert Transaction.objects.count() == 0
    Source.objects.filter(code="mobile").update(already_completed=True)
    assert api.post(LIST, body(salary_account, status="completed")).json()["status"] == "completed"


def test_a_frozen_account_answers_201_refused(api: Partner, salary_account: Account) -> None:
    """Kept as evidence; the answer does not say which freeze or whose."""
    freeze(salary_account)
    answer = api.post(LIST, body(salary_account))
    assert (answer.status_code, answer.json()["outcome"], answer.json()["status"]) == (201, "refused", "refused")
    assert "F-" not in answer.content.decode()
    decided = api.post(DECIDE, body(salary_account, 2))
    assert (decided.status_code, decided.json()["verdict"]) == (201, {"label": "decline", "reason": "refused"})


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list whose first entry judges."""
    judges: list[Any] = []
    monkeypatch.setattr(decisions, "_judges", judges)
    return judges


def test_a_decision_records_then_judges(api: Partner, salary_account: Account, judge: list[Any]) -> None:
    """R140: the verdict is in the answer, its scenario is not."""
    seen: list[int] = []

    def hold(ids: Any) -> dict[int, Verdict]:
        seen.extend(ids)
        return {pk: Verdict(label="hold", reasons=("large_withdrawal",)) for pk in ids}

    judge.append(hold)
    answer = api.post(DECIDE, body(salary_account))
    assert answer.status_code == 201
    assert answer.json()["verdict"] == {"label": "hold", "reason": ""}
    assert "large_withdrawal" not in answer.content.decode()
    row = Transaction.objects.get(reference=answer.json()["transaction"]["reference"])
    assert seen == [row.pk]
    assert api.post(DECIDE, body(salary_account)).status_code == 200
    assert api.post(DECIDE, body(salary_account, amount="9")).status_code == 409


def test_a_broken_judge_lets_nothing_pass_and_loses_nothing(api: Partner, salary_account: Account, judge: list[Any]) -> None:
    """Stored, still owing its judgement, label review."""

    def broken(ids: Any) -> dict[int, Verdict]:
        Transaction.objects.filter(pk__in=ids).update(status=Status.HELD)
        raise RuntimeError("division by zero")

    judge.append(broken)
    answer = api.post(DECIDE, body(salary_account))
    assert (answer.status_code, answer.json()["verdict"]) == (201, {"label": "review", "reason": "engine_error"})
    row = Transaction.objects.get()
    assert (row.status, row.screening) == (Status.RECEIVED, Screening.OWED)


def test_without_a_judge_the_label_is_review(api: Partner, salary_account: Account, judge: list[Any]) -> None:
    """Never allow because something is missing."""
    assert api.post(DECIDE, body(salary_account)).json()["verdict"]["label"] == "review"


def test_a_switched_off_source_takes_nothing(api: Partner, salary_account: Account, partner: ServiceClient) -> None:
    """Nor does one the token may not speak for."""
    add_source(actor=IMPORTER, code="web", name="Internet banking")
    assert api.post(LIST, body(salary_account, source="web")).json()["code"] == "unknown_source"
    Source.objects.filter(code="mobile").update(is_active=False)
    assert api.post(LIST, body(salary_account)).json()["code"] == "unknown_source"


def test_the_openapi_document_tells_every_door(operations: User, sun_yue: User) -> None:
    """R366: as a document and as a page without scripts; not for everybody."""
    answer = browser(operations).get("/transactions/api/schema/")
    assert set(answer.json()["paths"]) >= {LIST, DECIDE, f"{LIST}{{reference}}/", f"{LIST}{{reference}}/status/"}
    page = browser(operations).get("/transactions/api/")
    assert page.status_code == 200
    assert "counterparty_account" in page.content.decode()
    assert browser(sun_yue).get("/transactions/api/").status_code == 403


def test_the_openapi_document_is_made_without_a_warning(operations: User, capsys: Any) -> None:
    """R366: every door tells how one comes in, and nothing in it was guessed by the generator."""
    document = browser(operations).get("/transactions/api/schema/").json()
    assert "Warning" not in capsys.readouterr().err
    assert document["components"]["securitySchemes"]["partner"]["flows"]["clientCredentials"]["tokenUrl"] == reverse("staff:token")
    doors = {path: act for path, door in document["paths"].items() for act in door.values()}
    assert "security" not in doors.pop(reverse("staff:token"))
    assert len(doors) == 4
    for path, act in doors.items():
        assert (act["security"], "429" in act["responses"]) == ([{"partner": []}], True), path
