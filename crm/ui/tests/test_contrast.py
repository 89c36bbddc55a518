"""Text can be read: every pair of ink and ground reaches the contrast of WCAG 2 level AA in both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR) / "static" / "css"
TEXT = 4.5
LINES = 3.0  # borders of fields and marks of focus
PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent") for ground in ("paper", "paper-2", "ground", "hover")),
    *((level, f"{level}-soft") for level in ("high", "mid", "low", "hold", "info", "accent")),
    *((level, "paper") for level in ("high", "mid", "low", "hold")),
    *(("ink", f"{level}-soft") for level in ("high", "mid", "low", "hold", "info", "accent")),
    ("ink-2", "line-2"),
    ("ink-2", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-2"),
    ("rail-ink", "rail"),
    ("rail-ink", "rail-2"),
    ("rail-on", "rail-2"),
    ("rail-quiet", "rail"),
]


def palettes() -> dict[str, dict[str, str]]:
    """The tokens of each theme; the dark ones stand twice and must be the same."""
    blocks = re.findall(r"(:root[^{,]*)\{([^}]*)\}", (CSS / "tokens.css").read_text().partition("@media print")[0])
    read = [(name.strip(), dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", body))) for name, body in blocks]
    light = next(tokens for name, tokens in read if name == ":root")
    dark = [tokens for name, tokens in read if "dark" in name]
    assert len(dark) == 2
    assert dark[0] == dark[1]
    return {"light": light, "dark": {**light, **dark[0]}}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours after WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reaches_aa(theme: str) -> None:
    tokens = palettes()[theme]
    weak = {f"{ink} on {ground}": round(contrast(tokens[ink], tokens[ground]), 2) for ink, ground in PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_fields_and_focus_stand_out(theme: str) -> None:
    tokens = palettes()[theme]
    pairs = [("field", "paper"), ("focus", "paper"), ("focus", "ground"), ("rail-mark", "rail")]
    assert {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in pairs if contrast(tokens[pair[0]], tokens[pair[1]]) < LINES} == {}


def test_no_page_carries_inline_style_or_script() -> None:
    root = Path(settings.BASE_DIR)
    found = [
        str(path.relative_to(root))
        for path in (root / "templates").rglob("*.html")
        if re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:|hx-vals=['\"]js:", path.read_text())
    ]
    assert found == []


def test_chromium_109_can_read_the_style_sheets() -> None:
    text = "".join(path.read_text() for path in CSS.glob("*.css"))
    for newer in ("light-dark(", "color-mix(", "@scope", "text-wrap: balance", "field-sizing", "@starting-style", "subgrid"):
        assert newer not in text.replace("has no light-dark()", "")
    assert not re.search(r"^\s*&", text, re.MULTILINE), "nesting"
