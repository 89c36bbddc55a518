"""The core hears what it must, in order, once; what it refuses or breaks on is told to people.

Requirements: R130, R132.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.approvals import services as approvals
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from products import services
from products.choices import FreezeState, InstructionState
from products.models import Account, CoreInstruction, Freeze
from products.services import core

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class BookkeepingCore:
    """Keeps what stands, like a real one: it lifts nothing that it was not told to place. ``before`` runs at each call."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.stands: set[str] = set()
        self.refuses: set[str] = set()
        self.before: Callable[[core.Instruction], None] = lambda _instruction: None

    def send(self, instruction: core.Instruction) -> core.Acknowledgement:
        """Answer."""
        self.before(instruction)
        self.heard.append(instruction.key)
        known = instruction.freeze_reference in self.stands
        accepted = instruction.act not in self.refuses and (instruction.act == "place" or known)
        if accepted:
            (self.stands.add if instruction.act == "place" else self.stands.discard)(instruction.freeze_reference)
        return core.Acknowledgement(accepted=accepted, core_reference="CB1", message="" if accepted else "no")


@pytest.fixture
def bank_core(monkeypatch: pytest.MonkeyPatch) -> BookkeepingCore:
    """The core of the test, connected."""
    found = BookkeepingCore()
    monkeypatch.setattr(core, "connector", lambda: found)
    return found


@pytest.fixture
def silent(bank_core: BookkeepingCore) -> Callable[[core.Instruction], None]:
    """What makes the core silent."""

    def says_nothing(_instruction: core.Instruction) -> None:
        raise core.CoreUnavailable("no answer")

    return says_nothing


@pytest.fixture
def ours(salary_account: Account, zhou_min: User) -> Freeze:
    """A payment stop of our own."""
    return placed(salary_account, zhou_min)


def placed(account: Account, officer: User) -> Freeze:
    """Place a payment stop."""
    return services.place_freeze(actor=as_actor(officer), customer=account.customer, account=account, kind="payment_stop", reason="核实中")


def lift(freeze: Freeze, officer: User, supervisor: User) -> None:
    """Lift it by two people."""
    request = services.ask_to_lift(actor=as_actor(officer), freeze=freeze, reason="客户已说明")
    shown = approvals.hash_of(request)
    approvals.decide(actor=as_actor(supervisor), request=request, approve=True, reason="同意", shown_hash=shown)


def send(after: timedelta = timedelta(0)) -> int:
    """Let a worker send what is due so long from now."""
    return services.send_core_instructions(actor=SYSTEM, at=timezone.now() + after)


def states(freeze: Freeze) -> dict[str, str]:
    """Return how the instructions stand, by act."""
    return dict(freeze.instructions.values_list("act", "state"))


def test_a_placing_that_waited_is_heard_before_its_lifting(
    ours: Freeze, bank_core: BookkeepingCore, silent: Any, zhou_min: User, supervisor: User
) -> None:
    """After an outage the lifting is due earlier than the placing, which was tried again and again."""
    bank_core.before = silent
    for hour in range(6):
        assert send(hour * HOUR) == 0
    lift(ours, zhou_min, supervisor)
    bank_core.before = lambda _instruction: None
    assert send(7 * HOUR) == 2
    assert bank_core.heard == [f"{ours.reference}:place", f"{ours.reference}:lift"]
    assert bank_core.stands == set()
    assert states(ours) == {"place": "acknowledged", "lift": "acknowledged"}


def test_what_the_core_was_never_told_is_not_lifted_there(
    ours: Freeze, bank_core: BookkeepingCore, zhou_min: User, supervisor: User
) -> None:
    lift(ours, zhou_min, supervisor)
    assert send(HOUR) == 0
    assert bank_core.heard == []
    assert states(ours) == {"place": "cancelled", "lift": "cancelled"}
    assert Event.objects.get(action="core.cancelled").data == {"acts": ["place", "lift"]}
    assert "Not needed" in browser(zhou_min).get(reverse("products:freeze", args=[ours.reference])).content.decode()


def test_what_the_core_refused_is_not_lifted_there(ours: Freeze, bank_core: BookkeepingCore, zhou_min: User, supervisor: User) -> None:
    bank_core.refuses = {"place"}
    assert send() == 1
    lift(ours, zhou_min, supervisor)
    assert send(HOUR) == 0
    assert states(ours) == {"place": "failed", "lift": "cancelled"}


