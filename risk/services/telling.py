"""Telling the people on duty of new alerts: each once, a storm as one sentence."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from django.utils.translation import gettext_noop

from crm.notify.services import notify
from crm.staff.models import User
from crm.staff.services.duty import people_on_duty
from risk.models import Alert

STORM = 20
"""★ More alerts of one rule than this at once are told in one notice: an inbox full of single mails is read by nobody."""


def tell_duty(alerts: Sequence[Alert], now: datetime) -> None:
    """Give those on duty a notice of each new alert; call it in the transaction that raised them."""
    if not alerts:
        return
    on_duty = list(people_on_duty("risk.work_alert"))
    for _rule_id, group in groupby(sorted(alerts, key=lambda alert: (alert.rule_id, alert.pk)), key=lambda alert: alert.rule_id):
        raised = list(group)
        if len(raised) > STORM:
            _tell_storm(on_duty, raised, now)
        else:
            _tell_each(on_duty, raised)


def _tell_each(on_duty: Iterable[User], alerts: Sequence[Alert]) -> None:
    people, rule = list(on_duty), alerts[0].rule
    for alert in alerts:
        notify(
            recipients=people,
            kind="alert.raised",
            subject=gettext_noop("Alert %(reference)s: %(rule)s"),
            body=gettext_noop("A new alert waits in the queue: %(rule)s. Priority %(priority)s."),
            params={"reference": alert.reference, "rule": {"msgid": rule.name}, "priority": alert.priority},
            url_name="risk:alert",
            url_args=(alert.reference,),
            key=f"alert:{alert.reference}",
        )


def _tell_storm(on_duty: Iterable[User], alerts: Sequence[Alert], now: datetime) -> None:
    notify(
        recipients=list(on_duty),
        kind="alert.storm",
        subject=gettext_noop("%(count)s alerts at once: %(rule)s"),
        body=gettext_noop("The rule %(rule)s raised %(count)s alerts at once. Look at the queue, and at the rule."),
        params={"count": len(alerts), "rule": {"msgid": alerts[0].rule.name}},
        url_name="risk:alert_list",
        key=f"storm:{alerts[0].rule.code}:{now:%Y-%m-%dT%H:%M}",
    )
