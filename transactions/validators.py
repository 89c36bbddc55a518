"""Reading amounts, times and codes strictly: ASCII only, one meaning each, and a reason in words for what cannot be read."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from crm.access.errors import Conflict, DomainError

REASONS = {
    "missing": _("A value is needed."),
    "too_long": _("Longer than %(limit)s characters."),
    "control_character": _("Contains a control character."),
    "full_width": _("Contains full-width characters (%(found)s). Write digits and signs as 0-9 . , -"),
    "amount_unreadable": _("“%(value)s” is not an amount. Write it like 1234.50 or 1,234.50."),
    "amount_not_positive": _("The amount must be above zero."),
    "amount_too_fine": _("More than %(places)s digits after the point."),
    "amount_too_large": _("More than %(digits)s digits before the point."),
    "both_sides": _("Both the debit and the credit column hold an amount."),
    "neither_side": _("Neither the debit nor the credit column holds an amount."),
    "time_unreadable": _("“%(value)s” is not a date or time. Write it like 2026-11-20 14:30:05, 2026/11/20 or 20261120."),
    "no_such_time": _("“%(value)s” does not exist in the calendar."),
    "in_future": _("Lies more than 5 minutes in the future."),
    "too_early": _("Lies before the year 2000."),
    "unknown_code": _("“%(value)s” is not one of the values known here: %(known)s."),
    "completed_not_declared": _("This source asks before money moves: its transactions cannot arrive as completed."),
    "unknown_source": _("This source is not known, is switched off, or you may not speak for it."),
    "unknown_account": _("No account with this number or reference."),
    "account_rounded": _("“%(value)s” was written as a number and has lost digits. Format the column as text and save the file again."),
    "currency_unreadable": _("“%(value)s” is not a currency code: three to eight letters or digits, like CNY."),
    "country_unreadable": _("“%(value)s” is not a country code of two letters."),
    "external_id_unreadable": _("The transaction id takes 1 to 64 visible ASCII characters."),
    "columns_differ": _("The row has %(found)s columns, the heading has %(expected)s."),
    "twice_in_file": _("The same transaction id stands with other content in row %(row)s."),
    "stored_differently": _("A transaction with this id is stored with another value of: %(fields)s."),
    "not_an_object": _("Each transaction must be an object."),
    "unknown_field": _("This field is not known: %(names)s."),
    "not_text": _("A text is needed."),
    "not_boolean": _("true or false is needed."),
}
"""Every reason for which a row can be refused as unreadable or contradictory, by code; ``%(name)s`` are its parameters."""

EARLIEST = date(2000, 1, 1)
# Fourteen: times the dearest rate known (a coin of a million CNY) it still fits the CNY column.
INTEGER_DIGITS, DECIMAL_PLACES = 14, 18
PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?\Z")
EXTERNAL_ID = re.compile(r"[!-~]{1,64}\Z")
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,7}\Z")
COUNTRY = re.compile(r"[A-Z]{2}\Z")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""The letters of the Unicode categories Cc and Cs."""
USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?\Z")
"""The spelling of a moment that the language itself reads, many times quicker."""
MOMENT = re.compile(
    r"(?P<y>[0-9]{4})(?P<s>[-/.]?)(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"
    r"(?:[T ]?(?P<H>[0-9]{1,2}):?(?P<M>[0-9]{2})(?::?(?P<S>[0-9]{2})(?:\.(?P<f>[0-9]{1,6}))?)?)?"
    r"(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)


def _say(code: str, params: Mapping[str, Any]) -> str:
    return str(REASONS[code]) % {name: str(value) for name, value in params.items()}


reason_text = lazy(_say, str)
"""``reason_text(code, params)``: the reason in the reader's language."""


class BadValue(DomainError):
    """A value that cannot be read, or contradicts what is stored; ``code`` and ``params`` say it in any language."""

    def __init__(self, code: str, field: str | None = None, **params: Any) -> None:
        super().__init__(reason_text(code, params), code=code, field=field)
        self.params = params


class StoredDifferently(BadValue, Conflict):
    """The (source, id) is taken by a transaction with other content."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("stored_differently", "external_id", fields=", ".join(fields))
        self.fields = fields


def plain_text(text: str, limit: int, field: str, *, required: bool = False) -> str:
    """Return the text without outer blanks; refuses control characters and what is too long."""
    value = text.strip()
    if CONTROL.search(value):
        raise BadValue("control_character", field)
    if len(value) > limit:
        raise BadValue("too_long", field, limit=limit)
    if required and not value:
        raise BadValue("missing", field)
    return value


def _ascii(text: str, field: str) -> str:
    if text.isascii():
        return text
    wide = sorted({letter for letter in text if unicodedata.east_asian_width(letter) in ("F", "W")})
    if wide:
        raise BadValue("full_width", field, found=" ".join(wide[:5]))
    return text


def read_amount(text: str, field: str = "amount", *, grouped: bool = True) -> Decimal:
    """Return a positive amount from ``1234.50`` (or ``1,234.50`` where groups are allowed). No sign, blank, exponent or underscore."""
    _ascii(text, field)
    if not (PLAIN.match(text) or (grouped and GROUPED.match(text))):
        raise BadValue("amount_unreadable", field, value=text[:40])
    return check_amount(Decimal(text.replace(",", "")), field)


def read_signed_amount(text: str, field: str = "amount") -> Decimal:
    """Return an amount with an optional sign, for files in which the sign says the direction; never zero."""
    _ascii(text, field)
    sign = -1 if text[:1] == "-" else 1
    return sign * read_amount(text[1:] if text[:1] in ("+", "-") else text, field)


def _places(amount: Decimal) -> int:
    """Count the digits after the point; by hand, because Decimal's own arithmetic rounds or fails beyond 28 digits."""
    _sign, digits, exponent = amount.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return -int(exponent) - zeros


def check_amount(amount: Decimal, field: str = "amount") -> Decimal:
    """Return the amount if the ledger can hold it exactly and it is above zero."""
    if not amount.is_finite():
        raise BadValue("amount_unreadable", field, value=str(amount))
    if amount <= 0:
        raise BadValue("amount_not_positive", field)
    if amount.adjusted() >= INTEGER_DIGITS:
        raise BadValue("amount_too_large", field, digits=INTEGER_DIGITS)
    if int(amount.as_tuple().exponent) < -DECIMAL_PLACES and _places(amount) > DECIMAL_PLACES:
        raise BadValue("amount_too_fine", field, places=DECIMAL_PLACES)
    return amount


def read_moment(text: str, field: str = "occurred_at") -> datetime:
    """Return the moment written; aware when an offset is given, else naive (the source's zone applies). A date alone is midnight."""
    if USUAL.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise BadValue("no_such_time", field, value=text[:40]) from None
    _ascii(text, field)
    found = MOMENT.match(text)
    # Without separators only full digits are unambiguous: 20261120, never 2026112.
    if found is None or (not found["s"] and len(found["m"] + found["d"]) != 4):
        raise BadValue("time_unreadable", field, value=text[:40])
    micros = int((found["f"] or "0").ljust(6, "0"))
    try:
        day = date(int(found["y"]), int(found["m"]), int(found["d"]))
        clock = time(int(found["H"] or 0), int(found["M"] or 0), int(found["S"] or 0), micros)
        moment = datetime.combine(day, clock)
        if found["z"]:
            moment = datetime.fromisoformat(f"{moment.isoformat()}{found['z']}")
    except ValueError:
        raise BadValue("no_such_time", field, value=text[:40]) from None
    return moment


def read_currency(text: str, field: str = "currency") -> str:
    """Return an ISO or token code in capitals."""
    _ascii(text, field)
    code = text.upper()
    if not CURRENCY.match(code):
        raise BadValue("currency_unreadable", field, value=text[:20])
    return code


def read_country(text: str, field: str = "counterparty_country") -> str:
    """Return an ISO country code in capitals."""
    _ascii(text, field)
    code = text.upper()
    if not COUNTRY.match(code):
        raise BadValue("country_unreadable", field, value=text[:20])
    return code


def read_external_id(text: str, field: str = "external_id") -> str:
    """Return the source's own id: visible ASCII, so that no two spellings look alike."""
    if not text:
        raise BadValue("missing", field)
    if not EXTERNAL_ID.match(text):
        raise BadValue("external_id_unreadable", field)
    return text


def known_zone(name: str) -> None:
    """Refuse a time zone that the system does not know."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(_("“%(name)s” is not a time zone."), params={"name": name}) from None
