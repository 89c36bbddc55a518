"""Recording: each row once, the same answer again, a conflict that names what differs, refusals kept.

Requirements: R085, R182, R339.
"""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.utils import timezone

from crm.access.actor import FEED, IMPORTER, Actor
from crm.access.errors import Refused
from crm.log.models import Event, Leaf
from crm.staff.models import ServiceClient, User
from crm.tests.personas import as_actor
from customers.models import CustomerFigures
from products.models import Account
from transactions.choices import Direction, Screening, Status
from transactions.models import Source, StatusEvent, Transaction
from transactions.services import Outcome, event_order, record, record_one
from transactions.services.storing import COLUMNS
from transactions.tests.personas import NOON, heard, movement, recorded, stored
from transactions.validators import BadValue, StoredDifferently

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def test_a_row_is_stored_with_everything_it_says(salary_account: Account) -> None:
    """R082, R200: the entity's fields, the equivalents, the bank's day."""
    row = recorded(salary_account, amount=Decimal("1234.50"), currency="USD", occurred_at=datetime(2026, 11, 20, 16, 30, tzinfo=UTC))
    assert (row.customer, row.account) == (salary_account.customer, salary_account)
    assert (row.amount, row.currency) == (Decimal("1234.50"), "USD")
    assert row.amount_usd == Decimal("1234.5000")
    assert row.amount_cny is not None
    assert row.amount_cny > row.amount_usd
    assert row.bank_date == date(2026, 11, 21)
    assert row.status == Status.RECEIVED
    assert row.screening == Screening.OWED
    assert row.reference.startswith("T-")
    assert row.counterparty_account.open() == "6217000010001234567"
    assert (row.counterparty_last4, str(row.counterparty_account)) == ("4567", "…4567")
    assert row.data_key_id == salary_account.data_key_id
    assert [(event.status, event.source) for event in row.status_events.all()] == [("received", row.source)]


def test_the_account_is_found_by_number_in_any_spelling_and_by_reference(salary_account: Account) -> None:
    """A file writes the number, an API may know the reference."""
    texts = ["6222020000001238821", "6222 0200 0000 1238 821", salary_account.reference]
    answers = record(actor=IMPORTER, rows=[movement(text, n) for n, text in enumerate(texts)])
    assert [answer.outcome for answer in answers] == [Outcome.NEW] * 3
    assert Transaction.objects.filter(account=salary_account).count() == 3


def test_the_same_again_is_answered_the_same(salary_account: Account) -> None:
    """Decision "idempotency": 1.50 and 1.5, +08:00 and UTC are the same."""
    first = record_one(actor=IMPORTER, row=movement(salary_account, amount=Decimal("1.50")))
    with heard() as said:
        again = record_one(
            actor=IMPORTER, row=movement("6222020000001238821", amount=Decimal("1.5"), occurred_at=datetime(2026, 11, 20, 12, 0))
        )
    assert (again.outcome, again.reference, again.status) == (Outcome.SAME, first.reference, first.status)
    assert Transaction.objects.count() == 1
    assert said["recorded"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", Decimal("100.01")),
        ("direction", Direction.CREDIT),
        ("occurred_at", NOON + timedelta(microseconds=1)),
        ("counterparty_account", "6217000010001234568"),
        ("counterparty_account", ""),
        ("remark", "rent"),
        ("cross_border", True),
    ],
)
def test_another_content_under_the_same_id_is_a_conflict(salary_account: Account, name: str, value: object) -> None:
    """The conflict names the field, and nothing changes but a line in the log."""
    before = recorded(salary_account)
    with pytest.raises(StoredDifferently) as conflict:
        record_one(actor=IMPORTER, row=movement(salary_account, **{name: value}))
    assert conflict.value.fields == [name]
    assert name in str(conflict.value)
    assert Transaction.objects.get() == before


def test_a_conflict_in_a_batch_is_written_down(salary_account: Account) -> None:
    """The partner's attempt is evidence; the other rows are stored."""
    recorded(salary_account, 1)
    rows = [movement(salary_account, 1, amount=Decimal(7)), movement(salary_account, 2)]
    answers = record(actor=IMPORTER, rows=rows)
    assert [answer.outcome for answer in answers] == [Outcome.CONFLICT, Outcome.NEW]
    line = Event.objects.get(action="transaction.conflict")
    assert line.data["first"] == [{"source": "mobile", "external_id": "M-1", "fields": ["amount"]}]


