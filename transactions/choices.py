"""Coded lists of transactions."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class Direction(models.TextChoices):
    """Seen from the customer's account."""

    DEBIT = "D", _("Debit")
    CREDIT = "C", _("Credit")


class Kind(models.TextChoices):
    """What the transaction is for."""

    DEPOSIT = "deposit", pgettext_lazy("transaction type", "Deposit")
    WITHDRAWAL = "withdrawal", _("Withdrawal")
    TRANSFER = "transfer", _("Transfer")
    PAYMENT = "payment", _("Payment")
    SALARY = "salary", _("Salary")
    LOAN_DISBURSEMENT = "loan_disbursement", _("Loan disbursement")
    LOAN_REPAYMENT = "loan_repayment", _("Loan repayment")
    WEALTH_PURCHASE = "wealth_purchase", _("Wealth-management purchase")
    WEALTH_REDEMPTION = "wealth_redemption", _("Wealth-management redemption")
    INVESTMENT = "investment", _("Investment service")
    INTEREST = "interest", _("Interest")
    TAX = "tax", _("Tax")
    FEE = "fee", _("Fee")
    TERM_ROLLOVER = "term_rollover", _("Own term deposit rolled over")


class Instrument(models.TextChoices):
    """Cash or transfer: the two regulatory columns."""

    CASH = "cash", _("Cash")
    TRANSFER = "transfer", _("Transfer")


class Channel(models.TextChoices):
    """Where the customer or the bank started it."""

    COUNTER = "counter", _("Counter")
    MOBILE = "mobile", _("Mobile banking")
    WEB = "web", _("Internet banking")
    ATM = "atm", _("ATM")
    POS = "pos", _("POS")
    THIRD_PARTY = "third_party", _("Third-party payment")
    BATCH = "batch", _("Batch")


class Status(models.TextChoices):
    """The life of a transaction: received, approved, completed by the core's message; or one of the ends."""

    RECEIVED = "received", pgettext_lazy("transaction status", "Received")
    APPROVED = "approved", pgettext_lazy("transaction status", "Approved")
    HELD = "held", pgettext_lazy("transaction status", "Held")
    RELEASED = "released", pgettext_lazy("transaction status", "Released")
    COMPLETED = "completed", pgettext_lazy("transaction status", "Completed")
    DECLINED = "declined", pgettext_lazy("transaction status", "Declined")
    FAILED = "failed", pgettext_lazy("transaction status", "Failed")
    ABORTED = "aborted", pgettext_lazy("transaction status", "Aborted")
    REVOKED = "revoked", pgettext_lazy("transaction status", "Revoked")
    REVERSED = "reversed", pgettext_lazy("transaction status", "Reversed")
    REFUSED = "refused", pgettext_lazy("transaction status", "Refused")


STOPPED = (Status.HELD, Status.REFUSED, Status.DECLINED)
"""What we did not let through."""
NEXT_STATUS: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset(
        {
            Status.APPROVED,
            Status.HELD,
            Status.COMPLETED,
            Status.DECLINED,
            Status.FAILED,
            Status.ABORTED,
            Status.REVOKED,
            Status.REFUSED,
        }
    ),
    Status.APPROVED: frozenset({Status.HELD, Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.REVOKED, Status.REFUSED}),
    Status.HELD: frozenset({Status.RELEASED, Status.DECLINED, Status.ABORTED, Status.REVOKED, Status.REFUSED}),
    Status.RELEASED: frozenset({Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.REVOKED, Status.REFUSED}),
    Status.COMPLETED: frozenset({Status.REVERSED}),
    # Refused here because of a freeze, and the core moved the money all the same (their messages crossed, or worse): a fact, and an alarm.
    Status.REFUSED: frozenset({Status.COMPLETED}),
}
"""What may follow what; statuses that are not a key are final."""

CORE_SAYS = (Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.REVOKED, Status.REVERSED)
"""What a core or a partner may report: what became of the money. Whether it may go at all is decided here and nowhere else."""

PENDING = (Status.RECEIVED, Status.APPROVED, Status.HELD, Status.RELEASED)
"""Taken in, and the money has not moved yet."""

