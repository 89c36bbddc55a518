"""The verbs of accounts and freezes."""

from products.services.accounts import (
    HolderDiffers,
    NewAccount,
    SameAccountNumber,
    SecondPersonNeeded,
    ask_to_change,
    change_account,
    open_account,
    report_balance,
)
from products.services.blocking import Blocking, blocking_freezes
from products.services.core import (
    Acknowledgement,
    CoreUnavailable,
    Instruction,
    NothingRefused,
    send_core_instructions,
    tell_core_again,
)
from products.services.freezes import (
    AlreadyEnded,
    FreezeNotAllowed,
    FreezeStands,
    ask_to_lift,
    confirm_freeze,
    lapse_freezes,
    lift_freeze,
    place_freeze,
)

__all__ = [
    "Acknowledgement",
    "AlreadyEnded",
    "Blocking",
    "CoreUnavailable",
    "FreezeNotAllowed",
    "FreezeStands",
    "HolderDiffers",
    "Instruction",
    "NewAccount",
    "NothingRefused",
    "SameAccountNumber",
    "SecondPersonNeeded",
    "ask_to_change",
    "ask_to_lift",
    "blocking_freezes",
    "change_account",
    "confirm_freeze",
    "lapse_freezes",
    "lift_freeze",
    "open_account",
    "place_freeze",
    "report_balance",
    "send_core_instructions",
    "tell_core_again",
]
