"""Background work of the auditor's rooms."""

from audit import services
from audit.services import alarms, purging
from crm.access.actor import Actor
from crm.jobs.task import task
from crm.log import anchors


@task(name="audit.anchor_log")
def anchor_log() -> None:
    """Write the newest attested state down outside the database."""
    anchors.write_anchor()


@task(name="audit.mail_anchor")
def mail_anchor() -> None:
    """Mail the newest anchor to the auditors."""
    services.mail_anchor()


@task(name="audit.look_for_patterns")
def look_for_patterns() -> None:
    """Raise the alarms of the newest lines."""
    alarms.look_for_patterns()


@task(name="audit.verify_log")
def verify_log(*, actor: Actor) -> None:
    """Verify the whole log."""
    services.verify_log(actor=actor)


@task(name="audit.purge_log")
def purge_log(*, actor: Actor) -> None:
    """Purge the oldest lines."""
    purging.purge_log(actor=actor)
