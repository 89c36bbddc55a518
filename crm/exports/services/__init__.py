"""The verbs of exports."""

from crm.exports.services.caps import cap_of
from crm.exports.services.making import ASK, make, make_failed
from crm.exports.services.permits import (
    APPROVE,
    VIEW,
    NothingToDownload,
    RightsEnded,
    apply_approval,
    ask,
    close_refused,
    download,
    expire,
)

__all__ = [
    "APPROVE",
    "ASK",
    "VIEW",
    "NothingToDownload",
    "RightsEnded",
    "apply_approval",
    "ask",
    "cap_of",
    "close_refused",
    "download",
    "expire",
    "make",
    "make_failed",
]
