"""What a password must be, beyond what Django's own validators ask."""

import hashlib
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

ASVS = "asvs"
HOUSE_WORDS = ("password", "passw0rd", "welcome", "qwerty", "admin", "bank", "yinhang", "mima", "银行", "密码")
"""What everybody here would think of first; ``CRM_PASSWORD_WORDS`` adds the bank's own names."""


class LengthValidator(password_validation.MinimumLengthValidator):
    """Django's own length rule, in the words of this house."""

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Use at least %(length)d characters.") % {"length": self.min_length}

    get_error_message = get_help_text


class CommonValidator(password_validation.CommonPasswordValidator):
    """Django's own list of common passwords, in the words of this house."""

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Do not use one of the passwords that many people use.")

    get_error_message = get_help_text


class SimilarityValidator(password_validation.UserAttributeSimilarityValidator):
    """Django's own comparison with what is known of the person, in the words of this house."""

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Do not use anything that resembles your own data.")


class CharacterClassesValidator:
    """Profile mlps3: three of the four classes small letters, capitals, digits, others."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ``ValidationError`` when fewer classes occur."""
        tests = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
        if sum(any(test(letter) for letter in password) for test in tests) < self.classes:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Use at least %(classes)d of these: small letters, capital letters, digits, other characters.") % {"classes": self.classes}


class OwnDataValidator:
    """Refuses a password that contains the employee number, the name or its pinyin, whatever the case."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ``ValidationError`` when own data of three letters or more is in the password."""
        if user is None:
            return
        parts = [user.number, user.name.replace(" ", ""), user.name_pinyin.replace(" ", ""), user.email.partition("@")[0]]
        if any(len(part) >= 3 and part.casefold() in password.casefold() for part in parts):
            raise ValidationError(self.get_help_text(), code="password_own_data")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Do not use your name, employee number or e-mail address.")


class HouseWordsValidator:
    """Refuses what everybody here would think of first, whatever the case (ASVS 5.0, 6.1.2 and 6.2.11)."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ``ValidationError`` when one of the words is in the password."""
        if any(word.casefold() in password.casefold() for word in (*HOUSE_WORDS, *settings.PASSWORD_WORDS)):
            raise ValidationError(self.get_help_text(), code="password_house_word")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Do not use words such as “password”, “bank” or the name of this bank.")


class BreachedPasswordValidator:
    """Profile asvs: refuses what stands in the file of stolen passwords (``BREACHED_PASSWORDS_FILE``), without network."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ``ValidationError`` for a password that thieves know."""
        path = str(settings.BREACHED_PASSWORDS_FILE)
        if path and stands_in(Path(path), hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Do not use a password that stands in lists of stolen passwords.")


def stands_in(path: Path, wanted: str) -> bool:
    """Return whether a line of a sorted file begins with the text; some forty reads, however large the file."""
    size, key = path.stat().st_size, wanted.encode()
    if not size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            start = lines.rfind(b"\n", 0, middle) + 1
            line = lines[start : start + len(key)]
            if line == key:
                return True
            end = lines.find(b"\n", start)
            low, high = (end + 1 if end >= 0 else size, high) if line < key else (low, start)
    return False


@register(Tags.security)
def breached_list_is_there(**_more: Any) -> Iterable[CheckMessage]:
    """Profile asvs in production: the file of stolen passwords is named and can be read."""
    path = str(settings.BREACHED_PASSWORDS_FILE)
    if settings.PRODUCTION and settings.PASSWORD_PROFILE == ASVS and not (path and Path(path).is_file()):
        yield Error(
            "The profile asvs has no list of stolen passwords.",
            hint="Set CRM_BREACHED_PASSWORDS_FILE to a sorted file of SHA-1 hashes, or CRM_PASSWORD_PROFILE=mlps3.",
            id="staff.E001",
        )
