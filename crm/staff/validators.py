"""What a password must be, beyond what Django's own validators ask."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


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
