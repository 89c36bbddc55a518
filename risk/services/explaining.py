"""What the engine would do and why: facts, plans, scans, costs, the choice per customer, and how far a late event re-opens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from customers.models import Customer
from risk.choices import RuleState
from risk.engine.cursor import settle
from risk.engine.explaining import Measured, cost, never_framed, scans, statement_of, ways
from risk.engine.planner import choices, split
from risk.engine.program import Program, Rule
from risk.facts.declarations import BalanceFact, DailyPeakFact, DatedFact, Fact, LastFact, WindowFact
from risk.facts.spans import DAY, back
from risk.models import RuleVersion
from risk.rules.definition import Definition
from risk.rules.text import applies_text, fact_text, length_text, span_text
from risk.services.rule_sets import program_for
from transactions.choices import Screening
from transactions.models import Transaction

STATEMENT_MS = 120_000
SHOWN_CUSTOMERS = 20


class NotExplained(Exception):
    """What is asked for does not exist; the message says what does."""


@dataclass(frozen=True, kw_only=True)
class FactShown:
    """One fact of a rule, and how each of the two plans computes it."""

    names: list[str]
    text: str
    kind: str
    key: str
    formula: str
    window: str
    current: bool
    reach_days: float
    scan: str
    shared_with: list[str]
    """Facts of the program that come out of the same scan, as ``rule.fact``."""
    ways: list[str]
    framed_by: str
    never_framed: str


@dataclass(frozen=True, kw_only=True)
class RuleShown:
    """One rule with its facts and what it alone costs."""

    code: str
    version: int
    state: str
    applies: str
    facts: list[FactShown]
    costs: list[Measured]


@dataclass(frozen=True)
class CustomerShown:
    """How many of a customer's rows go by which plan, and why."""

    customer: str
    rows: int
    frames: int
    per_row: int
    why: dict[str, int]


@dataclass(frozen=True)
class ChoiceShown:
    """The planner's choice for a set of transactions judged together."""

    rows: int
    frames: int
    per_row: int
    why: dict[str, int]
    customers: list[CustomerShown]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """All of it. ``costs`` are of all running rules together, as judging runs them."""

    rules: list[RuleShown]
    transaction: str
    reopened: int
    reach_days: dict[str, float]
    choice: ChoiceShown
    costs: list[Measured]
    sql: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def explain(
    *, actor: Actor, rules: Sequence[str] = (), drafts: Sequence[str] = (), reference: str = "", rows: int = 0, sql: bool = False
) -> Explained:
    """Return how the live and shadow rules, and drafts named by code, would judge one transaction and the newest ``rows``.

    ``rules`` shows some of them only. Judges without writing; one line in the log says who looked. `NotExplained` names what there is.
    """
    require(actor, "risk.view_rule")
    settle(STATEMENT_MS)
    program, states = _program(drafts)
    shown = _chosen(program, rules)
    newest = list(Transaction.objects.order_by("-event_order", "-pk").values_list("pk", flat=True)[:rows])
    one = _one(reference)
    data = {"rules": [rule.code for rule in shown], "transaction": one.reference if one else "", "rows": len(newest)}
    log.record(actor=actor, action="rules.explained", data=data)
    statements = {plan: statement_of(program, plan) for plan in ("rows", "frames")} if sql else {}
    return Explained(
        rules=_rules(program, shown, states, one, newest),
        transaction=one.reference if one else "",
        reopened=_reopened(program, one) if one else 0,
        reach_days={key: _days(program.reach(key)) for key in ("account", "customer")},
        choice=_choice(newest),
        costs=[*_costs(program, one, newest), *_beside(program, newest)],
        sql={plan: statement.then("SELECT * FROM verdict") for plan, statement in statements.items()},
        values={name: str(value) for statement in statements.values() for name, value in statement.values.items()},
    )


def _program(drafts: Sequence[str]) -> tuple[Program, dict[int, str]]:
    """Return the program and the state of each of its versions."""
    running = RuleVersion.objects.filter(state__in=[RuleState.LIVE, RuleState.SHADOW])
    states = dict(running.values_list("pk", "state"))
    tests = dict(RuleVersion.objects.filter(state=RuleState.TEST).order_by("number").values_list("rule__code", "pk"))
    for code in drafts:
        if code not in tests:
            raise NotExplained(f"There is no rule “{code}” with a version in test. There are: {', '.join(sorted(tests)) or 'none'}.")
        states[tests[code]] = RuleState.TEST.value
    return program_for(list(states)), states


def _chosen(program: Program, codes: Sequence[str]) -> list[Rule]:
    known = sorted({rule.code for rule in program.rules})
    for code in codes:
        if code not in known:
            raise NotExplained(f"There is no live or shadow rule “{code}”. There are: {', '.join(known)}. One in test is named by --draft.")
    return [rule for rule in program.rules if not codes or rule.code in codes]


