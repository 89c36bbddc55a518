"""The names of the shipped rules' facts as people read them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FACT_LABELS: dict[str, Promise] = {
    "day_sum": _("Sum of the day, same direction"),
    "week_sum": _("Sum over seven days, same direction"),
    "limit": _("Limit of the segment"),
    "in_day": _("Received within 24 hours"),
    "out_day": _("Paid out within 24 hours"),
    "month_mean": _("Own mean over the 30 days before"),
    "month_count": _("Own transactions in the 30 days before"),
    "round_count": _("Round amounts among the last ten"),
    "round_sum": _("Sum of these round amounts"),
    "balance": _("Balance before the transaction"),
    "hour_count": _("Transactions of this kind within one hour"),
    "peak": _("Own highest figure before"),
    "three_days": _("Transactions in three days"),
    "half_year": _("Transactions in the 180 days before"),
    "day_count": _("Transactions within 24 hours"),
    "similar": _("Similar amounts among the last ten"),
    "listed": _("Counterparty country is on the list"),
    "nights": _("Such night transactions in the 90 days before"),
    "habit": _("Own busiest day of this kind in the 60 days before"),
    "minimum": _("Minimum count of the segment"),
    "near_cash_limit": _("Cash just below the limit, ten business days"),
    "above_cash_limit": _("Cash at or above the limit, ten business days"),
    "near_abroad_limit": _("Transfers just below the cross-border limit, ten business days"),
    "above_abroad_limit": _("Transfers at or above the cross-border limit, ten business days"),
    "near_person_limit": _("Transfers just below a person's limit, ten business days"),
    "above_person_limit": _("Transfers at or above a person's limit, ten business days"),
    "near_organisation_limit": _("Transfers just below an organisation's limit, ten business days"),
    "above_organisation_limit": _("Transfers at or above an organisation's limit, ten business days"),
}


def fact_label(name: str) -> str:
    """Return the label of a fact; a rule of the bank's own shows the name it gave."""
    return str(FACT_LABELS.get(name) or name.replace("_", " "))
