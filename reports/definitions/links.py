"""Where each number of the risk report opens its list."""

from django.urls import reverse
from django.utils.http import urlencode

from reports.definitions.periods import Span


class Links:
    """Addresses of the lists behind the figures of one period."""

    def __init__(self, span: Span) -> None:
        self.first = span.first.isoformat()
        self.last = span.last.isoformat()

    def _days(self, name: str, first: str = "", last: str = "") -> dict[str, str]:
        return {f"{name}_from": first or self.first, f"{name}_to": last or self.last}

    def alerts(self, day: str = "", **conditions: str) -> str:
        """Return the alerts raised in the period, or on one day."""
        return f"{reverse('risk:alert_list')}?{urlencode(self._days('raised', day, day) | conditions)}"

    def decided(self, **conditions: str) -> str:
        """Return the alerts finished in the period."""
        return f"{reverse('risk:alert_list')}?{urlencode(self._days('finished') | conditions)}"

    def transactions(self, day: str = "", **conditions: str) -> str:
        """Return the transactions received in the period, or on one day."""
        return f"{reverse('transactions:transaction_list')}?{urlencode(self._days('received', day, day) | conditions)}"

    def verdicts(self, **conditions: str) -> str:
        """Return the first judgements made in the period."""
        return f"{reverse('risk:assessment_list')}?{urlencode(self._days('judged') | conditions)}"

    def freezes(self, moment: str = "placed", day: str = "", **conditions: str) -> str:
        """Return the freezes placed or ended in the period."""
        return f"{reverse('products:freeze_list')}?{urlencode(self._days(moment, day, day) | conditions)}"

    def cases(self, moment: str, **conditions: str) -> str:
        """Return the cases opened or closed in the period."""
        return f"{reverse('risk:case_list')}?{urlencode(self._days(moment) | conditions)}"

    def register(self, **conditions: str) -> str:
        """Return the large-value rows drafted in the period."""
        return f"{reverse('risk:register')}?{urlencode(self._days('created') | conditions)}"
