"""Formulas to SQL aggregates, the same for both plans. Rounding is stated here and nowhere else."""

from risk.facts.fields import FIELDS

# Enough places that the second rounding can never see a value that the first one moved.
EXTRA_PLACES = 30
MEAN_PLACES = 8
DEVIATION_PLACES = 6


def amount_sql(of: str, row: str) -> str:
    """Return the amount a formula works on."""
    return FIELDS[of].sql.format(row=row)


def aggregates(formula: str, of: str, row: str) -> list[str]:
    """Return the plain aggregates a formula is made of."""
    value = amount_sql(of, row) if of else ""
    return {
        "count": ["count(*)"],
        "sum": [f"sum({value})"],
        "mean": [f"sum({value})", f"count({value})"],
        "stddev": [f"sum({value})", f"sum({value} * {value})", f"count({value})"],
        "max": [f"max({value})"],
        "min": [f"min({value})"],
        "gap": [f"max({row}.event_order)"],
    }[formula]


def finished(formula: str, parts: list[str], current: str = "c") -> str:
    """Return the fact from its aggregates: no events give 0 for counts and sums, unknown for the rest."""
    match formula:
        case "count" | "sum":
            return f"coalesce({parts[0]}, 0)"
        case "mean":
            return f"round(round({parts[0]}, {EXTRA_PLACES}) / nullif({parts[1]}, 0), {MEAN_PLACES})"
        case "stddev":
            # Not stddev_samp: of large amounts it keeps eight places, and rounding those again to six is wrong once in two hundred times.
            total, squares, count = parts
            spread = f"round({count} * {squares} - {total} * {total}, {EXTRA_PLACES})"
            return f"round(sqrt({spread} / nullif({count}::numeric * ({count} - 1), 0)), {DEVIATION_PLACES})"
        case "gap":
            return f"(({current}.event_order >> 12) - ({parts[0]} >> 12))::numeric / 1000000"
    return parts[0]


def joined(formula: str, older: list[str], newer: list[str]) -> list[str]:
    """Return the aggregates of two disjoint windows together."""
    glue = {"max": "greatest", "min": "least"}.get(formula)
    if glue:
        return [f"{glue}({a}, {b})" for a, b in zip(older, newer, strict=True)]
    return [f"(coalesce({a}, 0) + coalesce({b}, 0))" for a, b in zip(older, newer, strict=True)]
