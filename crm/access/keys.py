"""A condition on many keys at once, as one constant of the statement."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Lookup


class AnyOf(Lookup[Any]):
    """``column = ANY('{1,2,3}')``: what ``__in`` says, without a parameter a key.

    Five hundred grants stand in every statement of a page; building and sending them one by one cost more than reading the rows. The
    planner treats the constant as it treats a list. Used as an expression: ``rows.filter(any_of("manager_id", keys))``.
    """

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition; the keys are integers, so the text of the array needs no quoting."""
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::bigint[])", (*params, self.rhs)


def any_of(column: str, keys: Iterable[int]) -> AnyOf:
    """Return the condition that a column of integer keys is one of these; never true without keys."""
    return AnyOf(F(column), "{" + ",".join(str(int(key)) for key in keys) + "}")
