"""Thresholds of alarms: one officer proposes, another decides; nobody switches an alarm off."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.definitions.patterns import DAY, HIGHEST, PATTERNS, Pattern
from audit.models import PatternSetting
from audit.services.alarms import limits_of
from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.log import services as log

KIND = "audit.threshold"
PROPOSE, DECIDE = "audit.change_threshold", "audit.approve_threshold"


class BeyondLimits(DomainError):
    """A threshold or window with which the alarm would never ring."""

    code = "beyond_limits"
    field = "threshold"
    message = _(
        "A threshold lies between 1 and ten times the product's own, a window between one minute and one day; both together let pass"
        " at most ten times as much in the same time. What rings at the first line goes on doing so."
    )


def setting_of(code: str) -> PatternSetting:
    """The row of a pattern, made from the definition when there is none yet."""
    pattern = PATTERNS[code]
    defaults = {"threshold": pattern.threshold, "window_seconds": pattern.window}
    row, _new = PatternSetting.objects.get_or_create(code=code, defaults=defaults)
    return row


def _within(pattern: Pattern, threshold: int, window_seconds: int) -> bool:
    """Whether the alarm would still ring: a short window under a high threshold is as good as none."""
    if pattern.threshold == 1:
        return threshold == 1
    highest = pattern.threshold * HIGHEST
    return 1 <= threshold <= highest and threshold * pattern.window <= highest * window_seconds


@transaction.atomic
def propose_threshold(*, actor: Actor, code: str, threshold: int, window_seconds: int, reason: str) -> ChangeRequest:
    """Ask for other limits of a pattern; nothing changes before a second officer agrees. Raises ``BeyondLimits``."""
    require(actor, PROPOSE)
    if not (_within(PATTERNS[code], threshold, window_seconds) and 60 <= window_seconds <= DAY):
        raise BeyondLimits
    row = setting_of(code)
    payload = {"code": code, "threshold": threshold, "window_seconds": window_seconds}
    return propose(actor=actor, kind=KIND, target=row, payload=payload, reason=reason, summary=code)


@transaction.atomic
def set_threshold(*, actor: Actor, request: ChangeRequest) -> PatternSetting:
    """Do what was asked, inside the deciding transaction; holds from the next look on."""
    require(actor, DECIDE)
    row = PatternSetting.objects.select_for_update().get(pk=request.target_id or 0)
    before = limits_of(PATTERNS[row.code])
    row.threshold, row.window_seconds = int(request.payload["threshold"]), int(request.payload["window_seconds"])
    row.version += 1
    row.save(update_fields=["threshold", "window_seconds", "version"])
    log.record(
        actor=actor,
        action="alarm.threshold_changed",
        target=row,
        data={
            "before": {"threshold": before.threshold, "window_seconds": int(before.window.total_seconds())},
            "after": {"threshold": row.threshold, "window_seconds": row.window_seconds},
        },
        reason=request.reason,
        approver=actor.number,
    )
    return row
