"""Typed search texts: their normal form, what they look like, and how they may be written down."""

import re
import unicodedata

from crm.log.masking import holds_number

ID_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]|[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
REFERENCE = re.compile(r"[A-Z]{1,3}-[0-9A-Z]{6,16}")
MOBILE = re.compile(r"(\+?86)?1[3-9][0-9]{9}")
LONGEST = 80


class Query(str):
    """What was typed: NFKC, trimmed, single spaces; a plain `str` to those who do not care."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> "Query":
        """The normal form of a typed text."""
        return cls(" ".join(unicodedata.normalize("NFKC", text).split()))

    @property
    def compact(self) -> str:
        """Without spaces and hyphens: numbers are typed in groups of four."""
        return re.sub(r"[\s-]", "", self)

    @property
    def digits(self) -> str:
        """The compact form when it is digits only, else an empty string."""
        return self.compact if re.fullmatch(r"[0-9]+", self.compact) else ""

    @property
    def is_id_number(self) -> bool:
        """Looks like a resident ID number (15, or 17 digits and a check character) or a unified social credit code."""
        return bool(ID_NUMBER.fullmatch(self.compact.upper()))

    @property
    def is_mobile(self) -> bool:
        """Looks like a mainland mobile number, with or without +86."""
        return bool(MOBILE.fullmatch(self.compact))

    @property
    def is_account(self) -> bool:
        """Looks like an account or card number."""
        return 12 <= len(self.digits) <= 30

    @property
    def is_sensitive(self) -> bool:
        """Holds something that must not be written in clear in a log."""
        return self.is_id_number or self.is_mobile or self.is_account or "@" in self

    @property
    def is_private(self) -> bool:
        """Holds something that must not stand in an address: the above, or a long number among words."""
        return self.is_sensitive or holds_number(self)

    @property
    def is_number(self) -> bool:
        """May be a whole number that stands masked on pages: the above, or a passport, a permit, a short account number; no reference.

        Looking for one takes a permission and is counted.
        """
        if self.is_private:
            return True
        text = self.compact
        return len(text) >= 8 and text.isalnum() and any(map(str.isdigit, text)) and not REFERENCE.fullmatch(self.upper())

    @property
    def masked(self) -> str:
        """Fit for the log: words as they are, numbers masked."""
        text = self.compact
        if self.is_mobile:
            return f"{text[-11:-8]}****{text[-4:]}"
        if "@" in self:
            return f"{self[:1]}***@{self.rpartition('@')[2]}"
        if self.is_sensitive:
            return f"{text[:2]}{'*' * (len(text) - 6)}{text[-4:]}"
        if self.is_number and text.isascii() and not self.is_private:
            return f"{'*' * (len(text) - 2)}{text[-2:]}"
        # A longer text may still hold a number: of any run of six digits or more only the last two stay.
        return re.sub(r"[0-9]{6,}", lambda run: "*" * (len(run[0]) - 2) + run[0][-2:], self)
