"""Facts and rules drawn at random, well formed by the language's own grammar, with numbers that worlds are likely to hit exactly."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from risk.choices import Action, Band, Label
from risk.facts.expressions import COMPARISONS
from risk.facts.fields import FIELDS, SAME
from risk.rules.definition import EXITS
from risk.tests.verdict_oracle import RuleData

AMOUNTS_OF = [name for name, field in FIELDS.items() if field.type == "number" and not field.current_only]
PAST = [name for name, field in FIELDS.items() if not field.current_only]
BY_TYPE = {kind: [name for name, field in FIELDS.items() if field.type == kind] for kind in ("number", "text", "boolean")}
PAST_BY_TYPE = {kind: [name for name in names if name in PAST] for kind, names in BY_TYPE.items()}
NUMBERS = ["0", "1", "2", "3", "5", "60", "0.9", "1.1", "7.1", "200", "1000", "1100", "10000", "50000", "-1", "0.000000000000000001"]
NONZERO = ["1", "2", "3", "60", "0.9", "7.1", "-7", "1000", "10000"]
WORDS = ["C", "D", "CNY", "USD", "XXX", "transfer", "withdrawal", "cash", "mobile", "KP", "", "person", "retail", "merchant", "class_1"]
PARAMETERS = ["low", "high", "share"]
SHARES = ["0.8", "0.9", "1", "3", "60", "7"]


@dataclass(frozen=True)
class Names:
    """What an expression may speak of."""

    facts: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    of_history: bool = False


def _leaf(kind: str, names: Names) -> st.SearchStrategy[list[Any]]:
    known = PAST_BY_TYPE if names.of_history else BY_TYPE
    leaves = [st.sampled_from(known[kind]).map(lambda name: ["field", name])]
    if names.of_history:
        leaves.append(st.sampled_from(BY_TYPE[kind]).map(lambda name: ["current", name]))
    if kind == "number":
        leaves.append(st.sampled_from(NUMBERS).map(lambda number: ["number", number]))
        if names.facts:
            leaves += [st.sampled_from(names.facts).map(lambda name: ["fact", name])] * 2
        if names.parameters:
            leaves.append(st.sampled_from(names.parameters).map(lambda name: ["param", name]))
    if kind == "text":
        leaves.append(st.sampled_from(WORDS).map(lambda word: ["text", word]))
    return st.one_of(leaves)


def _fixed(names: Names) -> st.SearchStrategy[list[Any]]:
    """Divisors that are never zero."""
    numbers = st.sampled_from(NONZERO).map(lambda number: ["number", number])
    if not names.parameters:
        return numbers
    return st.one_of(numbers, st.sampled_from(names.parameters).map(lambda name: ["param", name]))


def numbers(names: Names, depth: int) -> st.SearchStrategy[list[Any]]:
    """Numbers; a quotient by something that varies is by one more than its square."""
    leaf = _leaf("number", names)
    if depth == 0:
        return leaf
    inner = numbers(names, depth - 1)
    squares = leaf.map(lambda one: ["+", ["*", one, one], ["number", "1"]])
    return st.one_of(
        leaf,
        leaf,
        st.tuples(st.sampled_from("+-*"), inner, inner).map(list),
        st.tuples(st.sampled_from("+*"), inner, leaf, leaf).map(list),
        st.tuples(st.just("/"), inner, _fixed(names)).map(list),
        st.tuples(st.just("/"), inner, _fixed(names)).map(list),
        st.tuples(st.just("/"), inner, squares).map(list),
    )


def conditions(names: Names, depth: int) -> st.SearchStrategy[list[Any]]:
    """Conditions of every sort."""
    number, text, truth = (
        numbers(names, min(depth, 2)),
        _leaf("text", names),
        _leaf("boolean", names),
    )
    compared = st.tuples(st.sampled_from(sorted(COMPARISONS)), number, number).map(list)
    plain = st.one_of(
        compared,
        compared,
        compared,
        truth,
        st.tuples(st.sampled_from(["=", "!="]), text, text).map(list),
        st.tuples(text, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)).map(lambda pair: ["in", pair[0], *pair[1]]),
        st.tuples(st.just("missing"), st.one_of(number, text)).map(list),
        st.tuples(st.just("multiple_of"), number, _fixed(names)).map(list),
    )
    if depth == 0:
        return plain
    inner = conditions(names, depth - 1)
    return st.one_of(
        plain,
        plain,
        st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(list),
        st.tuples(st.sampled_from(["and", "or"]), inner, plain, plain).map(list),
        st.tuples(st.just("not"), inner).map(list),
        st.tuples(st.sampled_from(["=", "!="]), truth, inner).map(list),
    )


def _length(span: timedelta) -> dict[str, int]:
    minutes = span // timedelta(minutes=1)
    if minutes % 1440 == 0:
        return {"days": minutes // 1440}
    return {"hours": minutes // 60} if minutes % 60 == 0 else {"minutes": minutes}


@st.composite
def windows(draw: st.DrawFn, step: timedelta) -> dict[str, Any]:
    """Spans, most of them whole steps of the world."""
    kind = draw(st.sampled_from(["sliding", "sliding", "sliding", "ago", "bank_days", "days_before", "business_days"]))
    if kind in ("sliding", "ago"):
        length = _length(draw(st.sampled_from([1, 1, 2, 3])) * step)
        return {**length, "ago": _length(draw(st.sampled_from([1, 2])) * step)} if kind == "ago" else length
    return {kind: 1 if kind == "bank_days" else draw(st.sampled_from([1, 2, 3, 5, 10, 14]))}


@st.composite
def facts(draw: st.DrawFn, step: timedelta, parameters: tuple[str, ...] = ()) -> dict[str, Any]:
    """Declarations of all five kinds."""
    kind = draw(st.sampled_from(["window"] * 6 + ["last"] * 2 + ["daily_peak"] * 2 + ["dated"] * 2 + ["balance"]))
    if kind == "dated":
        table = draw(st.sampled_from(["limits", "limits", "high_risk_country"]))
        return {"kind": kind, "table": table, "of": draw(st.sampled_from(BY_TYPE["text"]))}
    days = draw(st.sampled_from([1, 2, 7, 21, 60]))
    if kind == "balance":
        return {"kind": kind, "days": max(days, 3 * step // timedelta(days=1)) if draw(st.booleans()) else days}
    spec: dict[str, Any] = {"kind": kind, "key": draw(st.sampled_from(["account", "account", "customer", "customer", "pair"]))}
    formulas = {"window": ["count", "sum", "mean", "stddev", "max", "min", "gap", "distinct"], "daily_peak": ["count", "sum"]}
    spec["formula"] = formula = draw(st.sampled_from(formulas.get(kind, formulas["window"][:6])))
    if formula not in ("count", "gap", "distinct"):
        spec["of"] = draw(st.sampled_from(AMOUNTS_OF))
    if draw(st.integers(0, 2)) == 0:
        spec["same"] = draw(st.lists(st.sampled_from(sorted(SAME)), min_size=1, max_size=2, unique=True))
    if draw(st.integers(0, 2)) == 0:
        spec["where"] = draw(conditions(Names(parameters=parameters, of_history=True), 1))
    if kind == "window":
        return spec | _window_parts(draw, formula, step)
    return spec | {"days": days} | ({"count": draw(st.sampled_from([1, 2, 3, 10]))} if kind == "last" else {})


def _window_parts(draw: st.DrawFn, formula: str, step: timedelta) -> dict[str, Any]:
    span = draw(windows(step))
    if formula == "gap" and not {"days", "hours", "minutes"} & span.keys():
        span = _length(step)
    current = formula != "gap" and "ago" not in span and "days_before" not in span and draw(st.booleans())
    return {"window": span, "current": current} | ({"cap": draw(st.sampled_from([1, 2, 100]))} if formula == "distinct" else {})


@st.composite
def rules(draw: st.DrawFn, code: str, shadow: bool, step: timedelta) -> RuleData:
    """One running version."""
    names = tuple(PARAMETERS[: draw(st.integers(0, 3))])
    parameters = {name: {"value": draw(st.sampled_from(SHARES)), "unit": "times", "label": name, "source": ""} for name in names}
    declared = {f"f{place}": draw(facts(step, names)) for place in range(draw(st.integers(1, 4)))}
    speaks = Names(facts=tuple(declared), parameters=names)
    definition: dict[str, Any] = {"language": 1, "subject": draw(st.sampled_from(["account", "customer"])), "facts": declared}
    if draw(st.booleans()):
        definition["applies"] = draw(conditions(Names(parameters=names), 1))
    definition["bands"] = [draw(_bands(speaks, place)) for place in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        definition["exits"] = [draw(_exits(speaks)) for _place in range(draw(st.integers(1, 2)))]
    return RuleData(code, shadow, definition, parameters)


@st.composite
def _bands(draw: st.DrawFn, names: Names, place: int) -> dict[str, Any]:
    return {
        "when": draw(conditions(names, 2)),
        "band": draw(st.sampled_from(Band.values)),
        "reason": f"reason_{place}",
        "points": draw(st.sampled_from([0, 1, 20, 40, 60, 1000])),
        "label": draw(st.sampled_from(["allow", "allow", *Label.values])),
        "actions": draw(st.lists(st.sampled_from(Action.values), max_size=2, unique=True)),
    }


@st.composite
def _exits(draw: st.DrawFn, names: Names) -> dict[str, Any]:
    label = draw(st.sampled_from(["", "", "allow", "review", "hold"]))
    found = {"name": draw(st.sampled_from(EXITS)), "when": draw(conditions(names, 1))}
    return {**found, "label": label} if label else found


@st.composite
def programs(draw: st.DrawFn, step: timedelta) -> list[RuleData]:
    """One to three running versions, in the order in which a program holds them; a rule may run live and in shadow at once."""
    found = [draw(rules(f"rule-{place}", draw(st.integers(0, 3)) == 0, step)) for place in range(draw(st.integers(1, 2)))]
    if draw(st.integers(0, 3)) == 0:
        found.append(draw(rules("rule-1" if len(found) == 2 else "rule-0", True, step)))
    return found
