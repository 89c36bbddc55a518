"""The conditions of a rule beside what was found: which branch hit, what else held, what did not, what nobody knew."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.lists.formats import number as shown_number
from risk.choices import Band, Label
from risk.engine.meaning import NOT_KEPT, Seen, fields_of, value_of
from risk.facts.declarations import BalanceFact, DatedFact
from risk.facts.expressions import Expression, frozen, names_of, with_parameters
from risk.models import Hit
from risk.rules.definition import Definition, definition_of
from risk.rules.text import EXIT_LABELS, UNIT_LABELS, code_text, condition_text

State = Literal["met", "not", "unknown", ""]
STATES = {"met": gettext_lazy("Met"), "not": gettext_lazy("Not met"), "unknown": gettext_lazy("Not known")}
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "=", "!=": "≠"}
TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "=": "=", "!=": "!="}
RATES = ("amount_cny", "amount_usd", "group_amount")


@dataclass(frozen=True)
class Line:
    """One condition: what is looked at, what it was, what it is compared with, whether it held; or one further threshold (no state)."""

    label: str
    value: str
    threshold: str = ""
    state: State = ""
    why: str = ""
    """Why the value is not known."""

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return str(STATES.get(self.state, ""))


@dataclass(frozen=True)
class Branch:
    """One of the ways in which a rule hits, by its number in the rule; ``fired`` is the one that made this hit."""

    number: int
    fired: bool
    state: State
    band: str
    label: str
    lines: tuple[Line, ...]

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return str(STATES.get(self.state, ""))

    @property
    def band_label(self) -> str:
        """Return how high its alerts stand."""
        return str(Band(self.band).label)


@dataclass(frozen=True)
class _Told:
    """A hit's rule and values, at hand for its lines."""

    definition: Definition
    seen: Seen


def branches_of(hit: Hit) -> tuple[tuple[Branch, ...], tuple[Line, ...]]:
    """Return the branches of a hit's rule, the one that fired first, and the thresholds that none of them compares with."""
    version = hit.rule_version
    definition = definition_of(version.definition, version.parameters)
    parameters = {name: item.value for name, item in definition.parameters.items()}
    # What later knowledge took back was found on another row than the one that stands now.
    fields = fields_of(hit.transaction) if hit.supported else {}
    facts = hit.evidence.get("facts", {})
    seen = Seen({name: None if text is None else Fraction(text) for name, text in facts.items()}, fields, parameters)
    told = _Told(definition, seen)
    trees = [frozen(band["when"]) for band in version.definition["bands"]]
    fired = _fired(hit, definition, trees, seen)
    found = [_branch(told, place, tree, fired=place == fired) for place, tree in enumerate(trees)]
    compared = {name for tree in trees for name in names_of(tree, "param")}
    others = tuple(Line(_(item.label), _amount(told, name)) for name, item in definition.parameters.items() if name not in compared)
    return tuple(sorted(found, key=lambda one: (not one.fired, one.number))), others


def _fired(hit: Hit, definition: Definition, trees: list[Expression], seen: Seen) -> int:
    """The first band of the hit's reason and height, rather one of which nothing known speaks against it."""
    bands = enumerate(definition.bands)
    candidates = [place for place, band in bands if (band.reason, band.band) == (hit.reason_code, hit.band)]
    return next((place for place in candidates if value_of(trees[place], seen) in (True, NOT_KEPT)), candidates[0] if candidates else -1)


def _branch(told: _Told, place: int, tree: Expression, *, fired: bool) -> Branch:
    spec = told.definition.bands[place]
    lines = tuple(dict.fromkeys(_line(told, part, fired=fired) for part in _parts(tree, told.seen)))
    label = "" if spec.label == Label.ALLOW else str(Label(spec.label).label)
    return Branch(place + 1, fired, "met" if fired else _state(value_of(tree, told.seen)), spec.band, label, lines)


def _parts(tree: Expression, seen: Seen) -> Iterator[Expression]:
    """What all must hold, one by one; of what is or-ed the part that did, or the whole."""
    if tree[0] == "and":
        for part in tree[1:]:
            yield from _parts(part, seen)
    elif tree[0] == "or" and (held := next((part for part in tree[1:] if value_of(part, seen) is True), None)):
        yield from _parts(held, seen)
    else:
        yield tree


