"""The scenarios the product ships: what each says, with defaults and where each default comes from.

Sources: PBoC = Order of the People's Bank of China [2016] No. 3, art. 5; PBoC 2006 = definitions of the order it repealed;
FATF = red-flag indicators; vendor names = published defaults of that product; "own proposal" = ours, to be tuned by the bank.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from risk.choices import AnomalyKind, RuleState
from risk.rules import amounts, behaviour, regulatory
from risk.rules.words import Data


@dataclass(frozen=True)
class Shipped:
    """One rule of the catalogue, ready to be loaded."""

    code: str
    scenario: int | None
    name: str
    anomaly: AnomalyKind
    source: str
    definition: Data
    parameters: Data
    state: RuleState = RuleState.LIVE


def shipped() -> Iterator[Shipped]:
    """Yield the catalogue in the order of its numbers."""
    rows: list[dict[str, Any]] = [*regulatory.RULES, *amounts.RULES, *behaviour.RULES]
    for row in sorted(rows, key=lambda row: row["scenario"] or 0):
        definition = {"language": 1, **row["definition"]}
        yield Shipped(**{**row, "definition": definition})
