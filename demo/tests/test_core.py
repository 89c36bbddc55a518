"""The demo core acknowledges, repeats itself for the same instruction, and can be switched off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string

from demo.core import Core, standing
from products.services import CoreUnavailable, Instruction

INSTRUCTION = Instruction(
    key="F-2345ABCD:place", act="place", freeze_reference="F-2345ABCD", kind="debit_block", core_customer_number="621700010001",
    account_reference="A-2345ABCD", amount="",
)  # fmt: skip


def test_same_instruction_same_answer(settings: object, tmp_path: Path) -> None:
    """A repetition is recognised by its key."""
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    first, second = Core().send(INSTRUCTION), Core().send(INSTRUCTION)
    assert first.accepted
    assert first == second


def test_it_lifts_only_what_it_was_told_to_place(settings: object, tmp_path: Path) -> None:
    """Like a real core: instructions in the wrong order are refused, and what was lifted is not placed anew by an old one."""
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    lift = replace(INSTRUCTION, key="F-2345ABCD:lift", act="lift")
    assert not Core().send(lift).accepted
    assert not Core().send(lift).accepted
    assert Core().send(INSTRUCTION).accepted
    assert standing() == {"F-2345ABCD"}
    assert Core().send(replace(lift, key="F-2345ABCD:lift:2")).accepted
    assert standing() == set()
    assert not Core().send(replace(INSTRUCTION, key="F-2345ABCD:place:2")).accepted


def test_switched_off_it_does_not_answer(settings: object, tmp_path: Path) -> None:
    """`manage.py demo_core off` makes it silent for every process of the home, `on` brings it back."""
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    call_command("demo_core", "off")
    with pytest.raises(CoreUnavailable):
        Core().send(INSTRUCTION)
    call_command("demo_core", "on")
    assert Core().send(INSTRUCTION).accepted


def test_settings_name_it() -> None:
    """The path in the settings leads to this class."""
    from crm import settings

    assert import_string(settings.CORE_CONNECTOR) is Core
