"""Values travel beside the statement, never inside it."""

from decimal import Decimal
from typing import Any


class Binder:
    """Collects the parameters of one statement; the same value is sent once."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._names: dict[tuple[str, Any], str] = {}

    def add(self, value: str | int | Decimal, cast: str) -> str:
        """Return the placeholder, cast to its SQL type, so that a prepared statement has one set of types."""
        key = (cast, str(value))
        if key not in self._names:
            self._names[key] = f"v{len(self._names)}"
            self.values[self._names[key]] = value
        return f"%({self._names[key]})s::{cast}"

    def number(self, value: str | Decimal | int) -> str:
        """Return a number's placeholder."""
        return self.add(Decimal(value), "numeric")

    def text(self, value: str) -> str:
        """Return a text's placeholder."""
        return self.add(value, "text")

    def order(self, value: int) -> str:
        """Return the placeholder of a distance in event order."""
        return self.add(value, "bigint")
