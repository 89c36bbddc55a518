"""Who is told when the core refuses, fails or is silent: those on duty who place freezes, by page and mail, once."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from crm.calendar.services import bank_date
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty
from products.choices import InstructionAct
from products.models import CoreInstruction, Freeze

SILENT_TRIES = 6
"""After about a minute of silence people are told, once a day."""


def refused(freeze: Freeze, owed: CoreInstruction) -> None:
    """Tell that here and there differ now: only people can bring them together."""
    if owed.act == InstructionAct.PLACE:
        subject = gettext_noop("The core refused to place freeze %(freeze)s")
        body = gettext_noop("It binds here, but at the core money can move. Speak with the core's people, then have it told again.")
    else:
        subject = gettext_noop("The core refused to lift freeze %(freeze)s")
        body = gettext_noop("It has ended here, but the core holds the money. Speak with the core's people, then have it told again.")
    _tell("freeze.core_refused", subject, body, freeze, f"core-refused:{freeze.reference}:{owed.act}:{owed.telling}")


def failed(freeze: Freeze, owed: CoreInstruction, error: str) -> None:
    """Tell that the connector failed in a way it does not know; the instruction is sent again and the others go on."""
    subject = gettext_noop("The connection to the core failed on freeze %(freeze)s")
    body = gettext_noop("The error is %(error)s. The instruction is sent again, the others go on. Tell the people who run the connection.")
    _tell("freeze.core_failed", subject, body, freeze, f"core-failed:{freeze.reference}:{owed.act}:{owed.telling}", error=error)


def silent(owed: CoreInstruction, now: datetime) -> None:
    """Tell, once a day, that the core has not answered for a while."""
    if owed.attempts < SILENT_TRIES:
        return
    notify(
        recipients=people_on_duty("products.place_freeze"),
        kind="freeze.core_silent",
        subject=gettext_noop("The core does not answer"),
        body=gettext_noop("Freezes bind here, but at the core money can move. Instructions are sent again until the core answers."),
        url_name="products:freeze_list",
        key=f"core-silent:{bank_date(now):%Y-%m-%d}",
    )


def _tell(kind: str, subject: str, body: str, freeze: Freeze, key: str, **params: Any) -> None:
    notify(
        recipients=people_on_duty("products.place_freeze"),
        kind=kind,
        subject=subject,
        body=body,
        params={"freeze": freeze.reference, **params},
        url_name="products:freeze",
        url_args=(freeze.reference,),
        key=key,
    )