def test_a_lifting_behind_a_refused_placing_is_cancelled(
    ours: Freeze, bank_core: BookkeepingCore, silent: Any, zhou_min: User, supervisor: User
) -> None:
    """The placing was sent and not answered, so it might have stood: it is sent until the core says that it does not."""
    bank_core.before = silent
    send()
    lift(ours, zhou_min, supervisor)
    bank_core.before, bank_core.refuses = (lambda _instruction: None), {"place"}
    assert send(HOUR) == 1
    assert states(ours) == {"place": "failed", "lift": "cancelled"}
    assert Freeze.objects.get().state == FreezeState.LIFTED


def test_a_refused_placing_is_told_to_the_people_on_duty(
    ours: Freeze, bank_core: BookkeepingCore, zhou_min: User, supervisor: User, sun_yue: User
) -> None:
    bank_core.refuses = {"place"}
    send()
    told = Notice.objects.filter(kind="freeze.core_refused")
    assert {notice.user.number for notice in told} >= {"82001", "82002"}
    assert "80001" not in {notice.user.number for notice in told}
    assert {notice.url_name for notice in told} == {"products:freeze"}
    page = browser(zhou_min).get(reverse("products:freeze", args=[ours.reference])).content.decode()
    assert "The core refused this freeze" in page


def test_a_refused_lifting_shows_on_page_badge_and_list_until_the_core_obeys(
    ours: Freeze, bank_core: BookkeepingCore, zhou_min: User, supervisor: User
) -> None:
    send()
    bank_core.refuses = {"lift"}
    lift(ours, zhou_min, supervisor)
    assert send() == 1
    assert Notice.objects.filter(kind="freeze.core_refused", user=zhou_min).count() == 1
    client, page = browser(zhou_min), reverse("products:freeze", args=[ours.reference])
    assert "Core refused the lifting" in client.get(page).content.decode()
    assert "The core refused to lift this freeze" in client.get(page).content.decode()
    refused = reverse("products:freeze_list") + "?refused=on"
    assert ours.reference in client.get(refused).content.decode()
    assert "Core refused the lifting" in client.get(refused).content.decode()

    bank_core.refuses = set()
    again = reverse("products:freeze_tell_core", args=[ours.reference])
    assert client.get(again).status_code == 405
    assert client.post(again).status_code == 302
    assert send() == 1
    assert bank_core.heard[-1] == f"{ours.reference}:lift:2"
    assert "Core refused the lifting" not in client.get(page).content.decode()
    assert (states(ours)["lift"], Freeze.objects.get().lift_refused_at) == ("acknowledged", None)
    with pytest.raises(services.NothingRefused):
        services.tell_core_again(actor=as_actor(zhou_min), freeze=ours)


def test_a_refused_placing_can_be_told_again(ours: Freeze, bank_core: BookkeepingCore, zhou_min: User) -> None:
    bank_core.refuses = {"place"}
    send()
    assert Freeze.objects.get().state == FreezeState.FAILED
    bank_core.refuses = set()
    services.tell_core_again(actor=as_actor(zhou_min), freeze=ours)
    assert Freeze.objects.get().state == FreezeState.PENDING
    assert send() == 1
    assert Freeze.objects.get().state == FreezeState.IN_FORCE
    assert bank_core.heard == [f"{ours.reference}:place", f"{ours.reference}:place:2"]


def test_an_unknown_error_is_counted_and_told_and_keeps_nobody_waiting(
    ours: Freeze, spare_account: Account, bank_core: BookkeepingCore, zhou_min: User
) -> None:
    other = placed(spare_account, zhou_min)

    def breaks_on_the_first(instruction: core.Instruction) -> None:
        if instruction.freeze_reference == ours.reference:
            raise ValueError("6222020000001238821 broke it")

    bank_core.before = breaks_on_the_first
    assert send() == 1
    assert Freeze.objects.get(pk=other.pk).state == FreezeState.IN_FORCE
    broken = ours.instructions.get()
    assert (broken.state, broken.attempts, broken.faults, broken.message) == ("owed", 1, 1, "ValueError")
    send(HOUR)
    broken.refresh_from_db()
    assert (broken.attempts, broken.faults) == (2, 2)
    assert Notice.objects.filter(kind="freeze.core_failed", user=zhou_min).count() == 1
    line = Event.objects.filter(action="core.failed").latest("pk")
    assert (line.result, line.data["error"], line.data["faults"]) == ("failed", "ValueError", 2)
    assert "6222020000001238821" not in str(list(Event.objects.values())) + str(list(Notice.objects.values()))
    bank_core.before = lambda _instruction: None
    assert send(2 * HOUR) == 1


