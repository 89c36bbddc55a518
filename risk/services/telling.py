"""Telling the people on duty of new alerts: each once, a storm as one sentence."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.translation import gettext_noop

from crm.notify.models import Notice
from crm.notify.services import notify
from crm.staff.models import User
from crm.staff.services.duty import people_on_duty
from risk.choices import AlertState, InquiryState
from risk.models import Alert, Inquiry

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


def tell_support_gone(alerts: Iterable[Alert], now: datetime) -> None:
    """Tell whoever works an alert, or its case, that later knowledge no longer supports it; once each time its support goes."""
    for alert in alerts:
        officers = {person.pk: person for person in (alert.claimed_by, alert.case.officer if alert.case else None) if person is not None}
        if alert.finished_at is not None and alert.case is None:
            continue
        notify(
            recipients=officers.values(),
            kind="alert.unsupported",
            subject=gettext_noop("Alert %(reference)s is no longer supported"),
            body=gettext_noop(
                "Judged again with what is known now, the rule %(rule)s does not hit any more. The alert stays until you decide."
            ),
            params={"reference": alert.reference, "rule": {"msgid": alert.rule.name}},
            url_name="risk:alert",
            url_args=(alert.reference,),
            key=f"alert.unsupported:{alert.reference}:{now.isoformat()}",
        )


def alert_waits(notice: Notice) -> bool:
    """Whether nobody has taken the alert of a notice into her hands yet."""
    return Alert.objects.filter(reference=notice.params["reference"], state=AlertState.OPEN).exists()


def those_who_assign(notice: Notice) -> Iterable[Any]:
    """Who can give the alert of a notice to somebody."""
    alert = Alert.objects.filter(reference=notice.params.get("reference", "")).select_related("customer__opening_branch").first()
    return people_on_duty("risk.assign_alert", alert.customer.opening_branch if alert else None)


def inquiry_waits(notice: Notice) -> bool:
    """Whether the inquiry of a notice is still unanswered."""
    return _asked(notice) is not None


def those_who_asked(notice: Notice) -> list[Any]:
    """The officer of the case, and who can give the case to another: they know another way to the facts."""
    inquiry = _asked(notice)
    if inquiry is None:
        return []
    return [inquiry.case.officer, *people_on_duty("risk.assign_alert", inquiry.customer.opening_branch)]


def _asked(notice: Notice) -> Inquiry | None:
    rows = Inquiry.objects.filter(reference=notice.params["reference"], state=InquiryState.ASKED)
    return rows.select_related("case__officer", "customer__opening_branch").first()