def test_twins_in_one_batch_are_stored_once(salary_account: Account) -> None:
    """The second one is the same again, or a conflict."""
    rows = [movement(salary_account), movement(salary_account), movement(salary_account, remark="other")]
    answers = record(actor=IMPORTER, rows=rows)
    assert [answer.outcome for answer in answers] == [Outcome.NEW, Outcome.SAME, Outcome.CONFLICT]
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"source": "nobody"}, "unknown_source"),
        ({"account": "6222020000001238839"}, "unknown_account"),
        ({"account": ""}, "unknown_account"),
        ({"amount": Decimal(0)}, "amount_not_positive"),
        ({"amount": Decimal("NaN")}, "amount_unreadable"),
        ({"amount": Decimal("1E-19")}, "amount_too_fine"),
        ({"amount": Decimal("1E+14")}, "amount_too_large"),
        ({"external_id": "M １"}, "external_id_unreadable"),
        ({"occurred_at": datetime(1999, 12, 31, 23, tzinfo=UTC)}, "too_early"),
        ({"remark": "x" * 201}, "too_long"),
        ({"remark": "a\x00b"}, "control_character"),
        ({"status": Status.REVERSED}, "unknown_code"),
    ],
)
def test_a_row_that_cannot_be_stored_says_why(salary_account: Account, changes: dict[str, object], code: str) -> None:
    """The others of the batch are not hindered."""
    rows = [movement(**({"account": salary_account, "number": 1} | changes)), movement(salary_account, 2)]  # type: ignore[arg-type]
    bad, good = record(actor=IMPORTER, rows=rows)
    assert isinstance(bad.problem, BadValue)
    assert (bad.outcome, bad.problem.code) == (Outcome.INVALID, code)
    assert str(bad.problem)
    assert good.outcome == Outcome.NEW


def test_five_minutes_in_the_future_and_no_more(salary_account: Account) -> None:
    """Decision "event time"."""
    now = timezone.now()
    rows = [
        movement(salary_account, 1, occurred_at=now + timedelta(minutes=5)),
        movement(salary_account, 2, occurred_at=now + timedelta(minutes=5, microseconds=1)),
    ]
    edge, beyond = record(actor=IMPORTER, rows=rows, now=now)
    assert edge.outcome == Outcome.NEW
    assert beyond.problem is not None
    assert beyond.problem.code == "in_future"


def test_a_time_without_offset_is_in_the_sources_zone(salary_account: Account, mobile: Source) -> None:
    """20:00 in Shanghai is noon in Greenwich."""
    row = recorded(salary_account, occurred_at=datetime(2026, 11, 20, 20, 0))
    assert row.occurred_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_an_amount_without_rate_is_kept_and_marked(salary_account: Account) -> None:
    """Unrated: no equivalents, no guess."""
    row = recorded(salary_account, currency="XPT")
    assert (row.amount_cny, row.amount_usd, row.rate_date) == (None, None, None)


