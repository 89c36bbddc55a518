"""What the rules asked for where more could not be done: money that has moved is neither held nor declined."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from risk.choices import LABEL_RANK, Action, Label
from risk.engine.answers import POINTS_TABLE
from risk.models import Assessment, DatedValue, Hit
from transactions.models import Transaction


def asked_of(verdict: Assessment, row: Transaction) -> Label | None:
    """Return what the rules asked for where the verdict is milder because the money had moved; None where it is what they asked for.

    The judging turns such a hold or refusal into a review and proposes a freeze; *verdict* brings its hits with their versions.
    """
    if verdict.label != Label.REVIEW or Action.PROPOSE_FREEZE not in verdict.actions:
        return None
    bands = list(_bands(verdict))
    asked = max((Label(band.get("label", Label.ALLOW)) for band in bands), key=LABEL_RANK.__getitem__, default=Label.ALLOW)
    if LABEL_RANK[asked] > LABEL_RANK[Label.REVIEW]:
        return asked
    # A rule may propose a freeze by itself; where none did, only a hold that could not be is left as the reason.
    proposed = any(Action.PROPOSE_FREEZE in band.get("actions", []) for band in bands)
    return Label.HOLD if not proposed or _enough_points(verdict, row) else None


def _bands(verdict: Assessment) -> Iterator[dict[str, Any]]:
    for hit in verdict.hits.all():
        if not hit.shadow:
            yield _band(hit)


def _band(hit: Hit) -> dict[str, Any]:
    bands: list[dict[str, Any]] = hit.rule_version.definition["bands"]
    return next((band for band in bands if (band["reason"], band["band"]) == (hit.reason_code, hit.band)), {})


def _enough_points(verdict: Assessment, row: Transaction) -> bool:
    valid = Q(valid_until=None) | Q(valid_until__gt=row.bank_date)
    found = DatedValue.objects.filter(valid, table=POINTS_TABLE, key=Label.HOLD, valid_from__lte=row.bank_date)
    needed = found.order_by("-valid_from").values_list("value", flat=True).first()
    return needed is not None and verdict.points >= needed
