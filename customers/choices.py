"""The coded lists of the customer record, and the log's action labels."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class CustomerKind(models.TextChoices):
    """Natural person or organisation; decides labels, ID types and limits."""

    PERSON = "person", pgettext_lazy("customer type", "Person")
    ORGANISATION = "organisation", _("Organisation")


class Gender(models.TextChoices):
    """As on the identity document."""

    MALE = "male", _("Male")
    FEMALE = "female", _("Female")
    UNSTATED = "", _("Not stated")


class IdType(models.TextChoices):
    """Identity documents a bank in China accepts."""

    RESIDENT_CARD = "resident_card", _("Resident identity card")
    PASSPORT = "passport", _("Passport")
    HK_MACAO_PERMIT = (
        "hk_macao_permit",
        _("Mainland travel permit for Hong Kong and Macao residents"),
    )
    TAIWAN_PERMIT = "taiwan_permit", _("Mainland travel permit for Taiwan residents")
    FOREIGN_RESIDENT = "foreign_resident", _("Foreign permanent resident identity card")
    HOUSEHOLD_REGISTER = "household_register", _("Household register")
    OFFICER_CARD = "officer_card", _("Military officer card")
    CREDIT_CODE = "credit_code", _("Unified social credit code")


class Occupation(models.TextChoices):
    """The eight major groups of the national occupation classification, plus those outside work."""

    PUBLIC_OFFICE = "public_office", _("Head of a public body or enterprise")
    PROFESSIONAL = "professional", _("Professional or technical staff")
    CLERICAL = "clerical", _("Clerical staff")
    SERVICE = "service", _("Commercial and service staff")
    FARMING = "farming", _("Farming, forestry, animal husbandry or fishery")
    PRODUCTION = "production", _("Production or transport staff")
    MILITARY = "military", _("Military")
    STUDENT = "student", _("Student")
    RETIRED = "retired", _("Retired")
    SELF_EMPLOYED = "self_employed", _("Self-employed")
    OTHER = "other", _("Other occupation")
    UNSTATED = "", _("Not stated")


class IncomeBand(models.TextChoices):
    """Yearly income in CNY, lower bound included."""

    BELOW_50K = "below_50k", _("Below 50,000")
    FROM_50K = "50k_120k", _("50,000 to 120,000")
    FROM_120K = "120k_300k", _("120,000 to 300,000")
    FROM_300K = "300k_1m", _("300,000 to 1,000,000")
    ABOVE_1M = "above_1m", _("1,000,000 and above")
    UNSTATED = "", _("Not stated")


class AmlRiskLevel(models.IntegerChoices):
    """Money-laundering risk of the customer: five steps, shown as three."""

    LOW = 1, _("Low risk")
    MEDIUM_LOW = 2, _("Medium-low risk")
    MEDIUM = 3, _("Medium risk")
    MEDIUM_HIGH = 4, _("Medium-high risk")
    HIGH = 5, _("High risk")

    @property
    def band(self) -> str:
        """Return ``low``, ``mid`` or ``high``: what a badge shows."""
        return {1: "low", 2: "low", 3: "mid", 4: "high", 5: "high"}[int(self)]


class RiskTolerance(models.TextChoices):
    """Risk tolerance level of an investor, C1 to C5."""

    C1 = "C1", _("C1 conservative")
    C2 = "C2", _("C2 steady")
    C3 = "C3", _("C3 balanced")
    C4 = "C4", _("C4 growth")
    C5 = "C5", _("C5 aggressive")
    UNRATED = "", _("Not assessed")


class CustomerLabel(models.TextChoices):
    """Why a customer is kept from people without the clearance; a customer without any is an ordinary one."""

    SENSITIVE = "sensitive", _("Sensitive")
    HIGHLY_SENSITIVE = "highly_sensitive", _("Highly sensitive")
    STAFF = "staff", pgettext_lazy("customer label", "Staff")
    PEP = "pep", _("Politically exposed")

    @property
    def bit(self) -> int:
        """Return its place in ``Customer.labels``."""
        return BITS[self.value]

    @property
    def clearance(self) -> str:
        """Return the permission that opens customers with this label."""
        return f"customers.clear_{self.value}"

    @property
    def is_open_to_manager(self) -> bool:
        """Return whether the managing relationship manager needs no clearance for it: who serves a customer has to see her."""
        return self != CustomerLabel.STAFF


BITS = {"sensitive": 1, "highly_sensitive": 2, "staff": 4, "pep": 8}


def labels_of(mask: int) -> list[CustomerLabel]:
    """Return the labels of a stored number."""
    return [label for label in CustomerLabel if mask & label.bit]


def mask_of(labels: Iterable[str]) -> int:
    """Return the number that is stored for labels."""
    return sum(BITS[label] for label in set(labels))


class LifecycleStage(models.TextChoices):
    """Where the relationship stands (manual 6.1)."""

    ACQUIRED = "acquired", _("Acquired")
    ACTIVE = "active", pgettext_lazy("lifecycle stage", "Active")
    RETAINED = "retained", _("Retained")
    CHURNED = "churned", _("Churned")


class CreditRecord(models.TextChoices):
    """Summary of the credit record; details stay with the credit bureau."""

    NONE = "none", _("No credit record")
    GOOD = "good", _("Good credit record")
    OVERDUE = "overdue", _("Overdue in the last two years")
    BAD = "bad", _("Defaulted")


class Segment(models.TextChoices):
    """The peer group that sets limits and habits in monitoring rules."""

    RETAIL = "retail", _("Retail")
    STUDENT = "student", _("Student customer")
    PENSIONER = "pensioner", _("Pensioner")
    MERCHANT = "merchant", _("Merchant")
    CORPORATE = "corporate", _("Corporate")


class CheckedBy(models.TextChoices):
    """How the identity of somebody was checked before she got a sign-in."""

    DOCUMENT = "document", _("Original identity document seen")
    FACE = "face", _("Face compared with the document")
    QUERY = "query", _("Document verified online")
    CALL = "call", _("Called back on the registered mobile")


ACTIONS = {
    "customer.created": ActionKind(_("Customer created"), "operations"),
    "customer.changed": ActionKind(_("Customer changed"), "operations"),
    "customer.number_clash": ActionKind(_("Core number of another customer typed"), "security"),
    "customer.labelled": ActionKind(_("Labels of a customer changed"), "audit"),
    "customer.erased": ActionKind(_("Customer erased"), "audit"),
    "hold.placed": ActionKind(_("Legal hold placed"), "audit"),
    "hold.lifted": ActionKind(_("Legal hold lifted"), "audit"),
    "customer.sign_in_issued": ActionKind(_("Sign-in of a customer issued after a check of identity"), "security"),
    "customer.sign_in_ended": ActionKind(_("Sign-in of a customer switched off"), "security"),
    "access.explained": ActionKind(_("Asked why somebody can see a customer"), "audit"),
    "customer.viewed": ActionKind(_("Customer viewed"), "operations"),
    "customer.grant_given": ActionKind(_("Data grant given"), "audit"),
    "customer.grant_withdrawn": ActionKind(_("Data grant withdrawn"), "audit"),
    "portfolio.stand_in_given": ActionKind(_("Stand-in for a portfolio given"), "audit"),
    "portfolio.stand_in_ended": ActionKind(_("Stand-in for a portfolio ended"), "audit"),
}
