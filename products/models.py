"""What customers hold with us: accounts, reported balances and the freezes that stand on them."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.fields.blind import BlindIndexField
from crm.fields.history import CurrentTransactionId, tracked, tracked_change
from crm.fields.models import SealedModel, SealedQuerySet
from crm.fields.sealed import SealedTextField
from customers.models import Customer
from products.choices import (
    STANDING,
    AccountKind,
    AccountStatus,
    Authority,
    FreezeKind,
    FreezeState,
    InstructionAct,
    InstructionState,
)


class AccountQuerySet(SealedQuerySet, ScopedQuerySet["Account"]):  # type: ignore[override]  # the stubs give each base a manager of its own
    """Accounts of the customers one may see."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "AccountQuerySet":
        """Delegate to Customer."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


@tracked_change("kind", "AccountFormer", "currency", "opened_at")
@tracked
class Account(SealedModel):
    """An account with us; ``data_key`` is always its customer's."""

    reference = ReferenceField(prefix="A", length=8)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="accounts", verbose_name=_("customer"))
    number = SealedTextField(
        _("account number"),
        label="products.account.number",
        mask="account",
        index="number_index",
        last4="number_last4",
    )
    number_index = BlindIndexField()
    number_last4 = models.CharField(max_length=4, editable=False, db_index=True)
    holder_name = models.CharField(_("account holder"), max_length=120)
    kind = models.CharField(_("account type"), max_length=12, choices=AccountKind)
    status = models.CharField(
        _("account status"),
        max_length=14,
        choices=AccountStatus,
        default=AccountStatus.NORMAL,
    )
    currency = models.CharField(_("currency"), max_length=8, default="CNY")
    branch = models.ForeignKey(
        "staff.Branch",
        models.PROTECT,
        related_name="+",
        verbose_name=_("opening branch"),
    )
    reported_balance = models.DecimalField(_("reported balance"), max_digits=38, decimal_places=18, null=True, blank=True)
    reported_at = models.DateTimeField(_("balance reported at"), null=True, blank=True)
    opened_at = models.DateField(_("opened on"))
    closed_at = models.DateField(_("closed on"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AccountQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(fields=["number_index"], name="account_number_unique"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
                name="account_closed_after_opened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_name} …{self.number_last4}"

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class BalanceReport(models.Model):
    """A balance as the core reported it; never overwritten."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="balance_reports")
    balance = models.DecimalField(max_digits=38, decimal_places=18)
    available = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    reported_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=20)
    # When we learned of it; empty: before this was kept.
    txid = models.BigIntegerField(null=True, db_default=CurrentTransactionId(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "reported_at", "source"], name="balance_report_once")]


class FreezeQuerySet(ScopedQuerySet["Freeze"]):
    """Freezes on what one may see."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "FreezeQuerySet":
        """Delegate to Customer; ``customer`` is filled for account freezes too."""
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def standing(self) -> "FreezeQuerySet":
        """Keep the freezes that nobody has ended, whatever the core has answered."""
        return self.filter(state__in=STANDING)

    def binding(self, now: datetime) -> "FreezeQuerySet":
        """Keep the standing freezes that bind at *now*: one whose time is over binds no longer, swept away or not."""
        return self.standing().exclude(Q(lapses_at__lte=now) | Q(valid_until__lte=now))

    def over(self, now: datetime) -> "FreezeQuerySet":
        """Keep the standing freezes whose time is over at *now*."""
        return self.standing().filter(Q(lapses_at__lte=now) | Q(valid_until__lte=now))


class Freeze(models.Model):
    """Money may not move, by whom and why. Many may stand on one subject; it moves only when none stands."""

    reference = ReferenceField(prefix="F", length=8)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="freezes", verbose_name=_("customer"))
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        related_name="freezes",
        null=True,
        blank=True,
        verbose_name=_("account"),
        help_text=_("Empty: the whole customer."),
    )
    kind = models.CharField(_("freeze type"), max_length=20, choices=FreezeKind)
    authority = models.CharField(_("authority"), max_length=16, choices=Authority, default=Authority.OWN)
    document = models.CharField(_("document number"), max_length=80, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=38, decimal_places=18, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=8, blank=True, help_text=_("Of the amount."))
    reason = models.CharField(_("reason"), max_length=500)
    sequence = models.PositiveSmallIntegerField(
        _("sequence"),
        default=1,
        help_text=_("1 is first in line; later freezes of authorities wait behind it."),
    )
    state = models.CharField(_("state"), max_length=10, choices=FreezeState, default=FreezeState.PENDING)
    placed_at = models.DateTimeField(default=timezone.now)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    placed_by_number = models.CharField(max_length=20)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    lapses_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    ended_reason = models.CharField(max_length=500, blank=True)
    # Money moves again here, but the core said no: somebody must call there.
    lift_refused_at = models.DateTimeField(null=True, blank=True, editable=False)
    origin_type = models.CharField(max_length=20, blank=True)
    origin_reference = models.CharField(max_length=20, blank=True, db_index=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = FreezeQuerySet.as_manager()

    class Meta:
        verbose_name = _("freeze")
        verbose_name_plural = _("freezes")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "account", "kind", "authority", "document"],
                condition=Q(state__in=[s.value for s in STANDING]),
                nulls_distinct=False,
                name="freeze_once_per_subject_kind_authority_document",
            ),
            models.CheckConstraint(
                condition=~Q(kind=FreezeKind.AMOUNT) | (Q(amount__gt=0) & ~Q(currency="")),
                name="freeze_amount_given",
            ),
            models.CheckConstraint(
                condition=Q(authority=Authority.OWN) | ~Q(document=""),
                name="freeze_of_authority_has_document",
            ),
            models.CheckConstraint(
                condition=Q(lapses_at=None) | Q(authority=Authority.OWN),
                name="freeze_only_own_lapses",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account"],
                condition=Q(state__in=[s.value for s in STANDING]),
                name="freeze_standing_account",
            ),
            models.Index(
                fields=["customer"],
                condition=Q(state__in=[s.value for s in STANDING]),
                name="freeze_standing_customer",
            ),
            models.Index(
                fields=["lapses_at"],
                condition=Q(state__in=[s.value for s in STANDING]),
                name="freeze_lapsing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.get_kind_display()}"

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class CoreInstruction(models.Model):
    """What the core banking system must be told; the row is the queue."""

    freeze = models.ForeignKey(Freeze, models.PROTECT, related_name="instructions")
    act = models.CharField(max_length=8, choices=InstructionAct)
    state = models.CharField(max_length=14, choices=InstructionState, default=InstructionState.OWED)
    created_at = models.DateTimeField(default=timezone.now)
    # Tries of the present telling; each is written down before the core is called.
    attempts = models.PositiveIntegerField(default=0)
    # Tries that ended in an error the connector does not know.
    faults = models.PositiveIntegerField(default=0)
    # Grows when a person has the core told again after a refusal; part of the key by which the core knows a repetition.
    telling = models.PositiveSmallIntegerField(default=1)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    core_reference = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["freeze", "act"], name="core_instruction_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state=InstructionState.OWED),
                name="core_instruction_owed",
            )
        ]

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.freeze.customer.reference
