"""Fields of the API that take exactly one JSON type and read it strictly."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from transactions.validators import (
    BadValue,
    plain_text,
    read_amount,
    read_country,
    read_currency,
    read_external_id,
    read_moment,
    reason_text,
)


class _Strict(serializers.Field[Any, Any, Any, Any]):
    """Text, read by one of the product's readers; no other JSON type is taken for it."""

    def to_internal_value(self, data: Any) -> Any:
        """Return what the reader makes of the text."""
        if not isinstance(data, str):
            raise ValidationError(str(reason_text("not_text", {})), code="not_text")
        try:
            return self.read(data)
        except BadValue as problem:
            raise ValidationError(str(problem), code=problem.code) from None

    def read(self, text: str) -> Any:
        """Return the value; raise ``BadValue``."""
        raise NotImplementedError

    def to_representation(self, value: Any) -> Any:
        """Return the value as text."""
        return str(value)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,18})?$", "example": "1234.50"})
class AmountField(_Strict):
    """A positive amount as text."""

    def read(self, text: str) -> Decimal:
        """Return the amount."""
        return read_amount(text, grouped=False)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(_Strict):
    """A moment in ISO 8601; without an offset it is read in the source's time zone."""

    def read(self, text: str) -> datetime:
        """Return the moment."""
        if "T" not in text:
            raise BadValue("time_unreadable", value=text[:40])
        return read_moment(text)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]{1,64}$"})
class ExternalIdField(_Strict):
    """The source's own id."""

    def read(self, text: str) -> str:
        """Return the id."""
        return read_external_id(text)


@extend_schema_field({"type": "string", "pattern": "^[A-Z][A-Z0-9]{2,7}$", "example": "CNY"})
class CurrencyField(_Strict):
    """ISO or token code."""

    def read(self, text: str) -> str:
        """Return the code."""
        return read_currency(text)


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{2}$", "example": "CN"})
class CountryField(_Strict):
    """ISO country code."""

    def read(self, text: str) -> str:
        """Return the code."""
        return read_country(text)


@extend_schema_field(OpenApiTypes.STR)
class TextField(_Strict):
    """Text of limited length without control characters."""

    def __init__(self, limit: int, **kwargs: Any) -> None:
        self.limit = limit
        super().__init__(**kwargs)

    def read(self, text: str) -> str:
        """Return the trimmed text."""
        return plain_text(text, self.limit, self.field_name or "", required=self.required)


class FlagField(serializers.BooleanField):
    """true or false, not words or numbers for them."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value."""
        if not isinstance(data, bool):
            raise ValidationError(str(reason_text("not_boolean", {})), code="not_boolean")
        return data


class CodeField(serializers.ChoiceField):
    """One of the listed codes, as text."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the code."""
        if not isinstance(data, str) or data not in self.choices:
            known = ", ".join(str(code) for code in self.choices)
            raise ValidationError(str(reason_text("unknown_code", {"value": str(data)[:40], "known": known})), code="unknown_code")
        return data