def test_what_is_no_acknowledgement_counts_as_an_error(ours: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless:
        """Forgets to answer."""

        def send(self, _instruction: core.Instruction) -> Any:
            """Say nothing."""
            return None

    monkeypatch.setattr(core, "connector", Careless)
    assert send() == 0
    assert (CoreInstruction.objects.get().faults, Freeze.objects.get().state) == (1, FreezeState.PENDING)


def test_a_long_silence_is_told_once(ours: Freeze, bank_core: BookkeepingCore, silent: Any, zhou_min: User) -> None:
    bank_core.before = silent
    for minute in range(0, 60, 10):
        assert not Notice.objects.filter(kind="freeze.core_silent").exists()
        send(timedelta(minutes=minute))
    send(timedelta(minutes=70))
    assert Notice.objects.filter(kind="freeze.core_silent", user=zhou_min).count() == 1


def test_a_worker_that_dies_while_it_asks_leaves_the_instruction_owed(ours: Freeze, bank_core: BookkeepingCore) -> None:
    """The core may have heard it: the same key comes again when the claim has run out, and not before."""

    def dies(_instruction: core.Instruction) -> None:
        raise SystemExit

    bank_core.before = dies
    with pytest.raises(SystemExit):
        send()
    bank_core.before = lambda _instruction: None
    assert send() == 0
    assert send(core.CLAIM_LASTS + timedelta(seconds=1)) == 1
    owed = CoreInstruction.objects.get()
    assert (owed.state, owed.attempts, bank_core.heard) == (InstructionState.ACKNOWLEDGED, 2, [f"{ours.reference}:place"])


def test_an_answer_that_comes_after_the_claim_ran_out_is_not_written_twice(ours: Freeze, bank_core: BookkeepingCore) -> None:
    def another_worker_is_quicker(_instruction: core.Instruction) -> None:
        bank_core.before = lambda _instruction: None
        assert send(core.CLAIM_LASTS + timedelta(seconds=1)) == 1

    bank_core.before = another_worker_is_quicker
    assert send() == 0
    assert bank_core.heard == [f"{ours.reference}:place"] * 2
    assert Event.objects.filter(action="core.answered").count() == 1
    assert Freeze.objects.get().state == FreezeState.IN_FORCE


@pytest.mark.django_db(transaction=True)
def test_the_core_is_asked_while_no_transaction_is_open(ours: Freeze, bank_core: BookkeepingCore) -> None:
    found = []
    bank_core.before = lambda _instruction: found.append(connection.in_atomic_block)
    assert send() == 1
    assert found == [False]


@pytest.mark.django_db(transaction=True)
def test_a_second_worker_neither_repeats_nor_overtakes(ours: Freeze, bank_core: BookkeepingCore, zhou_min: User, supervisor: User) -> None:
    """While one worker has the core on the line, the freeze is lifted: the other worker leaves the lifting until placing is answered."""
    on_the_line, go_on = threading.Event(), threading.Event()

    def waits(_instruction: core.Instruction) -> None:
        bank_core.before = lambda _instruction: None
        on_the_line.set()
        assert go_on.wait(30)

    def worker() -> None:
        try:
            send()
        finally:
            connection.close()

    bank_core.before = waits
    first = threading.Thread(target=worker)
    first.start()
    assert on_the_line.wait(30)
    lift(ours, zhou_min, supervisor)
    assert send() == 0
    assert bank_core.heard == []
    go_on.set()
    first.join(30)
    send()
    assert bank_core.heard == [f"{ours.reference}:place", f"{ours.reference}:lift"]
    assert bank_core.stands == set()