DECIDED = (Status.APPROVED, Status.HELD, Status.RELEASED, Status.DECLINED, Status.REVOKED, Status.REVERSED, Status.REFUSED)
"""Steps that rules or people of ours decide on. Who and why is no reading for those who meet the customer (no tipping-off)."""

NOT_CARRIED_OUT = (Status.REFUSED, Status.DECLINED)
"""Ends of which a reader without the reason is told one and the same sentence."""

COUNTED_DEBITS = (
    Status.RECEIVED,
    Status.APPROVED,
    Status.HELD,
    Status.RELEASED,
    Status.COMPLETED,
    Status.REVERSED,
)
COUNTED_CREDITS = (Status.HELD, Status.RELEASED, Status.COMPLETED, Status.REVERSED)
"""What counts in a window. A reversed transaction counts for moments before ``reversed_at`` and not from then on."""


class Screening(models.TextChoices):
    """Whether the transaction still owes a judgement; the row that owes is the queue."""

    OWED = "owed", _("Waiting to be judged")
    JUDGED = "judged", _("Judged")
    EXEMPT = "exempt", _("Loaded as history")


class OwedCause(models.TextChoices):
    """Why a judgement is owed."""

    NEW = "new", pgettext_lazy("cause of a verdict", "New")
    LATE = "late", _("A late transaction arrived")
    CORRECTED = "corrected", _("A transaction was corrected")
    REVERSED = "reversed", _("A transaction was reversed")
    RATED = "rated", _("An exchange rate arrived")
    REPORTED = "reported", _("A balance report arrived")
    ASKED = "asked", _("Asked for after a failure")


class ImportMode(models.TextChoices):
    """What happens to a file that has bad rows."""

    ALL_OR_NOTHING = "all_or_nothing", _("All or nothing")
    SKIP_BAD_ROWS = "skip_bad_rows", _("Skip bad rows")


class ImportState(models.TextChoices):
    """The life of an uploaded file."""

    WAITING = "waiting", _("Waiting")
    CHECKED = "checked", _("Checked")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", pgettext_lazy("file import", "Failed")


class Refusal(models.TextChoices):
    """Why a transaction was refused and kept. The words on a page are the same for every reason (no tipping-off)."""

    FREEZE = "freeze", _("A freeze stands on the account")
    CLOSED = "closed", _("The account is closed")


ACTIONS = {
    "transaction.recorded": ActionKind(_("Transaction recorded"), "operations"),
    "transaction.refused": ActionKind(_("Transaction refused and kept"), "operations"),
    "transaction.conflict": ActionKind(_("Transaction sent again with other content"), "security"),
    "transaction.status_changed": ActionKind(_("Transaction status changed"), "operations"),
    "transaction.completed_frozen": ActionKind(_("Transaction completed although frozen"), "security"),
    "transaction.rated": ActionKind(_("Transactions rated by a rate that arrived later"), "operations"),
    "transaction.released": ActionKind(_("Held transaction released"), "operations"),
    "transaction.declined": ActionKind(_("Held transaction declined"), "operations"),
    "transaction.revoked": ActionKind(_("Transaction revoked"), "operations"),
    "transaction.reversed": ActionKind(_("Transaction reversed"), "operations"),
    "transaction.viewed": ActionKind(_("Transaction looked at"), "audit"),
    "file_import.uploaded": ActionKind(_("Transaction file uploaded"), "operations"),
    "file_import.checked": ActionKind(_("Transaction file checked"), "operations"),
    "file_import.started": ActionKind(_("Transaction file released for loading"), "operations"),
    "file_import.chunk_loaded": ActionKind(_("Part of a transaction file loaded"), "operations"),
    "file_import.finished": ActionKind(_("Transaction file loaded"), "operations"),
    "file_import.rejected": ActionKind(_("Transaction file rejected"), "operations"),
    "file_import.failed": ActionKind(_("Transaction file failed"), "operations"),
    "file_import.removed": ActionKind(_("Uploaded bytes removed"), "operations"),
    "file_import.errors_read": ActionKind(_("Error file downloaded"), "operations"),
    "column_mapping.saved": ActionKind(_("Column mapping saved"), "operations"),
    "source.created": ActionKind(_("Source system recorded"), "operations"),
}
"""What this app writes in the log."""
