"""Foreign files of events for tests: made, shuffled, computed by the command, and computed once more in plain Python.

Two references, written from what the documents promise and not from the engine: `slow_facts` looks at all events for each one, with
decimals; `quick_facts` keeps two pointers per window over each history, with whole cents, for files too large for the other.
"""

import csv
import io
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

from django.core.management import call_command

HEADING = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]
OPTIONS = {"id": HEADING[0], "time": HEADING[1], "key": HEADING[2], "counterparty": HEADING[3], "amount": HEADING[4], "label": HEADING[5]}
MICROS = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
Cells = dict[str, list[Decimal | None]]


@dataclass(frozen=True)
class Row:
    """One event of a file."""

    id: str
    at: datetime
    key: str
    other: str
    amount: Decimal
    label: int

    @property
    def micros(self) -> int:
        """Return the time as a whole number."""
        return (self.at - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def cells(self) -> list[str]:
        """Return the line."""
        return [self.id, self.at.isoformat(sep=" "), self.key, self.other, str(self.amount), str(self.label)]


def write_file(path: Path, rows: Sequence[Row], seed: int = 0) -> Path:
    """Write the rows in random order."""
    lines = [row.cells() for row in rows]
    random.Random(seed).shuffle(lines)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADING, *lines])
    return path


def compute(path: Path, facts: str, **options: str) -> str:
    """Return what the command wrote for a file."""
    out = path.with_suffix(".out.csv")
    given = {**OPTIONS, "label_delay": "7d", **options}
    call_command("compute_facts", path, out=out, facts=facts, stdout=io.StringIO(), **given)
    return out.read_text()


def cells_of(text: str) -> Cells:
    """Return the computed cells by id."""
    rows = list(csv.reader(io.StringIO(text)))
    return {number: [Decimal(cell) if cell else None for cell in cells] for number, *cells in rows[1:]}


def texts_of(facts: str) -> list[tuple[str, str, int, bool, bool]]:
    """Return (formula, of, window, whether before, whether per counterparty) of each fact."""
    found = []
    for part in re.findall(r"[a-z]+\([^)]*\)[^,]*", facts):
        call, _bracket, ending = part.partition(")")
        formula, _bracket, inside = call.partition("(")
        of, _comma, window = inside.rpartition(", ")
        found.append((formula, of, int(window[:-1]) * MICROS[window[-1]], "before" in ending, "counterparty" in ending))
    return found


def order(row: Row) -> tuple[int, int, bytes]:
    """The order of events: by time; in one microsecond the shorter id first, then the smaller."""
    return row.micros, len(row.id), row.id.encode()


def rounded(number: Decimal, places: int) -> Decimal:
    """Half away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def slow_facts(rows: Sequence[Row], facts: str, delay: int) -> Cells:
    """Return every fact by looking at all events, for each."""
    asked = texts_of(facts)
    with localcontext(prec=60):
        return {now.id: [_slow(rows, now, *one, delay) for one in asked] for now in rows}


def _slow(rows: Sequence[Row], now: Row, formula: str, of: str, window: int, before: bool, swapped: bool, delay: int) -> Decimal | None:
    mine = [row for row in rows if (row.other == now.other if swapped else row.key == now.key)]
    if of == "label":
        then = [row for row in mine if delay <= now.micros - row.micros < delay + window]
        bad = sum(row.label for row in then)
        return {
            "count": Decimal(len(then)),
            "sum": Decimal(bad),
            "rate": rounded(Decimal(bad) / len(then), 8) if then else Decimal(0),
        }[formula]
    past = [row for row in mine if now.micros - row.micros < window and order(row) <= order(now)]
    if before or formula == "gap":
        past.remove(now)
    if formula == "count":
        return Decimal(len(past))
    if formula == "distinct":
        return Decimal(len({row.key if swapped else row.other for row in past}))
    if formula == "gap":
        return Decimal(min(now.micros - row.micros for row in past)) / 1_000_000 if past else None
    return _of_amounts(formula, [row.amount for row in past])


def _of_amounts(formula: str, amounts: list[Decimal]) -> Decimal | None:
    total = sum(amounts, Decimal(0))
    if formula == "sum":
        return total
    if not amounts or (formula == "stddev" and len(amounts) < 2):
        return None
    if formula == "mean":
        return rounded(total / len(amounts), 8)
    if formula == "stddev":
        mean = total / len(amounts)
        return rounded((sum(((one - mean) ** 2 for one in amounts), Decimal(0)) / (len(amounts) - 1)).sqrt(), 6)
    return max(amounts) if formula == "max" else min(amounts)


def quick_facts(rows: Sequence[Row], facts: str, delay: int) -> Cells:
    """Return counts, sums, means and rates with two pointers per window over each history."""
    asked = texts_of(facts)
    cells: Cells = {row.id: [None] * len(asked) for row in rows}
    for swapped in (False, True):
        histories: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(rows, key=order):
            histories[row.other if swapped else row.key].append(row)
        for place, (formula, of, window, before, side) in enumerate(asked):
            if side == swapped:
                for history in histories.values():
                    ago = delay if of == "label" else 0
                    for row, (count, cents, bad) in zip(history, _sliding(history, window, ago, before), strict=True):
                        cells[row.id][place] = _quick(formula, of, count, cents, bad)
    return cells


def _sliding(history: list[Row], window: int, ago: int, before: bool) -> list[tuple[int, int, int]]:
    """Return (count, cents, labelled) of the window of each event."""
    found = []
    low = high = cents = bad = 0
    for place, now in enumerate(history):
        # Up to the event in order; where the window ended some time ago, up to that time.
        while high < len(history) and (history[high].micros <= now.micros - ago if ago else high <= place - before):
            cents += int(history[high].amount * 100)
            bad += history[high].label
            high += 1
        while low < high and history[low].micros <= now.micros - ago - window:
            cents -= int(history[low].amount * 100)
            bad -= history[low].label
            low += 1
        found.append((high - low, cents, bad))
    return found


def _quick(formula: str, of: str, count: int, cents: int, bad: int) -> Decimal | None:
    if formula == "count":
        return Decimal(count)
    if formula == "sum":
        return Decimal(bad) if of == "label" else Decimal(cents) / 100
    if formula == "rate":
        return rounded(Decimal(bad) / count, 8) if count else Decimal(0)
    return rounded(Decimal(cents) / 100 / count, 8) if count else None


def card_world(count: int, seed: int = 7) -> list[Row]:
    """Return a file like the simulated card transactions of the fraud-detection handbook: seconds, 183 days, terminals that turn bad."""
    drawn = random.Random(seed)
    customers, terminals = max(count // 350, 5), max(count // 175, 10)
    bad = {drawn.randrange(terminals): drawn.randrange(150) for _draw in range(terminals // 20 + 1)}
    rows = []
    start = datetime(2018, 4, 1, tzinfo=UTC)
    moments = sorted(drawn.randrange(183 * 86_400) for _event in range(count))
    for number, second in enumerate(moments):
        customer = drawn.randrange(customers)
        terminal = (customer * 7 + drawn.randrange(12)) % terminals
        fraud = int(0 <= second // 86_400 - bad.get(terminal, 999) < 28 or drawn.random() < 0.004)
        cents = Decimal(round(drawn.lognormvariate(3.6, 0.8) * 100)) / 100
        rows.append(Row(str(number), start + timedelta(seconds=second), str(customer), str(terminal), cents, fraud))
    return rows
