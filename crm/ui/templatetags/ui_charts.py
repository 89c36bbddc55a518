"""Charts: drawn on the server as SVG with the table behind it; ECharts, where it is installed, takes over in the browser.

`{% chart "per-day" "bar" labels series title=_("Alerts a day") urls=urls %}`; kind is bar, stack or line; `series` is
a list of `{"name": …, "data": [numbers]}` or of plain numbers; `urls`, one per
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
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 200, 52, 22, 8


def _series(series: Sequence[Any]) -> list[dict[str, Any]]:
    rows = list(series) if series and isinstance(series[0], dict) else [{"name": "", "data": list(series)}]
    return [{"name": str(row["name"]), "data": [float(value or 0) for value in row["data"]]} for row in rows]


def ceiling(top: float) -> float:
    """The next round number: 1, 2, 2.5 or 5 times a power of ten."""
    if top <= 0:
        return 1
    power = 10 ** floor(log10(top))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= top))


def _written(value: float, money: bool) -> str:
    return formats.amount(Decimal(repr(value))) if money else formats.number(value)


def _marks(kind: str, rows: list[dict[str, Any]], count: int, top: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    plot, room = HEIGHT - BOTTOM - TOP, WIDTH - LEFT
    step = room / max(count, 1)
    bars: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    base = [0.0] * count
    for number, row in enumerate(rows):
        if kind == "line":
            points = " ".join(f"{LEFT + (i + 0.5) * step:.1f},{TOP + plot * (1 - v / top):.1f}" for i, v in enumerate(row["data"]))
            lines.append({"series": number, "points": points})
            continue
        width = step * 0.66 / (1 if kind == "stack" else len(rows))
        for i, value in enumerate(row["data"]):
            left = LEFT + i * step + step * 0.17 + (0 if kind == "stack" else number * width)
            high = plot * max(value, 0) / top
            low = plot * base[i] / top if kind == "stack" else 0
            bars.append(
                {
                    "series": number,
                    "index": i,
                    "x": f"{left:.1f}",
                    "y": f"{TOP + plot - low - high:.1f}",
                    "w": f"{min(width, 46):.1f}",
                    "h": f"{high:.1f}",
                }
            )
            base[i] += max(value, 0)
    return bars, lines


def _axis(labels: list[str], top: float) -> dict[str, Any]:
    plot, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / max(len(labels), 1)
    every = ceil(len(labels) / 10) or 1
    ticks = [{"y": f"{TOP + plot * (1 - part):.1f}", "text": _written(top * part, False)} for part in (0, 0.5, 1)]
    shown = [{"x": f"{LEFT + (i + 0.5) * step:.1f}", "text": text} for i, text in enumerate(labels) if i % every == 0]
    return {
        "ticks": ticks,
        "shown": shown,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "text_left": LEFT - 6,
        "text_y": HEIGHT - 6,
    }


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
    sums = [sum(row["data"][i] for row in rows) for i in range(len(names))] if kind == "stack" else [v for row in rows for v in row["data"]]
    top = ceiling(max(sums, default=0))
    bars, lines = _marks(kind, rows, len(names), top)
    for bar in bars:
        bar["url"] = urls[bar["index"]] if urls else ""
        bar["title"] = f"{names[bar['index']]} {rows[bar['series']]['name']} {_written(rows[bar['series']]['data'][bar['index']], money)}"
    table = [
        {
            "label": name,
            "url": urls[i] if urls else "",
            "cells": [_written(row["data"][i], money) for row in rows],
        }
        for i, name in enumerate(names)
    ]
    data = {"kind": kind, "labels": names, "series": rows, "urls": list(urls)}
    return render_to_string(
        "ui/chart.html",
        {
            "id": key,
            "title": title,
            "bars": bars,
            "lines": lines,
            "axis": _axis(names, top),
            "rows": rows,
            "table": table,
            "data": data,
            "small": small,
            "legend": len(rows) > 1,
        },
    )
