"""Check digits, what an ID number says about its holder, and text that should not be in a free-text field."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as StdnumError

Sex = Literal["male", "female"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a resident ID number says about its holder."""

    birth_date: date
    sex: Sex


def identity_of(id_number: str) -> Identity | None:
    """Birth date and sex inside a resident ID number (GB 11643); None when it is not a valid one."""
    try:
        number = ric.validate(_ascii(id_number))
        born = ric.get_birth_date(number)
    except (StdnumError, ValueError):
        return None
    return Identity(birth_date=born, sex="male" if int(number[16]) % 2 else "female")


def validate_id_number(value: str) -> None:
    """Refuses what is not a resident ID number with the right check digit (GB 11643)."""
    if identity_of(value) is None:
        raise ValidationError(_("This is not a valid resident ID number: check the digits."), code="id_number")


def validate_uscc(value: str) -> None:
    """Refuses what is not a unified social credit code with the right check character (GB 32100)."""
    if not uscc.is_valid(_ascii(value)):
        raise ValidationError(_("This is not a valid unified social credit code: check the characters."), code="uscc")


def validate_card_number(value: str) -> None:
    """Refuses what is not a bank card number of 16 to 19 digits with the right check digit (Luhn)."""
    digits = _ascii(value).replace(" ", "")
    if not (re.fullmatch(r"[0-9]{16,19}", digits) and luhn.is_valid(digits)):
        raise ValidationError(_("This is not a valid card number: check the digits."), code="card_number")


def validate_mobile(value: str) -> None:
    """Refuses what is neither a mainland mobile number nor an international one that begins with +."""
    number = re.sub(r"[\s-]", "", _ascii(value))
    if not re.fullmatch(r"(?:(?:\+|00)?86)?1[3-9][0-9]{9}|\+[1-9][0-9]{6,14}", number):
        raise ValidationError(_("This is not a valid mobile number."), code="mobile")


def identity_conflicts(id_number: str, *, birth_date: date | None, sex: str) -> list[ValidationError]:
    """What in birth date and sex ("male", "female" or "") does not fit a resident ID number; empty when all fits."""
    identity = identity_of(id_number)
    if identity is None:
        return []
    conflicts = []
    if birth_date and birth_date != identity.birth_date:
        conflicts.append(
            ValidationError(
                _("The birth date does not fit the ID number, which says %(date)s."),
                code="birth_date",
                params={"date": identity.birth_date.isoformat()},
            )
        )
    if sex in ("male", "female") and sex != identity.sex:
        conflicts.append(ValidationError(_("The sex does not fit the ID number."), code="sex"))
    return conflicts


# -- free text

_GAP = r"[ \-]?"
_ID_SHAPE = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_MOBILE_SHAPE = re.compile(rf"(?<![0-9])(?:\+?86{_GAP})?1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}(?![0-9])")
_ACCOUNT_SHAPE = re.compile(rf"(?<![0-9A-Za-z.])[0-9](?:{_GAP}[0-9]){{11,21}}(?![0-9A-Za-z])")

_WARNINGS = {
    "id_number": _("The text looks as if it contained an ID number."),
    "mobile": _("The text looks as if it contained a mobile number."),
    "account": _("The text looks as if it contained an account number."),
}


def kinds_in(text: str) -> list[str]:
    """Which of id_number, mobile and account the text seems to contain (full-width digits included)."""
    rest = unicodedata.normalize("NFKC", text)
    found = []
    for kind, shape in (("id_number", _ID_SHAPE), ("mobile", _MOBILE_SHAPE), ("account", _ACCOUNT_SHAPE)):
        rest, count = shape.subn(" ", rest)
        if count:
            found.append(kind)
    return found


def warnings_in(text: str) -> list[str]:
    """Sentences to show beside a free-text field; such values belong in their own sealed fields."""
    return [str(_WARNINGS[kind]) for kind in kinds_in(text)]


def validate_no_sealed_data(value: str) -> None:
    """Refuses free text that seems to contain an ID, mobile or account number."""
    found = warnings_in(value)
    if found:
        raise ValidationError([ValidationError(sentence, code="sealed_data") for sentence in found])


def _ascii(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().upper()
