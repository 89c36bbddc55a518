"""The verbs of accounts and freezes."""

from products.services.accounts import (
    HolderDiffers,
    NewAccount,
    SameAccountNumber,
    change_account,
    open_account,
    report_balance,
)
from products.services.core import Acknowledgement, CoreUnavailable, Instruction, send_core_instructions
from products.services.freezes import (
    AlreadyEnded,
    Blocking,
    FreezeNotAllowed,
    FreezeStands,
    ask_to_lift,
    blocking_freezes,
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
    "SameAccountNumber",
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
]
