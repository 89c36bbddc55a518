"""What a back-test says, counted from its rows: hits, overlap, alerts a day, who would have been frozen, beside what is live now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from risk.choices import Action, Band, Compared
from risk.engine.program import Rule
from risk.rules.definition import BandSpec
from risk.services.alerts import COOL_DOWN, DUE
from risk.services.trials import Chunk, Row, Trial

FREEZING = {Action.FREEZE_CUSTOMER.value, Action.FREEZE_ACCOUNT.value}
FROZEN_SHOWN = 500
Subject = tuple[str, int, int | None]
"""Rule code, customer, and the account where the rule looks at accounts."""


@dataclass(slots=True)
class Found:
    """One hit, of a rule that is tried or one that is live or both."""

    row: Row
    rule: Rule
    band: BandSpec
    tried: bool
    compared: str


@dataclass
class _Side:
    """What one set of rules would have caused."""

    labels: Counter[str] = field(default_factory=Counter)
    alerting: dict[Subject, list[tuple[datetime, str, bool]]] = field(default_factory=dict)
    frozen: dict[tuple[int, int | None], tuple[datetime, str]] = field(default_factory=dict)

    def take(self, row: Row, hits: Sequence[tuple[Rule, BandSpec]], actions: Sequence[str]) -> None:
        """Count the live hits of one transaction in."""
        asking = [(rule, band) for rule, band in hits if Action.ALERT in band.actions]
        if not asking and Action.ALERT in actions and hits:
            asking = [max(hits, key=lambda one: one[1].points)]
        for rule, band in hits:
            freezes = FREEZING & set(band.actions)
            account = row.account_id if rule.definition.subject == "account" else None
            if (rule, band) in asking or freezes:
                kept = rule.definition.never_suppressed or bool(freezes)
                self.alerting.setdefault((rule.code, row.customer_id, account), []).append((row.occurred_at, band.band, kept))
            if freezes:
                whole = Action.FREEZE_CUSTOMER in band.actions
                subject = (row.customer_id, None if whole else row.account_id)
                if subject not in self.frozen or row.occurred_at < self.frozen[subject][0]:
                    self.frozen[subject] = (row.occurred_at, rule.code)

    def alerts(self) -> Iterator[tuple[str, datetime]]:
        """Yield each alert that would have been raised (rule code, moment): later hits join it while it is open, then a pause is kept.

        Nobody works alerts in a back-test: each is taken to be finished when it falls due.
        """
        for (code, _customer, _account), hits in self.alerting.items():
            until = quiet = None
            for at, band, kept in sorted(hits):
                if until is not None and at <= until:
                    continue
                if quiet is not None and at <= quiet and not kept:
                    continue
                yield code, at
                until = at + DUE[Band(band)]
                quiet = until + COOL_DOWN


@dataclass
class Tally:
    """Counts chunk by chunk; ``hits`` of the tried rules and those gone are kept for a look at each."""

    trial: Trial
    judged: int = 0
    hits: list[Found] = field(default_factory=list)
    tried: _Side = field(default_factory=_Side)
    live: _Side = field(default_factory=_Side)
    overlap: Counter[tuple[int, int]] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk) -> None:
        """Count a chunk in."""
        self.judged += chunk.judged
        self.failed.update(chunk.failed)
        for row in chunk.rows:
            self._row(row)

    def _row(self, row: Row) -> None:
        rules = self.trial.program.rules
        hit = {place for place, answer in enumerate(row.answers) if answer > 0}
        bands = {place: rules[place].definition.bands[row.answers[place] - 1] for place in hit}
        tried, live = [place for place in self.trial.tried if place in hit], [place for place in self.trial.live if place in hit]
        self.tried.labels[row.label] += 1
        self.live.labels[row.live_label] += 1
        self.tried.take(row, [(rules[place], bands[place]) for place in tried], row.actions)
        self.live.take(row, [(rules[place], bands[place]) for place in live], row.live_actions)
        self.overlap.update((one, other) for one in tried for other in tried)
        codes, standing = {rules[place].code for place in tried}, {rules[place].code for place in live}
        for place in tried:
            compared = Compared.SAME if rules[place].code in standing else Compared.NEW
            self.hits.append(Found(row, rules[place], bands[place], True, compared.value))
        for place in live:
            if rules[place].code not in codes:
                self.hits.append(Found(row, rules[place], bands[place], False, Compared.GONE.value))

    def result(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {
            "judged": self.judged,
            "rules": self._rules(),
            "overlap": self._overlap(),
            "labels": {label: [side.labels[label] for side in (self.tried, self.live)] for label in self._labels()},
            "alerts": self._alerts(),
            "frozen": self._frozen(),
            "failed": dict(self.failed),
        }

    def _labels(self) -> list[str]:
        return sorted({*self.tried.labels, *self.live.labels} - {"allow"})

    def _rules(self) -> list[dict[str, Any]]:
        told: dict[str, dict[str, Any]] = {}
        rules = self.trial.program.rules
        for place in [*self.trial.live, *self.trial.tried]:
            rule = rules[place]
            line = told.setdefault(rule.code, {"code": rule.code, "version": None, "live": None, "bands": {}, "hits": 0})
            line["version" if place in self.trial.tried else "live"] = rule.number
            if place in self.trial.live:
                line["live"] = rule.number
            line |= dict.fromkeys(Compared.values, 0)
        for found in self.hits:
            line = told[found.rule.code]
            line[found.compared] += 1
            if found.tried:
                line["hits"] += 1
                line["bands"][found.band.band] = line["bands"].get(found.band.band, 0) + 1
        return [told[code] for code in sorted(told)]

    def _overlap(self) -> dict[str, Any]:
        hitting = [place for place in self.trial.tried if self.overlap[place, place]]
        codes = [self.trial.program.rules[place].code for place in hitting]
        return {"codes": codes, "matrix": [[self.overlap[one, other] for other in hitting] for one in hitting]}

    def _alerts(self) -> dict[str, Any]:
        zone = ZoneInfo(settings.BANK_ZONE)
        sides = [list(side.alerts()) for side in (self.tried, self.live)]
        days = [Counter(at.astimezone(zone).date().isoformat() for _code, at in side) for side in sides]
        codes = [Counter(code for code, _at in side) for side in sides]
        return {
            "total": [len(side) for side in sides],
            "days": [[day, days[0][day], days[1][day]] for day in every_day([*days[0], *days[1]])],
            "rules": {code: [count[code] for count in codes] for code in sorted({*codes[0], *codes[1]})},
        }

    def _frozen(self) -> dict[str, Any]:
        lines = []
        for subject in {*self.tried.frozen, *self.live.frozen}:
            tried, live = self.tried.frozen.get(subject), self.live.frozen.get(subject)
            at, code = tried or self.live.frozen[subject]
            compared = Compared.SAME if tried and live else Compared.NEW if tried else Compared.GONE
            lines.append((at, subject, code, compared.value))
        lines.sort(key=lambda line: (line[0], line[1][0], line[1][1] or 0))
        counts = Counter(compared for *_rest, compared in lines)
        shown = [[customer, account, at.isoformat(), code, compared] for at, (customer, account), code, compared in lines[:FROZEN_SHOWN]]
        return {"counts": {name: counts[name] for name in Compared.values}, "lines": shown, "more": max(len(lines) - FROZEN_SHOWN, 0)}


def every_day(days: Iterable[str]) -> list[str]:
    """Return the days from the first to the last, those between without a gap."""
    known = sorted(set(days))
    for one, other in pairwise(list(known)):
        first, last = date.fromisoformat(one), date.fromisoformat(other)
        known += [(first + timedelta(days=step)).isoformat() for step in range(1, (last - first).days)]
    return sorted(known)


def per_day(alerts: Mapping[str, Any], first: date, last: date) -> list[float]:
    """Return how many alerts a day of the period that is, tried and live."""
    return [round(total / ((last - first).days + 1), 2) for total in alerts["total"]]
