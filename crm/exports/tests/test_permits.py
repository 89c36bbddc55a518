"""Export permits: purpose, cap by role, a second person above it, rights asked again, a sealed file, deletion after a day.

Requirements: R263, R283, R300, R308, R310.
"""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from openpyxl import load_workbook

from crm.access.actor import SYSTEM
from crm.access.errors import NotVisible, Refused, StepUpNeeded
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.exports import providers, services
from crm.exports.choices import State
from crm.exports.files import FILES
from crm.exports.models import ExportPermit, RowCap
from crm.exports.services import permits
from crm.exports.services.permits import PurposeMissing
from crm.fields.models import DataKey
from crm.jobs.models import Job
from crm.jobs.queue import captured
from crm.jobs.testing import drain
from crm.log.models import Event
from crm.staff.models import RoleAssignment, User
from crm.tests.personas import as_actor, browser
from customers.models import Customer

pytestmark = pytest.mark.django_db
SAID = {"purpose": "review", "words": "季度会议"}
CUSTOMERS = {"list": "customers.customer", "of": "", "query": ""}


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "exports"


def ask(user: User, **changes: Any) -> ExportPermit:
    return services.ask(actor=as_actor(user), source="list", params={**CUSTOMERS, **changes.pop("params", {})}, **(SAID | changes))


def decide(user: User, permit: ExportPermit, *, approve: bool = True) -> ChangeRequest:
    request = ChangeRequest.objects.get(reference=permit.approval)
    return approvals.decide(actor=as_actor(user), request=request, approve=approve, reason="已核对", shown_hash=approvals.hash_of(request))


def test_a_small_list_is_one_click_and_a_purpose(zhang_wei: Customer, li_na: Customer, branch_manager: User, folder: Path) -> None:
    """The file comes back at once; permit, file and log say who, what, what for; on disk nothing stands in clear."""
    client = browser(branch_manager)
    page = client.get("/customers/").content.decode()
    assert 'action="/lists/customers.customer/export/"' in page
    answer = client.post("/lists/customers.customer/export/", {"next": "/customers/", "query": "q=张伟", **SAID})
    book = load_workbook(BytesIO(answer.content))
    permit = ExportPermit.objects.get()
    text = "\n".join(str(cell.value) for cell in (c for row in book.worksheets[0].iter_rows() for c in row))
    assert zhang_wei.core_number in text
    assert li_na.core_number not in text
    said = "\n".join(str(cell.value) for row in book.worksheets[-1].iter_rows() for cell in row)
    for expected in (permit.reference, "81001 郑国栋", "季度会议", "张伟"):
        assert expected in said
    data: Any = book.worksheets[0]
    assert data.oddFooter.left.text == permit.reference
    lines = {line.action: line for line in Event.objects.filter(action__contains="export")}
    assert set(lines) == {"export.asked", "list.exported", "export.made", "export.downloaded"}
    assert (lines["list.exported"].data["permit"], lines["list.exported"].reason) == (permit.reference, "季度会议")
    (stored,) = folder.iterdir()
    assert stored.stat().st_mode & 0o777 == 0o600
    assert b"xl/workbook" in answer.content
    assert b"xl/workbook" not in stored.read_bytes()
    again = client.post(f"/exports/{permit.reference}/file/")
    assert again.content == answer.content
    assert permit.downloads.count() == 2
    assert client.get(f"/exports/{permit.reference}/").status_code == 200


@pytest.mark.parametrize(("purpose", "words"), [("", "x"), ("review", ""), ("review", "   "), ("nonsense", "für")])
def test_no_purpose_no_file(zhang_wei: Customer, branch_manager: User, purpose: str, words: str) -> None:
    with pytest.raises(PurposeMissing):
        ask(branch_manager, purpose=purpose, words=words)
    answer = browser(branch_manager).post("/lists/customers.customer/export/", {"next": "/customers/", "purpose": purpose, "words": words})
    assert (answer.status_code, answer["Location"], ExportPermit.objects.count()) == (302, "/customers/", 0)


def test_the_second_factor_is_asked_for_both_steps(zhang_wei: Customer, branch_manager: User) -> None:
    """Decisions: step-up covers 15 minutes and is needed for an export."""
    stale = as_actor(branch_manager, stepped_up=False)
    with pytest.raises(StepUpNeeded):
        services.ask(actor=stale, source="list", params=CUSTOMERS, **SAID)
    permit = ask(branch_manager)
    with pytest.raises(StepUpNeeded):
        services.download(actor=stale, permit=permit)
    assert permit.downloads.count() == 0