def _state(found: Any) -> State:
    return "met" if found is True else "not" if found is False else "unknown"


def _line(told: _Told, tree: Expression, *, fired: bool) -> Line:
    held = value_of(tree, told.seen)
    state: State = "met" if fired else _state(held)
    why = _why(told, tree) if held in (None, NOT_KEPT) else ""
    if fired and held is False:  # the row says otherwise by now, and another judgement is owed
        return Line(_text(told, tree), "—", "—", state, _("Not kept with the verdict"))
    if tree[0] not in SIGNS:
        return Line(_text(told, tree), {True: _("Yes"), False: _("No")}.get(held, _("unknown")), "—", state, why)
    sign, left, right = tree
    if left[0] in ("param", "number", "text"):
        sign, left, right = TURNED[sign], right, left
    return Line(_text(told, left), _value(told, left, right), f"{SIGNS[sign]} {_threshold(told, left, right)}", state, why)


def _text(told: _Told, tree: Expression) -> str:
    return condition_text(with_parameters(tree, told.seen.parameters))


def _value(told: _Told, left: Expression, right: Expression) -> str:
    found = value_of(left, told.seen)
    share = _share(told, found, right)
    return _("%(value)s (%(share)s)") % {"value": _shown(found, left), "share": share} if share else _shown(found, left)


def _shown(found: Any, tree: Expression) -> str:
    if found == NOT_KEPT:
        return _("not kept")
    if found is None:
        return _("unknown")
    if isinstance(found, bool):
        return _("Yes") if found else _("No")
    return code_text(found, tree[1] if tree[0] == "field" else "") if isinstance(found, str) else _number(found)


def _share(told: _Told, found: Any, right: Expression) -> str:
    """How much of the other side it was, where the threshold is a share of it or so many times it."""
    if right[0] != "*" or len(right) != 3 or not isinstance(found, Fraction) or not names_of(right, "fact"):
        return ""
    factor, of = (right[1], right[2]) if right[1][0] == "param" else (right[2], right[1])
    other = value_of(of, told.seen)
    if factor[0] != "param" or not isinstance(other, Fraction) or other == 0:
        return ""
    quotient = found / other
    if told.definition.parameters[factor[1]].unit == "share":
        return f"{float(quotient * 100):,.1f}%"
    return _("%(n)s times") % {"n": f"{float(quotient):,.1f}"}


def _threshold(told: _Told, left: Expression, right: Expression) -> str:
    if right[0] == "param":
        return _amount(told, right[1])
    if right[0] == "text":
        return code_text(right[1], left[1] if left[0] == "field" else "")
    if with_parameters(right, told.seen.parameters)[0] == "number":  # a fixed number, though it may be written as a calculation
        return _text(told, right)
    return f"{_text(told, right)} = {_shown(value_of(right, told.seen), right)}"


def _amount(told: _Told, name: str) -> str:
    item = told.definition.parameters[name]
    return f"{shown_number(item.value)} {UNIT_LABELS.get(item.unit, '')}".strip()


def _number(found: Fraction) -> str:
    return f"{int(found):,}" if found.denominator == 1 else f"{float(found):,.2f}"


def _why(told: _Told, tree: Expression) -> str:
    """The first reason why a condition was neither met nor not met."""
    for name in sorted(names_of(tree, "fact")):
        if name not in told.seen.facts:
            return _("Not kept with the verdict")
        if told.seen.facts[name] is not None:
            continue
        fact = told.definition.facts[name]
        if isinstance(fact, BalanceFact):
            return ngettext("No balance reported within %(n)s day", "No balance reported within %(n)s days", fact.days) % {"n": fact.days}
        return str(EXIT_LABELS["no_reference_value"]) if isinstance(fact, DatedFact) else _("Nothing to count in its window")
    fields = {name: told.seen.fields.get(name, NOT_KEPT) for name in sorted(names_of(tree, "field"))}
    if any(name in RATES and found is None for name, found in fields.items()):
        return str(EXIT_LABELS["unrated"])
    return _("Not kept with the verdict") if NOT_KEPT in fields.values() else _("Not known when it was judged")
