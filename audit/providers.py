"""What the auditor's rooms give to the ground's registries."""

from datetime import datetime, time, timedelta
from typing import Any

from auditlog.registry import auditlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.choices import PATTERN_LABELS
from audit.definitions import compliance
from audit.models import Alarm, Event, PatternSetting
from audit.services import thresholds
from crm.access.actor import Actor
from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.fields.sealed import sealed_fields
from crm.jobs.services import enqueue
from crm.lists import formats
from crm.reviews.services import standing
from crm.staff import tiles

OUTCOMES = ("log.verified", "log.tampering_found")


def keep_differences(model: type[Model], *, hidden: tuple[str, ...] = ()) -> None:
    """Have the changes of a configuration model shown in the auditor's admin, field by field; in ``AppConfig.ready()``.

    A convenience beside the log, which is the evidence: bulk loads and bare SQL leave no difference. Models with sealed fields are
    refused: their values, masks included, have no business in a second table.
    """
    if sealed_fields(model):
        raise ImproperlyConfigured(f"{model._meta.label} has sealed fields: its versions are kept by crm.fields.history")
    auditlog.register(model, exclude_fields=list(hidden))


def sweep_anchor() -> None:
    """Have the newest state of the log written down outside the database."""
    enqueue("audit.anchor_log")


def sweep_patterns() -> None:
    """Have the newest lines looked at for what raises an alarm."""
    enqueue("audit.look_for_patterns")


def sweep_anchor_mail() -> None:
    """Have the newest anchor mailed; told once a day, however often it is asked."""
    enqueue("audit.mail_anchor")


def sweep_verification() -> None:
    """Have the whole log verified."""
    enqueue("audit.verify_log")


def sweep_purge() -> None:
    """Have the oldest lines purged that nobody needs any more."""
    enqueue("audit.purge_log")


def log_tile(actor: Actor) -> dict[str, Any]:
    """Return what the log took in since midnight, and how its last verification ended."""
    begins = datetime.combine(timezone.localdate(), time.min, tzinfo=timezone.get_default_timezone())
    seen = Event.objects.visible_to(actor)
    fresh = seen.filter(at__gte=begins)
    refused = fresh.filter(result="refused").count()
    last = seen.filter(action__in=OUTCOMES).order_by("-at").first()
    bad = last is not None and last.action == "log.tampering_found"
    where, since = reverse("audit:event_list"), f"at_from={timezone.localdate().isoformat()}"
    return {
        "figures": [
            tiles.Figure(label=_("Lines today"), value=fresh.count(), url=f"{where}?{since}"),
            tiles.Figure(label=_("Refused today"), value=refused, url=f"{where}?{since}&result=refused", level="mid" if refused else ""),
            tiles.Figure(
                label=_("Last verified"),
                value=formats.moment(last.at)[:16] if last else "—",
                note=str(last.action_label) if last else "",
                url=reverse("audit:chain"),
                level="high" if bad else "",
            ),
        ]
    }


def describe_threshold(request: ChangeRequest) -> list[Difference]:
    """What the second officer decides on: threshold and window before and after."""
    row, asked = PatternSetting.objects.get(pk=request.target_id or 0), request.payload
    shown = [Difference("pattern", _("Pattern"), str(PATTERN_LABELS[row.code]), "", context=True)]
    if row.threshold != asked["threshold"]:
        shown.append(Difference("threshold", _("Threshold"), str(row.threshold), str(asked["threshold"])))
    if row.window_seconds != asked["window_seconds"]:
        minutes = (str(row.window_seconds // 60), str(asked["window_seconds"] // 60))
        shown.append(Difference("window", _("Within minutes"), *minutes))
    return shown if len(shown) > 1 else []


def apply_threshold(actor: Actor, request: ChangeRequest) -> None:
    """Set them; called inside the deciding transaction."""
    thresholds.set_threshold(actor=actor, request=request)


CHANGE_THRESHOLD = Handler(
    kind=thresholds.KIND,
    label=_("Threshold of an alarm"),
    propose_permission=thresholds.PROPOSE,
    decide_permission=thresholds.DECIDE,
    describe=describe_threshold,
    base_version=lambda target: f"{target.version}",
    apply=apply_threshold,
    visible=lambda requests, user: requests if user.reach(thresholds.DECIDE) else requests.none(),
    target_url=lambda request: reverse("audit:thresholds"),
)


def open_alarms(actor: Actor) -> compliance.Finding:
    """Alarms that nobody has looked into yet."""
    count = Alarm.objects.visible_to(actor, "audit.view_compliance").filter(handled_at=None).count()
    return compliance.Finding(count=count, fine=count == 0, url=reverse("audit:alarm_list"))


def exports_lately(actor: Actor) -> compliance.Finding:
    """Downloads within thirty days."""
    since = timezone.now() - timedelta(days=30)
    count = Event.objects.visible_to(actor, "audit.view_compliance").filter(action="export.downloaded", at__gte=since).count()
    return compliance.Finding(count=count, fine=True, note=_("within 30 days"), url=reverse("audit:question", args=["exports"]))


def log_unverified(actor: Actor) -> compliance.Finding:
    """Days since the whole log was verified and held."""
    last = Event.objects.visible_to(actor, "audit.view_compliance").filter(action="log.verified").order_by("-at").first()
    days = (timezone.now() - last.at).days if last else None
    note = _("as a whole, and it held") if last else _("The log has not been verified yet")
    return compliance.Finding(count=days, fine=days is not None and days <= 1, note=note, url=reverse("audit:chain"))


def roles_unreviewed(actor: Actor) -> compliance.Finding:
    """People whose rights nobody looked at within an interval and the time reviewers have, and the reviews that are overdue."""
    found = standing()
    note = _("of %(people)s people with rights; reviews overdue: %(overdue)s") % {"people": found.people, "overdue": found.overdue}
    fine = not found.unreviewed and not found.overdue
    return compliance.Finding(count=found.unreviewed, fine=fine, note=note, url=reverse("reviews:campaign_list"))


def kyc_overdue(actor: Actor) -> compliance.Finding:
    """Reviews of customers that are due; the floor of customers may answer in our stead."""
    return compliance.Finding(count=None, note=_("The product keeps no due date of a review of customers yet."))


FACTS = (
    compliance.Fact("customers.kyc", _("Reviews of customers overdue"), kyc_overdue, order=10),
    compliance.Fact("staff.rights", _("Rights not reviewed in time"), roles_unreviewed, order=30),
    compliance.Fact("audit.exports", _("Downloads of exports"), exports_lately, order=40),
    compliance.Fact("audit.alarms", _("Alarms not handled"), open_alarms, order=50),
    compliance.Fact("audit.log", _("Days since the audit log was verified"), log_unverified, order=60),
)
