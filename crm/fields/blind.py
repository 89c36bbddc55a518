"""Finding a sealed value by equality without opening anything."""

import re
import unicodedata
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from crm.fields import keyring

# label of a sealed field -> kind of its mask; filled as models are loaded, it decides how text is normalised
KINDS: dict[str, str] = {}

_SPACE = re.compile(r"[\s\u200b\ufeff]+")
_SEPARATORS = re.compile(r"[\s\u200b\ufeff\-‐‑–—_.·]+")
_CHINA = re.compile(r"^(?:\+?86|0086)(?=1\d{10}$)")


def normalise(kind: str, text: str) -> str:
    """The one spelling of a value that its index is made of (full width, case, spaces, separators, +86)."""
    if kind == "account" and text.isascii() and text.isalnum():
        return text.upper()  # as nearly all of a file's numbers are; what follows would change nothing else
    value = unicodedata.normalize("NFKC", text).strip()
    if kind == "email":
        return _SPACE.sub("", value).lower()
    if kind in {"id_number", "mobile", "account"}:
        value = _SEPARATORS.sub("", value).upper()
        return _CHINA.sub("", value) if kind == "mobile" else value
    return _SPACE.sub(" ", value).casefold()


def blind_index(label: str, text: str) -> bytes:
    """The 16 bytes to compare with the ``…_index`` column; the same for every spelling of the value."""
    return keyring.index_digest(label, normalise(KINDS.get(label, "text"), text))


class BlindIndexField(models.BinaryField):  # type: ignore[type-arg]
    """A bytea of 16 bytes, filled by the sealed field that names it; NULL when there is no value."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 16
        kwargs["null"] = True
        kwargs.setdefault("db_index", True)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Without what is always so."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        kwargs.pop("null", None)
        return name, path, args, {**kwargs, "db_index": bool(getattr(self, "db_index", True))}

    def get_internal_type(self) -> str:
        """Stored as bytea."""
        return "BinaryField"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Bytes only: text would have to be digested under a label first."""
        if isinstance(value, str):
            raise TypeError(f"{self.name} is compared with blind_index(label, text), not with text")
        return super().get_db_prep_value(value, connection, prepared)
