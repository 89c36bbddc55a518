"""What exports offer and register: the list as a source, the approval above the cap, the job, the sweep."""

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.actor import Actor
from crm.access.errors import NotVisible
from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.exports import services
from crm.exports.choices import Purpose, State
from crm.exports.handlers import Made, Params, Source, Wanted
from crm.exports.models import ExportPermit
from crm.exports.services import caps
from crm.jobs.kinds import JobKind
from crm.jobs.services import enqueue
from crm.lists import export, formats
from crm.lists.definitions import ListDefinition, known
from crm.lists.requests import Asked
from crm.lists.sheets import Mark


def definition_of(params: Params) -> ListDefinition:
    """Return the list that a permit is about; `NotVisible` for a name nobody knows."""
    found = known(str(params["list"]))
    if found is None or not found.export_permission:
        raise NotVisible("lists.view_list", detail=str(params["list"])[:80])
    return found(str(params.get("of", ""))[:40])


def _asked(actor: Actor, params: Params) -> Asked:
    return export.asked_for(definition_of(params), actor, QueryDict(str(params.get("query", ""))))


def list_wanted(actor: Actor, params: Params) -> Wanted:
    """Say what the file of a list would hold."""
    asked = _asked(actor, params)
    with translation.override("en"):
        title = str(asked.definition.title)
    return Wanted(title=title, rows=export.rows_of(asked), conditions=asked.in_words)


def list_made(actor: Actor, params: Params, mark: Mark) -> Made:
    """Make the file of a list."""
    asked = _asked(actor, params)
    sheet = export.workbook_of(asked, mark)
    about: dict[str, Any] = {"list": asked.definition.name, "columns": [column.name for column in export.columns_of(asked)]}
    about |= {"of": asked.definition.of} if asked.definition.of else {}
    return Made(content=sheet.content, filename=sheet.filename, rows=sheet.rows, keys=sheet.keys, about=about)


def list_still(actor: Actor, params: Params, keys: list[int]) -> bool:
    """Whether the reader still sees every row; a list whose whole is out of her reach shows none."""
    try:
        return export.still_visible(definition_of(params), actor, keys)
    except NotVisible:
        return False


LIST = Source(
    code="list",
    label=gettext_lazy("List"),
    action="list.exported",
    wanted=list_wanted,
    make=list_made,
    still=list_still,
)


def describe(request: ChangeRequest) -> list[Difference]:
    """Return what would leave the house, for whom, what for; what changes is how many rows she may take."""
    permit = ExportPermit.objects.select_related("requested_by").get(pk=request.target_id or 0)
    facts = [
        ("asker", gettext_lazy("Asked by"), str(permit.requested_by)),
        ("title", gettext_lazy("What"), permit.what),
        ("conditions", gettext_lazy("Conditions"), permit.conditions or "—"),
        ("purpose", gettext_lazy("Purpose"), str(Purpose(permit.purpose).label)),
    ]
    lines = [Difference(name, label, said, "", context=True) for name, label, said in facts]
    return [*lines, Difference("rows", gettext_lazy("Rows that may be exported"), "0", formats.number(permit.most))]


OVER_CAP = Handler(
    kind="exports.over_cap",
    label=gettext_lazy("Export above the cap of the role"),
    propose_permission=services.ASK,
    decide_permission=services.APPROVE,
    describe=describe,
    base_version=lambda permit: permit.state,
    apply=services.apply_approval,
    target_url=lambda request: ExportPermit(reference=request.target_ref).get_absolute_url(),
)


def describe_cap(request: ChangeRequest) -> list[Difference]:
    """Return the cap before and after; none when it is so already."""
    before, after = request.payload["before"], request.payload["rows"]
    if before == after:
        return []
    label = gettext_lazy("Rows on one's own word")
    role = Difference("role", gettext_lazy("Role"), request.target_ref, "", context=True)
    return [role, Difference("rows", label, formats.number(before), formats.number(after))]


ROW_CAP = Handler(
    kind=caps.KIND,
    label=gettext_lazy("Export cap of a role"),
    propose_permission=caps.PROPOSE,
    decide_permission=caps.DECIDE,
    describe=describe_cap,
    base_version=lambda role: str(caps.rows_of(role)),
    apply=lambda actor, request: caps.set_cap(actor=actor, request=request),
    target_url=lambda request: reverse("exports:cap_list"),
)
JOB = JobKind(
    code="exports.make",
    label=gettext_lazy("Export"),
    task="exports.make",
    describe=lambda job: {_("Permit"): job.result.get("permit", ""), _("Rows"): job.result.get("rows", 0)},
    ended=services.make_failed,
)


def sweep() -> None:
    """Have a worker delete what has expired and close what was refused, when there is any."""
    due = Q(expires_at__lte=timezone.now()) & ~Q(stored_as="")
    if ExportPermit.objects.filter(due | Q(state=State.ASKED)).exists():
        enqueue("exports.expire")
