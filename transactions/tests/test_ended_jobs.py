"""However a loading ends, its file says so and its bytes go: cancelled, refused, given up.

Requirements: R087, R183.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.fields.models import DataKey
from crm.jobs import services as jobs
from crm.jobs.choices import JobState
from crm.jobs.kinds import registered
from crm.jobs.models import Job
from crm.jobs.queue import USER_HEADER, captured
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import Role, RoleAssignment, User
from crm.tests.personas import Bank, as_actor, browser
from transactions import tasks
from transactions.choices import ImportMode, ImportState
from transactions.models import FileImport, Source, Transaction
from transactions.services import imports, uploads
from transactions.tests.test_files import DEFAULTS, Desk, line, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core", "salary_account")]


@pytest.fixture
def desk(operations: User, core: Source) -> Desk:
    """The operations person at work."""
    return Desk(operations, core)


def checking(desk: Desk) -> FileImport:
    row = desk.take_in(text(line(1)))
    with captured():
        return imports.check(actor=desk.actor, row=row, columns=row.columns, defaults=DEFAULTS)


def loading(desk: Desk) -> FileImport:
    row = desk.check(text(line(1)))
    with captured():
        return imports.release(actor=desk.actor, row=row, mode=ImportMode.ALL_OR_NOTHING)


# Every kind of job, and what begins one. A new kind is a new line here.
BEGINNINGS: dict[str, Callable[[Desk], FileImport]] = {imports.CHECK: checking, imports.LOAD: loading}
WORKS = {imports.CHECK: tasks.check_file, imports.LOAD: tasks.load_file}


def test_every_kind_of_job_is_tried_here() -> None:
    """A kind that is not would be one whose rows nobody has seen end."""
    assert {kind.code for kind in registered()} >= set(BEGINNINGS)
    assert {kind.code for kind in registered() if kind.code.startswith("transactions.")} == set(BEGINNINGS)


def again(row: FileImport) -> FileImport:
    return FileImport.objects.select_related("job").get(pk=row.pk)


def nothing_runs(row: FileImport) -> None:
    """No row says that somebody is still at work on it, and a day later nothing of the bytes is left."""
    row = again(row)
    assert row.job is not None
    assert not row.job.is_open
    assert row.state != ImportState.RUNNING
    FileImport.objects.filter(pk=row.pk).update(uploaded_at=timezone.now() - timedelta(hours=25))
    key = uploads.key_id_of(row.stored_as) or 0
    assert imports.remove_uploads(actor=SYSTEM) == 1
    assert not Path(uploads._path(row.stored_as)).exists()
    assert DataKey.objects.get(pk=key).destroyed_at is not None


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_cancelled_while_it_waits(kind: str, desk: Desk, operations: User) -> None:
    row = again(BEGINNINGS[kind](desk))
    assert row.job is not None
    browser(operations).post(f"/jobs/{row.job.reference}/cancel/")
    assert again(row).job.state == JobState.CANCELLED  # type: ignore[union-attr]
    nothing_runs(row)


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("change", [{"is_active": False}, {"valid_until": timezone.now() - timedelta(days=1)}], ids=["off", "over"])
def test_the_requester_has_left(kind: str, change: dict[str, object], desk: Desk, operations: User, system_officer: User) -> None:
    """The task is refused once and for all: one line, no message any more, the people on duty know."""
    row = again(BEGINNINGS[kind](desk))
    assert row.job is not None
    User.objects.filter(pk=operations.pk).update(**change)
    Job.objects.filter(pk=row.job.pk).update(sent_at=timezone.now() - timedelta(minutes=1))
    for owed in (1, 0, 0):
        with captured() as calls:
            assert jobs.resend_open() == owed
        for _name, kwargs in calls:
            WORKS[kind].apply(kwargs=kwargs, headers={USER_HEADER: str(operations.pk)})
        Job.objects.filter(pk=row.job.pk).update(sent_at=timezone.now() - timedelta(minutes=1))
    assert again(row).job.state == JobState.FAILED  # type: ignore[union-attr]
    assert Event.objects.filter(action="task.refused").count() == 1
    assert Notice.objects.filter(user=system_officer, kind="jobs.failed").count() == 1
    nothing_runs(row)


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_the_requester_lost_the_role(kind: str, desk: Desk, operations: User, system_officer: User) -> None:
    row = again(BEGINNINGS[kind](desk))
    operations.assignments.all().delete()
    WORKS[kind].apply(kwargs={"job_id": row.job_id}, headers={USER_HEADER: str(operations.pk)})
    assert again(row).job.state == JobState.FAILED  # type: ignore[union-attr]
    assert Transaction.objects.count() == 0
    nothing_runs(row)


def test_a_cancelled_loading_can_be_released_again(desk: Desk, operations: User) -> None:
    row = again(loading(desk))
    assert row.job is not None
    jobs.cancel(actor=as_actor(operations), job=row.job)
    row = again(row)
    assert row.state == ImportState.FAILED
    assert desk.load(row).state == ImportState.DONE


def test_a_job_that_no_worker_takes_does_not_keep_the_bytes_for_ever(desk: Desk) -> None:
    """While the broker is away for a day the file waits; then it is given up."""
    row = loading(desk)
    FileImport.objects.filter(pk=row.pk).update(uploaded_at=timezone.now() - timedelta(hours=25))
    assert imports.remove_uploads(actor=SYSTEM) == 0
    FileImport.objects.filter(pk=row.pk).update(uploaded_at=timezone.now() - timedelta(hours=49))
    assert imports.remove_uploads(actor=SYSTEM) == 1
    row = again(row)
    assert row.job is not None
    assert (row.state, row.job.state) == (ImportState.FAILED, JobState.FAILED)
    assert not Path(uploads._path(row.stored_as)).exists()


def test_a_faulty_loading_tells_requester_and_people_on_duty_once(
    desk: Desk, operations: User, system_officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = again(loading(desk))
    monkeypatch.setattr("transactions.importers.record", lambda **_rows: 1 / 0)
    for _twice in range(2):
        tasks.load_file.apply(kwargs={"job_id": row.job_id}, headers={USER_HEADER: str(operations.pk)})
    told = Notice.objects.filter(kind="jobs.failed")
    assert {notice.user_id for notice in told} == {operations.pk, system_officer.pk}
    assert all("day.csv" not in f"{notice.subject}{notice.params}" for notice in told)
    assert again(row).state == ImportState.FAILED


def test_a_job_is_seen_no_further_than_its_file(desk: Desk, bank: Bank) -> None:
    """Operations of another branch: the job of a file they may not see is not there, nor can they stop it."""
    elsewhere = User.objects.create_user("84020", "操作", branch=bank.branches["310001"], email="84020@bank.test")
    RoleAssignment.objects.create(user=elsewhere, role=Role.objects.get(code="operations"))
    row = again(loading(desk))
    assert row.job is not None
    client = browser(elsewhere)
    assert client.get(f"/transactions/files/{row.reference}/").status_code == 404
    assert client.get(f"/jobs/{row.job.reference}/").status_code == 404
    assert client.post(f"/jobs/{row.job.reference}/cancel/").status_code == 404
    assert row.job.reference not in client.get("/jobs/").content.decode()
    assert again(row).job.state == JobState.WAITING  # type: ignore[union-attr]
