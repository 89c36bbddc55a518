"""Sweeps run when they are due, one worker at a time, and one that fails does not stop the others."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from crm.access.actor import SYSTEM
from crm.jobs import sweeps
from crm.jobs.models import SweepState
from crm.log.models import Event

ran: list[str] = []


def good() -> None:
    ran.append("good")


def bad() -> None:
    ran.append("bad")
    raise OSError("13812345678")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    ran.clear()
    monkeypatch.setattr(sweeps, "_sweeps", {})
    sweeps.register("a_bad", bad, 10)
    sweeps.register("b_good", good, 30)


@pytest.mark.django_db(transaction=True)
def test_due_sweeps_run_and_a_failing_one_is_written_down_once() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    with time_machine.travel(now, tick=False) as clock:
        assert sweeps.run_due(actor=SYSTEM) == ["a_bad", "b_good"]
        assert sweeps.run_due(actor=SYSTEM) == []
        clock.shift(timedelta(seconds=10))
        assert sweeps.run_due(actor=SYSTEM) == ["a_bad"]
        clock.shift(timedelta(seconds=20))
        assert sweeps.run_due(actor=SYSTEM) == ["a_bad", "b_good"]
    assert ran == ["bad", "good", "bad", "bad", "good"]
    state = SweepState.objects.get(name="b_good")
    assert (state.error, state.succeeded_at) == ("", now + timedelta(seconds=30))
    assert SweepState.objects.get(name="a_bad").error == "OSError"
    (line,) = Event.objects.filter(action="task.failed")
    assert line.data == {"task": "jobs.sweep", "sweep": "a_bad", "error": "OSError"}


def test_a_name_is_registered_once() -> None:
    with pytest.raises(Exception, match="twice"):
        sweeps.register("b_good", bad, 10)
