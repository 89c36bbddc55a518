"""The maker's list of hardware tokens: CSV with the columns serial, secret (hexadecimal), type, digits, counter, period."""

import csv
import io

from django.utils.translation import gettext as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.factors.choices import Counting
from crm.factors.services.tokens import TokenRow, import_tokens

MOST = 5_000
NEEDED = {"serial", "secret", "type"}
TYPES = {"totp": Counting.TIME, "time": Counting.TIME, "hotp": Counting.EVENT, "event": Counting.EVENT}


class BadList(DomainError):
    """The list cannot be read; the message names the line. Nothing was imported."""

    code = "bad_list"
    field = "file"


def load_tokens(*, actor: Actor, content: bytes) -> int:
    """Return how many tokens of the list were imported: all or none. Raises ``BadList`` with the number of the first bad line."""
    return import_tokens(actor=actor, rows=read_list(content))


def read_list(content: bytes) -> list[TokenRow]:
    """Return the rows of a list."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = {(name or "").strip().lower() for name in reader.fieldnames or ()}
        if not columns >= NEEDED:
            raise BadList(_("The list needs the columns serial, secret and type."))
        lines = [{(name or "").strip().lower(): (value or "") for name, value in line.items() if isinstance(value, str)} for line in reader]
    except (UnicodeDecodeError, csv.Error):
        raise BadList(_("The list is not a CSV file in UTF-8.")) from None
    if not 0 < len(lines) <= MOST:
        raise BadList(_("The list must hold 1 to 5,000 tokens."))
    rows = [_row(line, place) for place, line in enumerate(lines, start=2)]
    if len({row.serial for row in rows}) != len(rows):
        raise BadList(_("A serial number occurs twice."))
    return rows


def _row(line: dict[str, str], place: int) -> TokenRow:
    values = {name: value.strip() for name, value in line.items()}
    try:
        row = TokenRow(
            serial=values["serial"],
            secret=bytes.fromhex(values["secret"]),
            counting=TYPES[values["type"].lower()],
            digits=_number(values.get("digits"), 6),
            counter=_number(values.get("counter"), 0),
            step_seconds=_number(values.get("period"), 30),
        )
    except (ValueError, KeyError):
        row = None
    plain = row is not None and row.serial.isascii() and row.serial.isprintable() and 3 <= len(row.serial) <= 40
    # RFC 4226, section 4: a secret has at least 128 bits.
    if row is None or not plain or not 16 <= len(row.secret) <= 64 or row.digits not in (6, 8) or row.step_seconds not in (30, 60):
        raise BadList(
            _("Line %(line)s cannot be read: a secret of 16 to 64 bytes in hexadecimal, totp or hotp, 6 or 8 digits, 30 or 60 seconds.")
            % {"line": place}
        )
    return row


def _number(text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(text)
    return int(text)
