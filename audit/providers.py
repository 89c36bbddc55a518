"""What the auditor's rooms give to the ground's registries."""

from crm.jobs.services import enqueue


def sweep_anchor() -> None:
    """Have the newest state of the log written down outside the database."""
    enqueue("audit.anchor_log")


def sweep_verification() -> None:
    """Have the whole log verified."""
    enqueue("audit.verify_log")
