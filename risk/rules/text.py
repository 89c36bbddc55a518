"""Rules as people read them: facts, conditions and answers in words, in the reader's language."""

from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm.lists.formats import number as shown_number
from customers.choices import CustomerKind, Segment
from products.choices import AccountKind
from risk.choices import Action, Band, Label
from risk.facts.declarations import BalanceFact, DailyPeakFact, DatedFact, Fact, LastFact, WindowFact
from risk.facts.expressions import number_of
from risk.facts.spans import DAY, HOUR, BankDay, BusinessDays, DaysBefore, Sliding, Span
from risk.rules.definition import BandSpec, Definition
from risk.rules.labels import fact_label
from transactions.choices import Channel, Direction, Instrument, Kind

Word = str | Promise
FIELD_LABELS: dict[str, Word] = {
    "direction": gettext_lazy("debit or credit"),
    "amount": gettext_lazy("amount in its own currency"),
    "amount_cny": gettext_lazy("amount (CNY)"),
    "amount_usd": gettext_lazy("amount (USD)"),
    "currency": gettext_lazy("currency"),
    "currency_group": gettext_lazy("currency group"),
    "group_amount": gettext_lazy("amount in CNY, or in USD for foreign currency"),
    "kind": gettext_lazy("transaction type"),
    "instrument": gettext_lazy("cash or transfer"),
    "channel": gettext_lazy("channel"),
    "cross_border": gettext_lazy("cross-border"),
    "customer_initiated": gettext_lazy("started by the customer"),
    "counterparty": gettext_lazy("counterparty"),
    "counterparty_country": gettext_lazy("counterparty country"),
    "hour": gettext_lazy("hour of the day"),
    "customer_kind": gettext_lazy("customer type"),
    "customer_segment": gettext_lazy("segment"),
    "customer_aml_risk_level": gettext_lazy("AML risk level"),
    "account_kind": gettext_lazy("account type"),
    "account_age": gettext_lazy("days since the account was opened"),
}
KEY_LABELS: dict[str, Word] = {
    "account": gettext_lazy("per account"),
    "customer": gettext_lazy("per customer, all accounts"),
    "pair": gettext_lazy("per account and counterparty"),
}
TABLE_LABELS: dict[str, Word] = {
    "week_limit": gettext_lazy("seven-day limit by segment"),
    "small_burst": gettext_lazy("minimum count by segment"),
    "high_risk_country": gettext_lazy("list of high-risk countries"),
}
EXIT_LABELS: dict[str, Word] = {
    "not_enough_history": gettext_lazy("Not enough history"),
    "unrated": gettext_lazy("No exchange rate"),
    "no_reference_value": gettext_lazy("No reference value on that day"),
    "no_recent_balance": gettext_lazy("No recent balance"),
    "unknown_value": gettext_lazy("A value was unknown"),
    "engine_error": gettext_lazy("The rule failed"),
}
UNIT_LABELS: dict[str, Word] = {
    "CNY": gettext_lazy("CNY"),
    "USD": gettext_lazy("USD"),
    "times": gettext_lazy("times"),
    "share": gettext_lazy("share"),
    "transactions": pgettext_lazy("unit", "transactions"),
    "hours": gettext_lazy("o'clock"),
    "days": gettext_lazy("days"),
    "points": gettext_lazy("points"),
    "parts": gettext_lazy("parts"),
}
SIGNS = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥", "+": "+", "-": "−", "*": "×", "/": "÷"}
LOOSE = {"or": 1, "and": 2, "not": 3, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6}
CODES: dict[str, type[TextChoices]] = {
    "direction": Direction,
    "kind": Kind,
    "instrument": Instrument,
    "channel": Channel,
    "customer_kind": CustomerKind,
    "customer_segment": Segment,
    "account_kind": AccountKind,
}
"""The coded fields. A word of one of them is called what it is called there: “transfer” is a kind and an instrument."""
_CODES: dict[str, Word] = {choice.value: choice.label for group in CODES.values() for choice in group}


def code_text(code: str, field: str = "") -> str:
    """Return what a coded value of a field is called; any other text, such as a currency or a country, as it is."""
    found = {choice.value: choice.label for choice in CODES[field]} if field in CODES else _CODES
    return str(found.get(code, code))


def condition_text(tree: Any, around: int = 0) -> str:
    """Return a condition in one line, with as few brackets as it needs."""
    head, parts = tree[0], tree[1:]
    if head in LOOSE:
        return _joined(head, parts, around)
    match head:
        case "number":
            return shown_number(number_of(parts[0]))
        case "text":
            return code_text(parts[0])
        case "fact":
            return fact_label(parts[0])
        case "param":
            return str(parts[0])
        case "field":
            return str(FIELD_LABELS[parts[0]])
        case "current":
            return _("%(field)s of this transaction") % {"field": FIELD_LABELS[parts[0]]}
        case "missing":
            return _("%(value)s is unknown") % {"value": condition_text(parts[0], 9)}
        case "in":
            words = " / ".join(code_text(word, _field_of(parts[0])) for word in parts[1:])
            return _("%(value)s is one of %(words)s") % {"value": condition_text(parts[0], 9), "words": words}
    places = {"value": condition_text(parts[0], 9), "step": condition_text(parts[1], 9)}
    return _("%(value)s is a multiple of %(step)s") % places


