"""What the database holds, as one line a table: two looks that are equal mean that nothing was written in between."""

from django.db import connection

# Tables that a read or a refused write may change, by the beginning of their names, each with the reason.
MAY_CHANGE = {
    "log_": "the refusal itself, or the look, is written down",
    "django_session": "when somebody was last seen, and the page that a list was left on",
    "staff_signincounter": "lock-outs",
}
LEFT_OUT = {"django_migrations": "no request reaches it"}


def tables() -> list[str]:
    """Return every table whose change would matter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        names = [str(name) for (name,) in cursor.fetchall()]
    return [name for name in names if name not in LEFT_OUT and not any(name.startswith(beginning) for beginning in MAY_CHANGE)]


def fingerprints(names: list[str] | None = None) -> dict[str, tuple[int, int]]:
    """Return (rows, hash of their places and of the transactions that wrote them) of each table, by one statement."""
    parts = [
        f"SELECT '{name}', count(*), coalesce(bit_xor(hashtextextended(ctid::text || xmin::text, 0)), 0) FROM \"{name}\""
        for name in (tables() if names is None else names)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {str(name): (int(rows), int(digest)) for name, rows, digest in cursor.fetchall()}


def changed(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> list[str]:
    """Return the tables that differ."""
    return sorted(name for name in before | after if before.get(name) != after.get(name))


def written(names: set[str]) -> dict[str, int]:
    """Return how often this transaction touched a row of each table, what was undone included; PostgreSQL counts, nothing is read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables WHERE schemaname = 'public'")
        return {str(name): int(count) for name, count in cursor.fetchall() if name in names and count}


class Watch:
    """Looks whether anything changed since the last look, within one transaction; reads the tables only where something was touched."""

    def __init__(self) -> None:
        self.names = tables()
        self.counts, self.prints = written({*self.names}), fingerprints(self.names)

    def changed(self) -> list[str]:
        """Return the tables that changed since the last look."""
        counts = written({*self.names})
        if counts == self.counts:
            return []
        before, self.counts, self.prints = self.prints, counts, fingerprints(self.names)
        return changed(before, self.prints)
