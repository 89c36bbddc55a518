"""A line stands if and only if its act does, and holds what was given.

Requirements: R267, R314.
"""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, transaction
from django.utils.translation import gettext_lazy

from crm.log import services as log
from crm.log import verification
from crm.log.actions import ActionKind, UndeclaredAction, declare
from crm.log.models import Attestation, Event, Head, Seal
from crm.log.tests.conftest import NewLines
from crm.log.tests.people import SUN_YUE

ACTION = "log.verified"


def test_line_holds_who_what_when_where(new_lines: NewLines) -> None:
    """R308, R317: every column that the auditor asks for, and the canonical bytes beside them."""
    with transaction.atomic():
        event = log.record(actor=SUN_YUE, action=ACTION, customer="C-7K3MQ2XW", data={"amount": Decimal("1.50")}, reason="核对")
    stored = new_lines().get()
    assert (stored.actor_number, stored.actor_name, stored.role) == ("80001", "孙悦", "relationship-manager")
    assert (stored.action, stored.view, stored.result, stored.customer) == (ACTION, "audit", "done", "C-7K3MQ2XW")
    assert (stored.address, stored.request_id, stored.reason) == ("10.0.0.8", "r-1", "核对")
    assert stored.data == {"amount": "1.50"}
    assert stored.uid == event.uid and stored.at == event.at and stored.txid == event.txid
    assert "核对".encode() in bytes(stored.body)


def test_session_key_is_not_in_the_log(new_lines: NewLines) -> None:
    """A reader of the log must not be able to take over a session."""
    with transaction.atomic():
        event = log.record(actor=SUN_YUE, action=ACTION)
    assert event.session and event.session != SUN_YUE.session
    assert b'"session":"key"' not in bytes(new_lines().get().body)


def test_line_goes_with_its_transaction(new_lines: NewLines) -> None:
    """A rolled-back act leaves no line, and the hole in the numbers is no alarm."""
    before = Head.objects.get().seq
    with pytest.raises(RuntimeError), transaction.atomic():
        log.record(actor=SUN_YUE, action=ACTION)
        raise RuntimeError
    with transaction.atomic():
        log.record(actor=SUN_YUE, action=ACTION)
        with pytest.raises(RuntimeError), transaction.atomic():
            log.record(actor=SUN_YUE, action=ACTION)
            raise RuntimeError
        log.record(actor=SUN_YUE, action=ACTION)
    first, second = new_lines()
    positions = Seal.objects.filter(event_id__in=[first.pk, second.pk]).order_by("seq").values_list("seq", flat=True)
    assert list(positions) == [before + 1, before + 2]
    assert second.pk == first.pk + 2
    assert verification.verify_log().holds


def test_no_transaction_no_line(new_lines: NewLines) -> None:
    """Outside a transaction nothing is written."""
    with pytest.raises(log.OutsideTransaction):
        log.record(actor=SUN_YUE, action=ACTION)
    assert not new_lines().exists()


@pytest.mark.django_db
def test_undeclared_action_is_refused() -> None:
    """What no app declared has no label and no view."""
    with pytest.raises(UndeclaredAction, match="ACTIONS"), transaction.atomic():
        log.record(actor=SUN_YUE, action="nobody.declared")


def test_one_action_has_one_meaning() -> None:
    """Two apps cannot give one name two meanings."""
    declare({"test.once": ActionKind(gettext_lazy("Once"), "operations")})
    declare({"test.once": ActionKind(gettext_lazy("Once"), "operations")})
    with pytest.raises(ImproperlyConfigured):
        declare({"test.once": ActionKind(gettext_lazy("Once"), "security")})


def test_act_fails_when_its_line_cannot_be_written(new_lines: NewLines, superuser: psycopg.Connection) -> None:
    """Fail-closed: without a line there is no act."""
    superuser.execute("REVOKE INSERT (action) ON log_event FROM app")
    superuser.commit()
    before = Head.objects.get().seq
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute("CREATE TEMPORARY TABLE act (done bool)")
        log.record(actor=SUN_YUE, action=ACTION)
    assert Head.objects.get().seq == before
    with pytest.raises(log.LogUnavailable):
        log.record_refusal(actor=SUN_YUE)


def test_refusal_has_a_transaction_of_its_own(new_lines: NewLines) -> None:
    """A refusal is written after the act was rolled back, never inside it."""
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        log.record_refusal(actor=SUN_YUE)
    event = log.record_refusal(actor=SUN_YUE, reason="customers.change_customer")
    assert Event.objects.get(pk=event.pk).result == "refused"


def test_hostile_text_cannot_keep_a_line_from_being_written(new_lines: NewLines) -> None:
    """NUL and lone surrogates, which PostgreSQL and UTF-8 refuse, are replaced; quotes and markup stay as they are."""
    with transaction.atomic():
        log.record(
            actor=SUN_YUE,
            action=ACTION,
            reason="a\x00b\ud800c'\"<",
            data={"\x00": ["\ud800", {1, 2}], "at": datetime(2026, 1, 1, tzinfo=UTC)},
        )
    event = new_lines().get()
    assert event.reason == "a?b?c'\"<"
    assert event.data == {"?": ["?", [1, 2]], "at": "2026-01-01T00:00:00+00:00"}
    assert verification.verify_log().holds


@pytest.mark.django_db
@pytest.mark.parametrize("value", [object(), b"bytes", float("nan")])
def test_values_without_exact_form_are_refused(value: object) -> None:
    """Nothing is stored approximately."""
    with pytest.raises((TypeError, ValueError)), transaction.atomic():
        log.record(actor=SUN_YUE, action=ACTION, data={"value": value})


@pytest.fixture
def eight_threads() -> list[threading.Thread]:
    """Threads that each record 25 transactions of 1 to 3 lines, some rolled back."""

    def work(number: int) -> None:
        try:
            for turn in range(25):
                try:
                    with transaction.atomic():
                        for _line in range(turn % 3 + 1):
                            log.record(actor=SUN_YUE, action=ACTION, data={"thread": number, "turn": turn})
                        if turn % 10 == 9:
                            raise LookupError
                except LookupError:
                    pass
        finally:
            connections.close_all()

    return [threading.Thread(target=work, args=(number,)) for number in range(8)]


def test_eight_threads_make_one_chain(new_lines: NewLines, eight_threads: list[threading.Thread]) -> None:
    """Nobody waits for the head before committing, so nobody deadlocks, and the chain has no gap and no fork."""
    for thread in eight_threads:
        thread.start()
    for thread in eight_threads:
        thread.join(60)
        assert not thread.is_alive()
    kept = 8 * sum(turn % 3 + 1 for turn in range(25) if turn % 10 != 9)
    assert new_lines().count() == kept
    total = Event.objects.count()
    assert list(Seal.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, total + 1))
    assert Head.objects.get().seq == Attestation.objects.get().seq == total
    assert verification.verify_log().holds
