"""Alarms about what the ground below knows: the calendar and the rates."""

from datetime import timedelta

from django.utils.translation import gettext_noop

from crm.calendar import services as calendar
from crm.money import services as money
from crm.notify.alarms import Alarm


def calendar_ends() -> Alarm | None:
    """Sixty days before the published calendar ends."""
    coverage = calendar.coverage()
    if not coverage.alarm:
        return None
    return Alarm(
        key=coverage.last_known.isoformat(),
        subject=gettext_noop("The calendar of business days ends on %(day)s"),
        body=gettext_noop(
            "Load the holidays and make-up days of the next year with the command load_business_days. "
            "Until then Monday to Friday count as business days, and due dates over holidays are wrong."
        ),
        params={"day": coverage.last_known.isoformat()},
    )


def rates_are_old() -> Alarm | None:
    """No rate of the US dollar of the last five days, public holidays not counted: foreign currency has no equivalent."""
    day = calendar.today()
    if money.rates().rate(money.USD, day) is not None:
        return None
    return Alarm(
        # Told again each week while it lasts.
        key=(day - timedelta(days=day.weekday())).isoformat(),
        subject=gettext_noop("Exchange rates are missing"),
        body=gettext_noop(
            "No rate of the US dollar of the last five days is known. New transactions in foreign currency go to review "
            "without an equivalent and are rated when rates arrive. Load them with the command load_rates."
        ),
    )
