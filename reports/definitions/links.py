"""Where each number of the risk report opens its list."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from crm.access.services import may
from reports.definitions.periods import Span


class Links:
    """Addresses of the lists behind the figures of one period; empty where the reader may not open the list."""

    def __init__(self, span: Span, reader: Any) -> None:
        self.reader = reader
        self.first = span.first.isoformat()
        self.last = span.last.isoformat()

    def _days(self, name: str, first: str = "", last: str = "") -> dict[str, str]:
        return {f"{name}_from": first or self.first, f"{name}_to": last or self.last}

    def _list(self, url_name: str, permission: str, conditions: dict[str, str]) -> str:
        return f"{reverse(url_name)}?{urlencode(conditions)}" if may(self.reader, permission) else ""

    def alerts(self, day: str = "", **conditions: str) -> str:
        """Return the alerts raised in the period, or on one day."""
        return self._list("risk:alert_list", "risk.view_alert", self._days("raised", day, day) | conditions)

    def decided(self, **conditions: str) -> str:
        """Return the alerts finished in the period."""
        return self._list("risk:alert_list", "risk.view_alert", self._days("finished") | conditions)

    def transactions(self, day: str = "", **conditions: str) -> str:
        """Return the transactions received in the period, or on one day."""
        return self._list("transactions:transaction_list", "transactions.view_transaction", self._days("received", day, day) | conditions)

    def verdicts(self, **conditions: str) -> str:
        """Return the first judgements made in the period."""
        return self._list("risk:assessment_list", "risk.view_assessment", self._days("judged") | conditions)

    def freezes(self, moment: str = "placed", day: str = "", **conditions: str) -> str:
        """Return the freezes placed or ended in the period."""
        return self._list("products:freeze_list", "products.view_freeze", self._days(moment, day, day) | conditions)

    def cases(self, moment: str, **conditions: str) -> str:
        """Return the cases opened or closed in the period."""
        return self._list("risk:case_list", "risk.view_case", self._days(moment) | conditions)

    def register(self, **conditions: str) -> str:
        """Return the large-value rows drafted in the period."""
        return self._list("risk:register", "risk.view_largevaluerow", self._days("created") | conditions)

    def sees_cases(self) -> bool:
        """Return whether the reader may open a case."""
        return may(self.reader, "risk.view_case")
