"""Charts: drawn on the server as SVG with the table behind it; ECharts, where it is installed, takes over in the browser.

`{% chart "per-day" "bar" labels series title=_("Alerts a day") urls=urls %}`; kind is bar, stack or line; `series` is
a list of `{"name": …, "data": [numbers], "level": …}` or of plain numbers; `urls`, one per
label, opens what is behind a point; `money=True` writes amounts.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil, floor, log10
from typing import Any

from django.template import Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm.lists import formats

register = Library()
WIDTH, HEIGHT = 600, 100  # of the drawing only: it is stretched to its place, names and scale are text beside it
NAMES = 8


def _series(series: Sequence[Any]) -> list[dict[str, Any]]:
    rows = list(series) if series and isinstance(series[0], dict) else [{"name": "", "data": list(series)}]
    return [
        {"name": str(row["name"]), "level": str(row.get("level", "")), "data": [float(value or 0) for value in row["data"]]} for row in rows
    ]


def ceiling(top: float) -> float:
    """The next round number: 1, 2, 2.5 or 5 times a power of ten."""
    if top <= 0:
        return 1
    power = 10 ** floor(log10(top))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= top))


def _written(value: float, money: bool) -> str:
    return formats.amount(Decimal(repr(value))) if money else formats.number(value)


def _lines(rows: list[dict[str, Any]], count: int, top: float) -> list[dict[str, Any]]:
    step = WIDTH / max(count, 1)
    return [
        {"series": number, "points": " ".join(f"{(i + 0.5) * step:.1f},{HEIGHT * (1 - v / top):.2f}" for i, v in enumerate(row["data"]))}
        for number, row in enumerate(rows)
    ]


def _bars(rows: list[dict[str, Any]], count: int, top: float, *, stacked: bool) -> list[dict[str, Any]]:
    step, base = WIDTH / max(count, 1), [0.0] * count
    width = step * 0.64 / (1 if stacked else len(rows))
    bars = []
    for number, row in enumerate(rows):
        for i, value in enumerate(row["data"]):
            left = i * step + step * 0.18 + (0 if stacked else number * width)
            high = HEIGHT * max(value, 0) / top
            bar = {"series": number, "level": row["level"], "index": i, "x": f"{left:.2f}", "w": f"{width:.2f}", "h": f"{high:.2f}"}
            bars.append({**bar, "y": f"{HEIGHT - high - base[i]:.2f}"})
            base[i] += high if stacked else 0
    return bars


def _thinned(names: list[str]) -> list[str]:
    every = ceil(len(names) / NAMES) or 1
    return names[::every]


@register.simple_tag
def chart(
    key: str,
    kind: str,
    labels: Sequence[Any],
    series: Sequence[Any],
    title: str = "",
    urls: Sequence[str] = (),
    money: bool = False,
    small: bool = False,
) -> SafeString:
    """A figure with its data table; see the module."""
    rows, names = _series(series), [str(label) for label in labels]
    heights = (
        [sum(row["data"][i] for row in rows) for i in range(len(names))] if kind == "stack" else [v for row in rows for v in row["data"]]
    )
    top = ceiling(max(heights, default=0))
    bars = [] if kind == "line" else _bars(rows, len(names), top, stacked=kind == "stack")
    for bar in bars:
        row, i = rows[bar["series"]], bar["index"]
        bar["url"] = urls[i] if urls else ""
        bar["title"] = " ".join(text for text in (names[i], row["name"], _written(row["data"][i], money)) if text)
    cells = [[_written(row["data"][i], money) for row in rows] for i in range(len(names))]
    context = {
        "key": key,
        "title": title,
        "bars": bars,
        "lines": _lines(rows, len(names), top) if kind == "line" else [],
        "scale": [formats.number(top * part) for part in (1, 0.5, 0)],
        "names": _thinned(names),
        "rows": rows,
        "table": [{"label": name, "url": urls[i] if urls else "", "cells": cells[i]} for i, name in enumerate(names)],
        "data": {"kind": kind, "labels": names, "series": rows, "urls": list(urls)},
        "small": small,
        "legend": len(rows) > 1,
        "size": f"0 0 {WIDTH} {HEIGHT}",
    }
    return render_to_string("ui/chart.html", context)
