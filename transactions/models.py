"""The ledger: transactions, what became of them, and the files they came in."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.fields.blind import BlindIndexField
from crm.fields.models import DataKey, SealedModel, SealedQuerySet
from crm.fields.sealed import SealedTextField
from customers.models import Customer
from products.models import Account, Freeze
from transactions.choices import (
    STOPPED,
    Channel,
    Direction,
    ImportMode,
    ImportState,
    Instrument,
    Kind,
    OwedCause,
    Refusal,
    Screening,
    Status,
)


class CurrentTransactionId(Func):
    """The database transaction that writes the row, as a number: which knowledge came when."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Source(models.Model):
    """A system that transactions come from; never the door they came through."""

    code = models.CharField(_("source code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    zone = models.CharField(
        _("time zone"),
        max_length=40,
        default="Asia/Shanghai",
        help_text=_("Used for times without an offset."),
    )
    already_completed = models.BooleanField(
        _("rows are already completed"),
        default=False,
        help_text=_("A hold becomes a review and a freeze proposal."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def moment(self, at: datetime) -> datetime:
        """Return a moment of this source as an aware one: without an offset it is read in the source's zone."""
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.zone))


class TransactionQuerySet(SealedQuerySet, ScopedQuerySet["Transaction"]):  # type: ignore[override]  # the stubs give each base a manager of its own
    """Transactions of the customers one may see."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "TransactionQuerySet":
        """Delegate to Customer; a partner sees what came from its own sources, of customers of its branches."""
        if reach == Reach.SOURCE:
            rows = self.filter(source__code__in=user.sources)  # type: ignore[attr-defined]
            branches = user.branch_keys()  # type: ignore[attr-defined]
            return rows if branches is None else rows.filter(customer__opening_branch__in=branches)
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def owed(self) -> "TransactionQuerySet":
        """Keep what owes a judgement now, oldest event first; what could not be judged rests a while and comes after what was not tried."""
        due = Q(owed_retry_at=None) | Q(owed_retry_at__lte=timezone.now())
        return self.filter(due, screening=Screening.OWED).order_by("owed_attempts", "event_order", "id")

    def unrated(self) -> "TransactionQuerySet":
        """Keep what lacks an equivalent that counts: CNY always, USD of what is not renminbi."""
        return self.filter(UNRATED)


COUNTED = ("id", "direction", "status", "reversed_at", "amount_cny", "bank_date")
OF_ACCOUNTS = (*COUNTED, "amount", "kind", "channel", "customer_initiated", "occurred_at")
OF_CUSTOMERS = (*COUNTED, "amount_usd", "currency", "instrument", "cross_border", "business_day")
UNRATED = Q(amount_cny=None) | Q(amount_usd=None) & ~Q(currency="CNY")
INCOMPLETE = Q(amount_cny=None) | Q(amount_usd=None)


class Transaction(SealedModel):
    """One movement on one account, stored once by (source, external id); ``data_key`` is its customer's.

    ``event_order`` is one number that orders the events of an account: microseconds since 2000-01-01 UTC, times 4096,
    plus 11 bits of a digest of (source, external id), so that the order never depends on arrival.
    """

    # Foreign keys that a composite index leads with, or that nobody searches by, carry no index of their own: each costs every insert.
    data_key = models.ForeignKey(DataKey, models.PROTECT, related_name="+", editable=False, db_index=False)
    reference = ReferenceField(prefix="T", length=13)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, verbose_name=_("source"))
    external_id = models.CharField(_("transaction id of the source"), max_length=64)
    fingerprint = models.BinaryField(max_length=32, editable=False)
    event_order = models.BigIntegerField(editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False, verbose_name=_("customer"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="transactions", db_index=False, verbose_name=_("account"))
    direction = models.CharField(_("debit or credit"), max_length=1, choices=Direction)
    amount = models.DecimalField(_("amount"), max_digits=38, decimal_places=18)
    currency = models.CharField(_("currency"), max_length=8)
    amount_cny = models.DecimalField(_("CNY equivalent"), max_digits=24, decimal_places=4, null=True)
    amount_usd = models.DecimalField(_("USD equivalent"), max_digits=24, decimal_places=4, null=True)
    rate_date = models.DateField(null=True)
    rated_at = models.DateTimeField(null=True, editable=False, help_text=_("When a rate that came later gave the CNY equivalent."))
    # The database transactions in which a rate that came later gave each equivalent: before them it was not known.
    cny_txid = models.BigIntegerField(null=True, editable=False)
    usd_txid = models.BigIntegerField(null=True, editable=False)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    bank_date = models.DateField(_("bank date"))
    business_day = models.IntegerField(editable=False)
    kind = models.CharField(_("transaction type"), max_length=20, choices=Kind)
    instrument = models.CharField(_("cash or transfer"), max_length=10, choices=Instrument)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    cross_border = models.BooleanField(_("cross-border"), default=False)
    customer_initiated = models.BooleanField(_("started by the customer"), default=True)
    operator = models.CharField(_("operator"), max_length=20, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
        db_index=False,
        verbose_name=_("entered by"),
    )
    counterparty_name = models.CharField(_("counterparty name"), max_length=120, blank=True)
    counterparty_account = SealedTextField(
        _("counterparty account"),
        label="transactions.transaction.counterparty_account",
        mask="account",
        index="counterparty_index",
        last4="counterparty_last4",
        blank=True,
    )
    counterparty_index = BlindIndexField()
    counterparty_last4 = models.CharField(max_length=4, blank=True, editable=False)
    counterparty_bank = models.CharField(_("counterparty bank"), max_length=80, blank=True)
    counterparty_country = models.CharField(_("counterparty country"), max_length=2, blank=True, default="CN")
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    transfer_id = models.CharField(_("transfer id"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RECEIVED)
    status_at = models.DateTimeField(default=timezone.now)
    reversed_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(_("reason for refusal"), max_length=40, blank=True, choices=Refusal)
    refused_by = models.ForeignKey(Freeze, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    screening = models.CharField(max_length=8, choices=Screening, default=Screening.OWED)
    owed_cause = models.CharField(max_length=10, choices=OwedCause, default=OwedCause.NEW)
    owed_since = models.DateTimeField(default=timezone.now)
    owed_attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    owed_retry_at = models.DateTimeField(null=True, editable=False)
    txid = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TransactionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="transaction_stored_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transaction_amount_positive"),
            models.CheckConstraint(
                condition=Q(status=Status.REVERSED) ^ Q(reversed_at=None),
                name="transaction_reversed_has_time",
            ),
        ]
        indexes = [
            # The two ways of the rules into the past. They carry what the shipped facts read, so that a window is read from the index
            # alone: a third less processor time per judgement at 100 rows of history, more where the table exceeds the memory.
            models.Index(fields=["account", "event_order"], name="transaction_account_order", include=OF_ACCOUNTS),
            models.Index(fields=["customer", "event_order"], name="transaction_customer_order", include=OF_CUSTOMERS),
            models.Index(fields=["bank_date", "id"], name="transaction_bank_date"),
            models.Index(fields=["event_order", "id"], name="transaction_order"),
            models.Index(
                fields=["owed_attempts", "event_order", "id"],
                condition=Q(screening=Screening.OWED),
                name="transaction_owing",
            ),
            # Who has waited longest, read by every page that would warn of a delay.
            models.Index(fields=["owed_since"], condition=Q(screening=Screening.OWED), name="transaction_waiting"),
            # Few; a balance takes back what its report still held.
            models.Index(fields=["account", "reversed_at"], condition=Q(reversed_at__isnull=False), name="transaction_undone"),
            models.Index(fields=["currency", "bank_date", "id"], condition=INCOMPLETE, name="transaction_without_rate"),
            models.Index(
                fields=["status", "id"],
                condition=Q(status=Status.HELD),
                name="transaction_held",
            ),
            # Two that cost an insert next to nothing (ADR-0070): a summary of each 64 pages, and the few that did not go through.
            BrinIndex(fields=["received_at"], pages_per_range=64, name="transaction_received"),
            models.Index(fields=["received_at", "id"], condition=Q(status__in=[s.value for s in STOPPED]), name="transaction_stopped"),
            models.Index(
                fields=["transfer_id"],
                condition=~Q(transfer_id=""),
                name="transaction_transfer",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class StatusEvent(models.Model):
    """One step in the life of a transaction, in the order we learned of it."""

    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="status_events", db_index=False)
    status = models.CharField(max_length=10, choices=Status)
    at = models.DateTimeField(help_text=_("When it happened, by the source's clock."))
    received_at = models.DateTimeField(default=timezone.now)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", null=True, db_index=False)
    external_id = models.CharField(max_length=64, blank=True)
    operator = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    txid = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="status_event_once",
            )
        ]
        indexes = [models.Index(fields=["transaction", "id"], name="status_event_of_transaction")]

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.transaction.customer.reference


class ColumnMapping(models.Model):
    """How the columns of one kind of file are read; saved once, used every day."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="mappings", verbose_name=_("source"))
    columns = models.JSONField(help_text=_("Our field → heading in the file."))
    defaults = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Our field → value used when the file has no such column."),
    )
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    saved_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class FileImportQuerySet(ScopedQuerySet["FileImport"]):
    """Uploaded files."""

    def scope(self, user: object, reach: Reach) -> "FileImportQuerySet":
        """Keep one's own uploads, or the branch's, or all."""
        if reach == Reach.BRANCH:
            return self.filter(uploaded_by__branch__path__startswith=user.branch.path)  # type: ignore[attr-defined]
        if reach in (Reach.OWN, Reach.SELF):
            return self.filter(uploaded_by_id=user.pk)  # type: ignore[attr-defined]
        return self.none()


class FileImport(models.Model):
    """An uploaded file of transactions; its bytes are sealed on disk and removed after 24 hours."""

    reference = ReferenceField(prefix="I", length=8)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", verbose_name=_("source"))
    mapping = models.ForeignKey(
        ColumnMapping,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("column mapping"),
    )
    columns = models.JSONField(default=dict)
    defaults = models.JSONField(default=dict)
    mode = models.CharField(
        _("bad rows"),
        max_length=16,
        choices=ImportMode,
        default=ImportMode.ALL_OR_NOTHING,
    )
    file_name = models.CharField(max_length=200)
    file_digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    stored_as = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.WAITING)
    job = models.ForeignKey("jobs.Job", models.PROTECT, related_name="+", null=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_bad = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = FileImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("file import")
        verbose_name_plural = _("file imports")

    def __str__(self) -> str:
        return f"{self.reference} {self.file_name}"


class RowError(models.Model):
    """One bad row of a file: where and why, in words."""

    file_import = models.ForeignKey(FileImport, models.CASCADE, related_name="row_errors")
    row = models.PositiveIntegerField(help_text=_("As counted in the file, heading included."))
    column = models.CharField(max_length=80, blank=True)
    reason_code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["file_import", "row"], name="row_error_of_import")]