def _field_of(tree: Any) -> str:
    return str(tree[1]) if tree[0] in ("field", "current") else ""


def _joined(head: str, parts: Any, around: int) -> str:
    rank = LOOSE[head]
    coded = next(filter(None, map(_field_of, parts)), "") if head in ("=", "!=") else ""
    texts = [code_text(part[1], coded) if part[0] == "text" else condition_text(part, rank) for part in parts]
    if head == "not":
        text = _("not %(condition)s") % {"condition": texts[0]}
    elif head in SIGNS:
        text = f" {SIGNS[head]} ".join(texts)
    else:
        text = texts[0]
        for other in texts[1:]:
            both = {"left": text, "right": other}
            text = _("%(left)s and %(right)s") % both if head == "and" else _("%(left)s or %(right)s") % both
    return f"({text})" if rank < around or (rank == around and head in "-/") else text


def span_text(span: Span) -> str:
    """Return a window in words."""
    match span:
        case Sliding(micros, ago) if ago:
            return _("%(window)s, up to %(delay)s before") % {"window": span_text(Sliding(micros)), "delay": length_text(ago)}
        case Sliding(micros) if micros % DAY == 0 and micros > DAY:
            return ngettext("%(n)s day, sliding", "%(n)s days, sliding", micros // DAY) % {"n": micros // DAY}
        case Sliding(micros) if micros % HOUR == 0:
            return ngettext("%(n)s hour, sliding", "%(n)s hours, sliding", micros // HOUR) % {"n": micros // HOUR}
        case Sliding(micros):
            minutes = micros // 60_000_000
            return ngettext("%(n)s minute, sliding", "%(n)s minutes, sliding", minutes) % {"n": minutes}
        case BankDay():
            return _("the bank day")
        case DaysBefore(days):
            return ngettext("the day before today", "the %(n)s days before today", days) % {"n": days}
        case BusinessDays(days):
            return ngettext("%(n)s business day", "%(n)s business days", days) % {"n": days}


def length_text(micros: int) -> str:
    """Return a length of time in its greatest unit."""
    if micros % DAY == 0:
        return ngettext("%(n)s day", "%(n)s days", micros // DAY) % {"n": micros // DAY}
    if micros % HOUR == 0:
        return ngettext("%(n)s hour", "%(n)s hours", micros // HOUR) % {"n": micros // HOUR}
    return ngettext("%(n)s minute", "%(n)s minutes", micros // 60_000_000) % {"n": micros // 60_000_000}


def fact_text(fact: Fact) -> str:
    """Return a fact's declaration in words: formula, key, window, what is included, filters."""
    if isinstance(fact, DatedFact):
        places = {"table": TABLE_LABELS.get(fact.table, fact.table), "field": FIELD_LABELS[fact.of]}
        return _("%(table)s, for %(field)s, as valid on the bank date") % places
    if isinstance(fact, BalanceFact):
        return _("last balance reported within %(n)s days, and what has moved since") % {"n": fact.days}
    return " · ".join(_parts(fact))


def _parts(fact: WindowFact | LastFact | DailyPeakFact) -> list[str]:
    parts = [_formula(fact), str(KEY_LABELS[fact.key])]
    match fact:
        case WindowFact():
            parts += [span_text(fact.span), _("this transaction included") if fact.current else _("this transaction left out")]
        case LastFact():
            parts.append(_("the last %(count)s transactions within %(days)s days") % {"count": fact.count, "days": fact.days})
        case DailyPeakFact():
            parts.append(span_text(fact.span))
    parts += [_("same %(field)s") % {"field": FIELD_LABELS[name]} for name in fact.same]
    return parts if fact.where is None else [*parts, condition_text(fact.where)]


FORMULA_LABELS: dict[str, Word] = {
    "count": gettext_lazy("count"),
    "sum": gettext_lazy("sum of %(field)s"),
    "mean": gettext_lazy("mean of %(field)s"),
    "stddev": gettext_lazy("standard deviation of %(field)s"),
    "max": gettext_lazy("greatest %(field)s"),
    "min": gettext_lazy("smallest %(field)s"),
    "gap": gettext_lazy("seconds since the one before"),
    "distinct": gettext_lazy("different counterparties"),
}


def _formula(fact: WindowFact | LastFact | DailyPeakFact) -> str:
    label = str(FORMULA_LABELS[fact.formula])
    text = label % {"field": FIELD_LABELS[fact.of]} if fact.of else label
    return _("greatest daily figure: %(formula)s") % {"formula": text} if isinstance(fact, DailyPeakFact) else text


def band_text(band: BandSpec) -> dict[str, Any]:
    """Return what follows a hit, for one row of a page."""
    return {
        "when": condition_text(band.when),
        "band": Band(band.band),
        "points": band.points,
        "label": Label(band.label).label if band.label != Label.ALLOW else "",
        "actions": [Action(action).label for action in band.actions],
    }


def applies_text(definition: Definition) -> str:
    """Return which transactions a rule looks at."""
    return condition_text(definition.applies) if definition.applies is not None else _("every transaction")
