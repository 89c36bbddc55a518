"""A small core banking system for the demo world: it keeps what stands, and can be switched off to see what happens then."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings

from products.services import Acknowledgement, CoreUnavailable, Instruction

BOOKS = """
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, accepted INTEGER NOT NULL, reference TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS freeze (reference TEXT PRIMARY KEY, kind TEXT NOT NULL, stands INTEGER NOT NULL);
"""


def switch() -> Path:
    """Return the file whose presence means that the core is off; every process of one home sees the same."""
    return Path(settings.HOME) / "demo-core-off"


def is_off() -> bool:
    """Return whether the demo core has been switched off."""
    return switch().exists()


def turn(*, off: bool) -> None:
    """Switch the demo core off, or on again; what it was not told meanwhile is still owed and sent then."""
    if off:
        switch().parent.mkdir(parents=True, exist_ok=True)
        switch().touch()
    else:
        switch().unlink(missing_ok=True)


class Core:
    """The connector that ``CORE_CONNECTOR`` names in the demo.

    Like a real core it knows a repetition by its key, and refuses what cannot be: to lift a freeze it was never told of, or
    to place one anew that was lifted.
    """

    def send(self, instruction: Instruction) -> Acknowledgement:
        """Return the core's answer, the same one for the same instruction; raises ``CoreUnavailable`` while switched off."""
        if is_off():
            raise CoreUnavailable("The core banking system does not answer.")
        with _books() as books:
            known = books.execute("SELECT accepted, reference, message FROM answer WHERE key = ?", [instruction.key]).fetchone()
            if known is None:
                known = _answer(books, instruction)
                books.execute("INSERT INTO answer VALUES (?, ?, ?, ?)", [instruction.key, *known])
        return Acknowledgement(accepted=bool(known[0]), core_reference=known[1], message=known[2])


def standing() -> set[str]:
    """Return the references of the freezes that stand at the core."""
    with _books() as books:
        return {row[0] for row in books.execute("SELECT reference FROM freeze WHERE stands")}


def _answer(books: sqlite3.Connection, instruction: Instruction) -> tuple[int, str, str]:
    mark = "CB" + hashlib.sha256(instruction.key.encode()).hexdigest()[:10].upper()
    found = books.execute("SELECT stands FROM freeze WHERE reference = ?", [instruction.freeze_reference]).fetchone()
    if instruction.act == "place":
        if found is not None:
            return 0, mark, f"place {instruction.freeze_reference}: known already"
        books.execute("INSERT INTO freeze VALUES (?, ?, 1)", [instruction.freeze_reference, instruction.kind])
    else:
        if found is None or not found[0]:
            return 0, mark, f"lift {instruction.freeze_reference}: no such freeze stands"
        books.execute("UPDATE freeze SET stands = 0 WHERE reference = ?", [instruction.freeze_reference])
    return 1, mark, f"{instruction.act} {instruction.freeze_reference}"


@contextmanager
def _books() -> Iterator[sqlite3.Connection]:
    """The core's own books, one file a home; one writer at a time."""
    home = Path(settings.HOME)
    home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / "demo-core.sqlite3", timeout=10, isolation_level=None)) as books:
        books.executescript(BOOKS)
        books.execute("BEGIN IMMEDIATE")
        with books:
            yield books
