"""Deciding one transaction over HTTP: the product's web (two processes), an open loop, five million rows of history.

    python -m benchmarks.decisions [--history 5000000] [--accounts 50000] [--seconds 120] [--rates 50,100]

At each rate the same kind of transaction is sent to the door that records and judges (`/api/v1/decisions/`) and to the one that only
records (`/api/v1/transactions/`, no worker running), in turns of a few seconds each. One in twenty belongs to one customer. Latency in
milliseconds from the moment a request was due; a failed request counts as infinite. Floors: p99 of 60 ms at 50 a second, and a median at
most 2.5 times that of recording alone.
"""

import argparse
import json
import random
from collections import Counter
from typing import Any

from benchmarks.open_loop import SUCCESS, Answer, Call, moments, percentiles, send
from benchmarks.serving import WEB, admit_partner, serving
from benchmarks.world import Size, World, running

TURNS = 4
WARM_UP = 200
DOORS = {"decide": "/api/v1/decisions/", "record": "/api/v1/transactions/"}
HOT_SHARE = 20
FLOORS = {"p99_ms_at_50": 60, "ratio_p50_at_50": 2.5}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    rates = [int(rate) for rate in str(options.rates).split(",")]
    with running(Size(options.accounts, options.history)) as world:
        token = admit_partner(["channel"])
        with serving(world, (WEB,)) as web:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            supply = Supply(world, sum(rates) * options.seconds * 3 + 10 * WARM_UP)
            for door in DOORS:
                send(web.port, headers, [number / 50 for number in range(WARM_UP)], supply.take(door, WARM_UP))
            found: dict[str, Any] = {"history": options.history, "accounts": options.accounts, "seconds": options.seconds}
            for rate in rates:
                found[f"at_{rate}"] = _at(rate, options.seconds, web.port, headers, supply)
    return found | _floors(found)


class Supply:
    """Transactions that the bank has not seen, one in twenty of them on one account."""

    def __init__(self, world: World, count: int) -> None:
        self.rows = world.draw(count, who="ordinary").payloads()
        hot = self.rows[0]["account"]
        for row in self.rows[::HOT_SHARE]:
            row["account"] = hot
        self.hot = hot
        self.taken = 0

    def take(self, door: str, count: int) -> list[Call]:
        """Return the next calls to a door."""
        rows = self.rows[self.taken : self.taken + count]
        self.taken += count
        kinds = [f"{door} hot" if row["account"] == self.hot else door for row in rows]
        bodies = [json.dumps({**row, "source": "channel"}).encode() for row in rows]
        return [Call(DOORS[door], body, kind) for body, kind in zip(bodies, kinds, strict=True)]


def _at(rate: int, seconds: int, port: int, headers: dict[str, str], supply: Supply) -> dict[str, Any]:
    """Both doors at one rate, in turns."""
    dice = random.Random(rate)
    answers: list[Answer] = []
    for _turn in range(TURNS):
        for door in DOORS:
            due = moments(rate, seconds / TURNS, dice)
            answers += send(port, headers, due, supply.take(door, len(due)))
    found: dict[str, Any] = {}
    for door in DOORS:
        mine = [answer for answer in answers if answer.kind.startswith(door)]
        hot = [answer.milliseconds for answer in mine if answer.kind.endswith("hot")]
        found[door] = {
            "requests": len(mine),
            "failed": dict(Counter(answer.said for answer in mine if answer.status not in SUCCESS).most_common(3)),
            "ms": percentiles([answer.milliseconds for answer in mine]),
            "ms_hot_customer": percentiles(hot),
            "client_late_ms_p99": percentiles([answer.late for answer in mine])["p99"],
        }
    ratio = {name: round(found["decide"]["ms"][name] / found["record"]["ms"][name], 2) for name in ("p50", "p95", "p99")}
    return found | {"ratio": ratio}


def _floors(found: dict[str, Any]) -> dict[str, Any]:
    at_50 = found.get("at_50")
    if at_50 is None:
        return {}
    reached = {"p99_ms_at_50": at_50["decide"]["ms"]["p99"], "ratio_p50_at_50": at_50["ratio"]["p50"]}
    return {"floors": {name: {"floor": floor, "found": reached[name], "met": reached[name] <= floor} for name, floor in FLOORS.items()}}


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("history", 5_000_000), ("accounts", 50_000), ("seconds", 120)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rates", default="50,100")
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(measured(options_of())))