def test_above_the_cap_another_person_decides_and_a_worker_makes_it(
    zhang_wei: Customer, chen_jing: Customer, branch_manager: User, supervisor: User, sun_yue: User
) -> None:
    """Cap by role, in data; the file is made with the asker's rights, whoever's click began it."""
    RowCap.objects.create(role="branch-manager", rows=1)
    permit = ask(branch_manager)
    assert (permit.state, permit.rows, permit.stored_as) == (State.ASKED, 2, "")
    with pytest.raises(services.NothingToDownload):
        services.download(actor=as_actor(branch_manager), permit=permit)
    with pytest.raises(Refused):
        decide(branch_manager, permit)
    with pytest.raises(Refused):
        decide(sun_yue, permit)
    page = browser(supervisor).get(f"/approvals/{permit.approval}/").content.decode()
    assert "季度会议" in page
    with captured() as calls:
        decide(supervisor, permit)
        permit.refresh_from_db()
        assert (permit.state, permit.approved_by) == (State.WAITING, supervisor)
        assert Job.objects.get(reference=permit.job).requested_by == branch_manager
    drain([("exports.make", {"job_id": Job.objects.get(reference=permit.job).pk})])
    assert calls is not None
    permit.refresh_from_db()
    assert (permit.state, permit.rows) == (State.READY, 2)
    assert Event.objects.get(action="list.exported").actor_number == "81001"
    book = load_workbook(BytesIO(services.download(actor=as_actor(branch_manager), permit=permit).content))
    assert "82002 赵卫东" in [cell.value for row in book.worksheets[-1].iter_rows() for cell in row]
    for other in (supervisor, sun_yue):
        with pytest.raises(NotVisible):
            services.download(actor=as_actor(other), permit=permit)


def test_refused_is_refused(zhang_wei: Customer, chen_jing: Customer, branch_manager: User, supervisor: User) -> None:
    RowCap.objects.create(role="branch-manager", rows=1)
    permit = ask(branch_manager)
    decide(supervisor, permit, approve=False)
    providers.sweep()
    assert services.close_refused(actor=SYSTEM) == 1
    permit.refresh_from_db()
    assert permit.state == State.REFUSED
    assert services.close_refused(actor=SYSTEM) == 0


def test_a_right_that_went_while_it_waited_makes_no_file(
    zhang_wei: Customer, branch_manager: User, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Rights are asked again at the run."""
    monkeypatch.setattr(permits, "AT_ONCE", 0)
    permit = ask(branch_manager)
    assert permit.state == State.WAITING
    RoleAssignment.objects.filter(user=branch_manager).update(valid_until=timezone.now())
    drain([("exports.make", {"job_id": Job.objects.get(reference=permit.job).pk})])
    permit.refresh_from_db()
    assert (permit.state, permit.stored_as) == (State.FAILED, "")
    assert not folder.exists()


def test_a_list_that_grew_beyond_the_permit_is_asked_for_again(
    zhang_wei: Customer, chen_jing: Customer, branch_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "AT_ONCE", 0)
    permit = ask(branch_manager)
    ExportPermit.objects.filter(pk=permit.pk).update(most=1)
    drain([("exports.make", {"job_id": Job.objects.get(reference=permit.job).pk})])
    permit.refresh_from_db()
    assert permit.state == State.FAILED
    assert permit.error


def test_a_file_lies_there_for_a_day(
    zhang_wei: Customer, branch_manager: User, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """After 24 hours nothing is handed out, key and bytes are gone, and so is what was known of the rows; a stray file goes, too."""
    permit = ask(branch_manager)
    key = DataKey.objects.get(pk=FILES.key_id_of(permit.stored_as) or 0)
    assert permit.keys == [zhang_wei.pk]
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        with pytest.raises(services.NothingToDownload):
            services.download(actor=as_actor(branch_manager), permit=permit)
        stray, _key = FILES.store([b"left by a killed worker"])
        with time_machine.travel(timezone.now() + timedelta(hours=25)), django_capture_on_commit_callbacks(execute=True):
            assert services.expire(actor=SYSTEM) == 1
            assert services.expire(actor=SYSTEM) == 0
    permit.refresh_from_db()
    key.refresh_from_db()
    assert (permit.state, permit.keys, permit.stored_as) == (State.EXPIRED, [], "")
    assert key.destroyed_at is not None
    assert stray
    assert list(folder.iterdir()) == []


def test_permits_are_seen_by_their_owner_and_those_who_watch(
    zhang_wei: Customer, branch_manager: User, other_branch_manager: User, sun_yue: User, auditor: User
) -> None:
    permit = ask(branch_manager)
    found = {user: ExportPermit.objects.visible_to(user).filter(pk=permit.pk).exists() for user in (branch_manager, auditor, sun_yue)}
    assert list(found.values()) == [True, True, False]
    assert browser(auditor).get("/exports/").content.decode().count(permit.reference) >= 1
    assert browser(auditor).post(f"/exports/{permit.reference}/file/").status_code == 404
    for stranger in (other_branch_manager, sun_yue):
        assert browser(stranger).get(f"/exports/{permit.reference}/").status_code == 404
