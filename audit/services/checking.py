"""The compliance check: looked at by the auditor, written down."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.db import transaction
from django.urls import resolve

from audit.definitions import compliance
from crm.access.actor import Actor
from crm.access.services import may, require
from crm.log import services as log

VIEW = "audit.view_compliance"


@dataclass(frozen=True)
class Row:
    """A fact and what was found."""

    label: str
    finding: compliance.Finding

    @property
    def level(self) -> str:
        """How it is coloured: unknown is no good news."""
        return "mid" if self.finding.count is None else "low" if self.finding.fine else "high"


@transaction.atomic
def look(*, actor: Actor) -> list[Row]:
    """Every fact with its finding; the look is a line with the figures."""
    require(actor, VIEW)
    rows = [(fact, fact.look(actor)) for fact in compliance.registered()]
    log.record(actor=actor, action="audit.compliance_viewed", data={"found": {fact.key: finding.count for fact, finding in rows}})
    return [Row(str(fact.label), finding if _opens(actor, finding.url) else replace(finding, url="")) for fact, finding in rows]


def _opens(actor: Actor, address: str) -> bool:
    """Whether the reader may enter the list behind a figure; an audit officer knows the count and opens no alerts."""
    return not address or may(actor, resolve(urlsplit(address).path).func.gate)  # type: ignore[attr-defined]
