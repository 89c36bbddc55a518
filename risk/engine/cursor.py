"""The engine's own cursor: prepared statements (see `crm.database.prepared`) and the settings of a sitting."""

from collections.abc import Iterator
from contextlib import contextmanager

from crm.database.prepared import run, run_for

__all__ = ["run", "run_for", "settle", "within"]


def settle(milliseconds: int) -> None:
    """Set for this transaction: how long one judging statement may take, no compilation to machine code."""
    run(
        "SELECT set_config('statement_timeout', %(timeout)s::text, true), set_config('jit', 'off', true)",
        {"timeout": str(milliseconds)},
    )


@contextmanager
def within(milliseconds: int) -> Iterator[None]:
    """Let each statement inside take so long; call it in a block of its own, whose rollback also takes the limit back."""
    ((before,),) = run(
        "WITH t AS MATERIALIZED (SELECT current_setting('statement_timeout') AS before) SELECT CASE"
        " WHEN t.before IS NOT NULL AND set_config('statement_timeout', %(timeout)s::text, true) <> '' THEN t.before END FROM t",
        {"timeout": str(milliseconds)},
    )
    yield
    run("SELECT set_config('statement_timeout', %(before)s::text, true)", {"before": before})
