"""The engine's own cursor: prepared statements (see `crm.operations.prepared`) and the settings of a sitting."""

from crm.operations.prepared import run

__all__ = ["run", "settle"]


def settle(milliseconds: int) -> None:
    """Set for this transaction: how long one judging statement may take, no compilation to machine code."""
    run(
        "SELECT set_config('statement_timeout', %(timeout)s::text, true), set_config('jit', 'off', true)",
        {"timeout": str(milliseconds)},
    )
