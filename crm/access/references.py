"""Public references: random, short, safe to read aloud; integer keys never leave the house."""

import secrets
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    Text = models.CharField[str, str]
else:
    Text = models.CharField

# No 0/O, 1/I/L and no U, so that a reference survives a telephone call.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
PATTERN = r"[A-Z]{1,3}-[2-9A-HJKMNP-TV-Z]{4,20}"


def new_reference(prefix: str, length: int = 8) -> str:
    """Return a fresh random reference such as ``C-7K3MQ2XW``; uniqueness is up to the caller."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _place in range(length))


_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def new_references(prefix: str, length: int, count: int) -> list[str]:
    """Return many fresh random references, for rows written in bulk (several times quicker than one by one)."""
    size = length + 8
    drawn = secrets.token_bytes(size * count)
    return [f"{prefix}-{_letters(int.from_bytes(drawn[at : at + size]), length)}" for at in range(0, size * count, size)]


def _letters(number: int, length: int) -> str:
    letters = []
    for _place in range(length // 2):
        number, rest = divmod(number, len(_PAIRS))
        letters.append(_PAIRS[rest])
    if length % 2:
        letters.append(ALPHABET[number % len(ALPHABET)])
    return "".join(letters)


class ReferenceField(Text):
    """A unique reference, filled at the first save; takes another one when it is taken already.

    ``bulk_create`` of many rows should set it beforehand with ``new_reference``: one query less a row.
    """

    def __init__(self, *args: Any, prefix: str = "X", length: int = 8, **kwargs: Any) -> None:
        self.prefix = prefix
        self.length = length
        kwargs["max_length"] = len(prefix) + 1 + length
        kwargs.setdefault("unique", True)  # a row's versions in its history share one
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Return the arguments for migrations, without those that are always the same."""
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "unique", "editable"):
            kwargs.pop(fixed, None)
        if not self.unique:
            kwargs["unique"] = False
        return name, path, args, {**kwargs, "prefix": self.prefix, "length": self.length}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the reference, after making one that no other row has."""
        value = getattr(model_instance, self.attname)
        if value:
            return value
        rows = type(model_instance)._base_manager.all()
        value = new_reference(self.prefix, self.length)
        while rows.filter(**{self.attname: value}).exists():
            value = new_reference(self.prefix, self.length)
        setattr(model_instance, self.attname, value)
        return value


class ReferenceConverter:
    """Path converter ``<ref:reference>``: ASCII only, exact alphabet."""

    regex = PATTERN

    def to_python(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return the text as it is."""
        return value
