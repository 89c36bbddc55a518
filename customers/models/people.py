"""Who our customers are: the record, the figures about it, and whom it is kept from."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.fields.array import ArrayContains  # type: ignore[attr-defined]  # missing in the stubs
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.keys import any_of
from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.calendar.services import today
from crm.fields.blind import BlindIndexField
from crm.fields.history import tracked, tracked_change
from crm.fields.models import SealedModel, SealedQuerySet
from crm.fields.sealed import SealedTextField
from crm.staff.models import Branch, User
from customers.choices import (
    BITS,
    AmlRiskLevel,
    CreditRecord,
    CustomerKind,
    CustomerLabel,
    Gender,
    IdType,
    IncomeBand,
    LifecycleStage,
    Occupation,
    RiskTolerance,
    Segment,
    labels_of,
)

SHORTEST_PART = 3
"""Letters or digits that are looked for anywhere in a text; fewer must stand at its beginning (an index knows them by threes)."""


class CustomerQuerySet(SealedQuerySet, ScopedQuerySet["Customer"]):  # type: ignore[override]  # the stubs give each base a manager of its own
    """Customers, filtered by who asks."""

    guarded = "pk"

    def scope(self, user: object, reach: Reach) -> "CustomerQuerySet":
        """Keep the customers within *reach* of *user*; grants are added by ``visible_to``."""
        if reach == Reach.BRANCH:
            return self.filter(any_of("opening_branch_id", Branch.objects.keys_of(user)))
        if reach == Reach.OWN:
            return self.filter(manager_id=user.pk)  # type: ignore[attr-defined]
        if reach == Reach.SELF:
            return self.filter(sign_in_id=user.pk)  # type: ignore[attr-defined]
        return self.none()

    def named(self, part: str) -> "CustomerQuerySet":
        """Keep the customers whose name holds *part*; from two characters on by index."""
        return self.filter(holds("name", part))

    def matching(self, word: str) -> "CustomerQuerySet":
        """Keep the customers with *word* in name, pinyin, initials, core number or reference.

        Each of these is answered by an index from three letters or digits on; one or two must begin it, a single letter the pinyin.
        """
        if not word.isascii():
            return self.filter(holds("name", word))
        if len(word) == 1 and word.isalpha():
            return self.filter(name_pinyin__startswith=word.lower())
        lower, upper = word.lower(), word.upper()
        how = "contains" if len(word) >= SHORTEST_PART else "startswith"
        texts = {("name_compact", lower), ("name_initials", lower), ("core_number", upper), ("core_number", word), ("reference", upper)}
        condition = holds("name", word) if len(word) >= SHORTEST_PART else Q(pk__in=[])
        for name, text in sorted(texts):
            condition |= Q(**{f"{name}__{how}": text})
        return self.filter(condition)


def _bigrams(text: Any) -> Func:
    return Func(text, function="customers_bigrams", output_field=ArrayField(models.TextField()))


def holds(name: str, part: str) -> Q:
    """Return the condition that a column of names holds *part*, whatever the case; from two characters on by its index of bigrams."""
    found = Q(**{f"{name}__icontains": part})
    return found & Q(ArrayContains(_bigrams(F(name)), _bigrams(Value(part)))) if len(part) > 1 else found


def of_customers(word: str) -> CustomerQuerySet:
    """Return the customers that hold a word, for lists of what hangs on customers (``search_in``)."""
    found: CustomerQuerySet = Customer.objects.matching(word)
    return found


def barred_from(user: Any) -> "models.QuerySet[Customer] | None":
    """Return the customers kept from a person of the bank for want of a clearance; None where she is cleared for all.

    Not asked for customers themselves, partners and services: they are no readers among colleagues. The managing relationship manager
    sees her own customers, but for ``staff``: nobody reads up on the colleague at the next desk.
    """
    if not isinstance(user, User) or user.reach("customers.view_customer") == Reach.SELF:
        return None
    lacking = [label for label in CustomerLabel if not user.reach(label.clearance)]
    if not lacking:
        return None
    rows = Customer._base_manager.exclude(labels=0).alias(
        lacking=F("labels").bitand(sum(label.bit for label in lacking)),
        closed=F("labels").bitand(sum(label.bit for label in lacking if not label.is_open_to_manager)),
    )
    return rows.exclude(lacking=0).exclude(manager_id=user.pk, manager_id__isnull=False, closed=0)


@tracked_change("opening_branch", "CustomerMove")
@tracked_change("segment", "CustomerFormer", "kind", "aml_risk_level")
@tracked
class Customer(SealedModel):
    """One record per customer (R001, R008)."""

    reference = ReferenceField(prefix="C", length=8)
    core_number = models.CharField(_("core customer number"), max_length=20, unique=True)
    kind = models.CharField(_("customer type"), max_length=12, choices=CustomerKind)
    name = models.CharField(_("name"), max_length=120)
    name_pinyin = models.CharField(max_length=400, editable=False, db_index=True)
    name_compact = models.CharField(max_length=400, editable=False, db_index=True)
    name_initials = models.CharField(max_length=60, editable=False, db_index=True)
    gender = models.CharField(_("gender"), max_length=8, choices=Gender, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    id_type = models.CharField(_("ID type"), max_length=20, choices=IdType)
    id_number = SealedTextField(
        _("ID number"),
        label="customers.customer.id_number",
        mask="id_number",
        index="id_number_index",
        last4="id_number_last4",
    )
    id_number_index = BlindIndexField()
    id_number_last4 = models.CharField(max_length=4, blank=True, editable=False, db_index=True)
    mobile = SealedTextField(
        _("mobile number"),
        label="customers.customer.mobile",
        mask="mobile",
        index="mobile_index",
        last4="mobile_last4",
        blank=True,
    )
    mobile_index = BlindIndexField()
    mobile_last4 = models.CharField(max_length=4, blank=True, editable=False, db_index=True)
    email = SealedTextField(
        _("e-mail"),
        label="customers.customer.email",
        mask="email",
        index="email_index",
        blank=True,
    )
    email_index = BlindIndexField()
    region = models.CharField(
        _("district"),
        max_length=60,
        blank=True,
        help_text=_("Province, city and district; the street is sealed."),
    )
    address = SealedTextField(
        _("street address"),
        label="customers.customer.address",
        mask="address",
        blank=True,
    )
    occupation = models.CharField(_("occupation"), max_length=20, choices=Occupation, blank=True)
    income_band = models.CharField(_("income band"), max_length=12, choices=IncomeBand, blank=True)
    opening_branch = models.ForeignKey(
        "staff.Branch",
        models.PROTECT,
        related_name="+",
        verbose_name=_("opening branch"),
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("managing relationship manager"),
    )
    sign_in = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    segment = models.CharField(_("segment"), max_length=12, choices=Segment, default=Segment.RETAIL)
    aml_risk_level = models.PositiveSmallIntegerField(_("AML risk level"), choices=AmlRiskLevel, default=AmlRiskLevel.LOW)
    risk_tolerance = models.CharField(_("risk tolerance level"), max_length=2, choices=RiskTolerance, blank=True)
    lifecycle_stage = models.CharField(
        _("lifecycle stage"),
        max_length=10,
        choices=LifecycleStage,
        default=LifecycleStage.ACQUIRED,
    )
    credit_record = models.CharField(
        _("credit record"),
        max_length=10,
        choices=CreditRecord,
        default=CreditRecord.NONE,
    )
    labels = models.PositiveSmallIntegerField(_("labels"), default=0, db_default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CustomerQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(
                fields=["opening_branch", "name_pinyin", "id"],
                name="customer_branch_name",
            ),
            models.Index(fields=["manager", "name_pinyin", "id"], name="customer_manager_name"),
            models.Index(fields=["segment"], name="customer_segment"),
            # A list of a quarter of the bank sorted by these reads fifty rows in their order instead of sorting all.
            models.Index(fields=["name_pinyin", "core_number", "id"], name="customer_by_name"),
            models.Index(fields=["aml_risk_level", "id"], name="customer_by_level"),
            models.Index(fields=["risk_tolerance", "id"], name="customer_by_tolerance"),
            # The few customers with a label, so that whom they are kept from is answered at once.
            models.Index(fields=["labels", "manager"], condition=~Q(labels=0), name="customer_labelled"),
            GinIndex(
                *(OpClass(F(name), name="gin_trgm_ops") for name in ("name_compact", "name_initials", "core_number", "reference")),
                name="customer_parts",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(aml_risk_level__range=(1, 5)),
                name="customer_aml_level_1_to_5",
            ),
            models.CheckConstraint(condition=Q(labels__range=(0, sum(BITS.values()))), name="customer_labels_known"),
            models.CheckConstraint(
                condition=Q(kind=CustomerKind.PERSON) | Q(gender="", birth_date=None),
                name="customer_organisation_has_no_birth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.core_number}"

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.reference

    @property
    def age(self) -> int | None:
        """Return full years lived today, on the bank's clock; None without a date of birth."""
        if self.birth_date is None:
            return None
        now, born = today(), self.birth_date
        return now.year - born.year - ((now.month, now.day) < (born.month, born.day))

    @property
    def label_names(self) -> list[str]:
        """Return the labels in the reader's language."""
        return [str(label.label) for label in labels_of(self.labels)]

    @property
    def aml_band(self) -> str:
        """Return ``low``, ``mid`` or ``high``: the three steps that are shown of the five."""
        return AmlRiskLevel(self.aml_risk_level).band


class CustomerFigures(models.Model):
    """Figures that lists sort and filter by; written by a service here, called from above."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="figures", primary_key=True)
    accounts = models.PositiveIntegerField(default=0)
    assets_cny = models.DecimalField(max_digits=24, decimal_places=4, default=0)
    last_transaction_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["assets_cny"], name="figures_assets"),
            models.Index(fields=["last_transaction_at"], name="figures_last_transaction"),
        ]