def test_event_order_orders_by_time_then_by_digest() -> None:
    """The order never depends on arrival and fits 63 bits for decades."""
    orders = [event_order(NOON, "mobile", f"M-{n}") for n in range(50)]
    assert len(set(orders)) > 45
    assert all(order // 4096 == orders[0] // 4096 for order in orders)
    assert event_order(NOON + timedelta(microseconds=1), "mobile", "M-1") > max(orders)
    assert event_order(datetime(2070, 1, 1, tzinfo=UTC), "mobile", "M-1") < 2**63


def test_one_row_writes_one_line_and_a_batch_one_line_with_leaves(salary_account: Account) -> None:
    """R258: every row can be traced to its line."""
    single = recorded(salary_account, 0)
    line = Event.objects.get(action="transaction.recorded")
    assert (line.target_ref, line.customer) == (single.reference, salary_account.customer.reference)
    assert "6217000010001234567" not in str(line.data)
    record(actor=IMPORTER, rows=[movement(salary_account, n) for n in range(1, 6)])
    batch = Event.objects.filter(action="transaction.recorded").latest("id")
    leaves = set(Leaf.objects.filter(event_id=batch.pk).values_list("ref", flat=True))
    assert leaves == set(Transaction.objects.exclude(pk=single.pk).values_list("reference", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_signal_comes_after_commit_with_ids_in_event_order(salary_account: Account) -> None:
    """At most 5,000 at a time, and only what owes a judgement."""
    rows = [movement(salary_account, n, occurred_at=NOON - timedelta(minutes=n)) for n in range(3)]
    with heard() as said:
        record(actor=IMPORTER, rows=rows)
        record(actor=IMPORTER, rows=[movement(salary_account, 9)], exempt=True)
    (message,) = said["recorded"]
    assert message["ids"] == list(Transaction.objects.exclude(external_id="M-9").order_by("event_order").values_list("pk", flat=True))
    assert Transaction.objects.get(external_id="M-9").screening == Screening.EXEMPT


@pytest.mark.django_db(transaction=True)
def test_eight_threads_store_it_once(salary_account: Account) -> None:
    """Concurrency: the same 40 rows from eight sides are 40 rows; figures move once."""
    rows = [movement(salary_account, n, direction=Direction.CREDIT, status=Status.COMPLETED) for n in range(40)]
    before = CustomerFigures.objects.get(customer=salary_account.customer).assets_cny
    outcomes: list[str] = []
    gate = threading.Barrier(8)

    def run(part: int) -> None:
        gate.wait()
        mine = rows if part % 2 else rows[::-1]
        outcomes.extend(answer.outcome for answer in record(actor=FEED, rows=mine))
        connections.close_all()

    threads = [threading.Thread(target=run, args=[part]) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(Outcome.NEW) == 40
    assert outcomes.count(Outcome.SAME) == 280
    assert Transaction.objects.count() == 40
    assert CustomerFigures.objects.get(customer=salary_account.customer).assets_cny == before + 40 * 100


@pytest.mark.django_db(transaction=True)
def test_two_contents_at_once_are_one_row_and_one_conflict(salary_account: Account, spare_account: Account) -> None:
    """Different accounts: not even the same lock is held."""
    found: list[str] = []
    gate = threading.Barrier(2)

    def run(account: Account) -> None:
        gate.wait()
        found.append(record(actor=FEED, rows=[movement(account)])[0].outcome)
        connections.close_all()

    threads = [threading.Thread(target=run, args=[account]) for account in (salary_account, spare_account)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [Outcome.CONFLICT, Outcome.NEW]


def test_people_record_only_where_they_reach(salary_account: Account, shanghai_account: Account, sun_yue: User, auditor: User) -> None:
    """Out of reach is answered like an account that does not exist."""
    rows = [movement(salary_account, 1), movement(shanghai_account, 2), movement("6222020000007890023", 3)]
    mine, *others = record(actor=as_actor(sun_yue), rows=rows)
    assert mine.outcome == Outcome.NEW
    assert {answer.problem.code for answer in others if answer.problem} == {"unknown_account"}
    with pytest.raises(Refused):
        record(actor=as_actor(auditor), rows=rows)


def test_partners_speak_for_their_sources_only(salary_account: Account, partner: ServiceClient, core: Source) -> None:
    """A known source of somebody else is answered like an unknown one."""
    actor = Actor(number=partner.code, name=partner.name, kind="partner", role="partner", origin="api", user=partner)
    own, other = record(actor=actor, rows=[movement(salary_account, 1), movement(salary_account, 2, source="core")])
    assert own.outcome == Outcome.NEW
    assert other.problem is not None
    assert other.problem.code == "unknown_source"


def test_history_needs_its_own_permission(salary_account: Account, sun_yue: User) -> None:
    """Nobody loads transactions past the rules by hand."""
    with pytest.raises(Refused):
        record(actor=as_actor(sun_yue), rows=[movement(salary_account)], exempt=True)


def test_completed_sources_are_completed_at_once_and_move_the_figures(salary_account: Account, core: Source) -> None:
    """R301: booked money counts, pending money does not."""
    before = CustomerFigures.objects.get(customer=salary_account.customer).assets_cny
    row = recorded(salary_account, 1, source="core", direction=Direction.CREDIT)
    recorded(salary_account, 2)
    assert (row.status, row.status_at) == (Status.COMPLETED, NOON)
    figures = CustomerFigures.objects.get(customer=salary_account.customer)
    assert (figures.assets_cny - before, figures.last_transaction_at) == (Decimal(100), NOON)


def test_the_columns_written_are_all_the_model_has() -> None:
    """A field added to the model must be added to the statement."""
    given = {"id", "txid", "received_at", "version", "reversed_at", "rated_at", "cny_txid", "usd_txid", "entered_by_id"}
    given |= {"owed_cause", "owed_since", "owed_attempts", "owed_retry_at"}
    assert {field.column for field in Transaction._meta.concrete_fields} == set(COLUMNS) | given


def test_a_batch_costs_the_same_statements_as_one_row(salary_account: Account, spare_account: Account) -> None:
    """Set-based: what differs is the size of the arrays, and the leaves of the log."""
    recorded(salary_account, 0)
    counts = []
    for start, size in ((10, 2), (100, 200)):
        rows = [movement((salary_account, spare_account)[n % 2], n) for n in range(start, start + size)]
        before = len(connection.queries_log)
        connection.force_debug_cursor = True
        try:
            record(actor=IMPORTER, rows=rows)
        finally:
            connection.force_debug_cursor = False
        counts.append(len(connection.queries_log) - before)
    assert counts[0] == counts[1]
    assert StatusEvent.objects.count() == Transaction.objects.count() == 203
    assert Transaction.objects.aggregate(total=Sum("amount"))["total"] == 20_300
    assert stored(record_one(actor=IMPORTER, row=movement(salary_account, 0))).pk