def _one(reference: str) -> Transaction | None:
    found = Transaction.objects.filter(reference=reference) if reference else Transaction.objects.order_by("-event_order", "-pk")
    row = found.first()
    if reference and row is None:
        raise NotExplained(f"There is no transaction “{reference}”.")
    return row


def _rules(program: Program, shown: list[Rule], states: dict[int, str], one: Transaction | None, newest: list[int]) -> list[RuleShown]:
    few, many = scans(program.facts, "rows"), scans(program.facts, "frames")
    users: dict[str, list[str]] = {}
    for rule in program.rules:
        for name, fact in rule.definition.facts.items():
            users.setdefault(fact.identity, []).append(f"{rule.code}.{name}")
    example = [one.pk] if one else [0]
    reached = {scan: list(ways(_of(program, few, scan), "rows", example)) for scan in sorted(set(few.values()))}
    found = []
    for rule in shown:
        facts = []
        own = {fact.identity: fact for fact in rule.definition.facts.values()}
        for fact in own.values():
            scan = few[fact.identity]
            others = [user for identity, used in users.items() if few[identity] == scan and identity != fact.identity for user in used]
            facts.append(_fact(rule.definition, fact, scan, others, reached[scan], many.get(fact.identity, "")))
        found.append(
            RuleShown(
                code=rule.code,
                version=rule.number,
                state=states[rule.version_id],
                applies=applies_text(rule.definition),
                facts=facts,
                costs=_costs(Program((rule,), tuple(own.values())), one, newest),
            )
        )
    return found


def _of(program: Program, scan_of: dict[str, str], scan: str) -> list[Fact]:
    return [fact for fact in program.facts if scan_of[fact.identity] == scan]


def _fact(definition: Definition, fact: Fact, scan: str, others: list[str], reached: list[str], framed_by: str) -> FactShown:
    return FactShown(
        names=[name for name, one in definition.facts.items() if one.identity == fact.identity],
        text=fact_text(fact),
        kind=fact.kind,
        key=getattr(fact, "key", "account" if isinstance(fact, BalanceFact) else fact.of if isinstance(fact, DatedFact) else ""),
        formula=getattr(fact, "formula", fact.kind),
        window=_window_text(fact),
        current=isinstance(fact, LastFact) or getattr(fact, "current", False),
        reach_days=_days(fact.reach),
        scan=scan,
        shared_with=sorted(others),
        ways=reached,
        framed_by=framed_by,
        never_framed=never_framed(fact),
    )


def _window_text(fact: Fact) -> str:
    match fact:
        case WindowFact() | DailyPeakFact():
            return span_text(fact.span)
        case LastFact():
            return f"the last {fact.count}, {length_text(fact.days * DAY)} at most"
        case DatedFact():
            return "the bank date"
        case BalanceFact():
            return f"since the last report of {length_text(fact.days * DAY)}"


def _costs(program: Program, one: Transaction | None, newest: list[int]) -> list[Measured]:
    """Return the costs of the one transaction alone, and of the many by the planner's choice."""
    found = [cost(program, "rows", [one.pk])] if one else []
    return [*found, *(cost(program, share.plan, share.ids) for share in split(newest))]


def _beside(program: Program, newest: list[int]) -> list[Measured]:
    """Return what the rows that go by frames would cost by the other plan."""
    return [cost(program, "rows", share.ids) for share in split(newest) if share.plan == "frames"]


def _choice(newest: list[int]) -> ChoiceShown:
    found = choices(newest)
    by_customer: dict[int, list[tuple[str, str]]] = {}
    for choice in found:
        by_customer.setdefault(choice.customer, []).append((choice.plan, choice.why))
    most = sorted(by_customer, key=lambda pk: (-len(by_customer[pk]), pk))[:SHOWN_CUSTOMERS]
    references = dict(Customer.objects.filter(pk__in=most).values_list("pk", "reference"))
    customers = [CustomerShown(references[pk], *_counted(by_customer[pk])) for pk in most]
    return ChoiceShown(*_counted([(choice.plan, choice.why) for choice in found]), customers)


def _counted(found: list[tuple[str, str]]) -> tuple[int, int, int, dict[str, int]]:
    plans, why = Counter(plan for plan, _why in found), Counter(why for _plan, why in found)
    return len(found), plans["frames"], plans["rows"], dict(sorted(why.items()))


def _reopened(program: Program, one: Transaction) -> int:
    """Return how many judged transactions would owe a new judgement if this one were corrected."""
    reached = Q()
    for key in ("account", "customer"):
        until = one.event_order + back(program.reach(key))
        reached |= Q(**{f"{key}_id": getattr(one, f"{key}_id"), "event_order__range": (one.event_order, until)})
    return Transaction.objects.filter(reached, screening=Screening.JUDGED).exclude(pk=one.pk).count()


def _days(micros: int) -> float:
    return round(micros / DAY, 3)
