"""Jobs: watched, stopped, restarted after a killed worker, their files handed out with the rights of now."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError, NotVisible, Refused
from crm.access.services import require
from crm.jobs import kinds, queue, services
from crm.jobs.choices import JobState
from crm.jobs.errors import JobOver, NothingToDownload
from crm.jobs.kinds import Download, JobKind
from crm.jobs.models import Job
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser


def provider(job: Job, actor: Actor) -> Download:
    require(actor, "jobs.cancel_job", job)
    return Download(filename="结果 1.csv", content=b"a,b\n", content_type="text/csv")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    count = JobKind(
        code="count", label="Counting", task="tests.count", download=provider, describe=lambda job: {"Rows": job.result["rows"]}
    )
    kinds.register(count)
    kinds.register(JobKind(code="once", label="Once", task="tests.once", restart=False))


def make(user: User, kind: str = "count", **params: Any) -> Job:
    with queue.captured():
        return services.create(actor=as_actor(user), kind=kind, **params)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_enqueued_with_its_commit_and_written_down(sun_yue: User) -> None:
    with queue.captured() as calls:
        job = services.create(actor=as_actor(sun_yue), kind="count", title="rows", rows=3)
    assert calls == [("tests.count", {"job_id": job.pk})]
    assert (job.state, job.params, job.requested_by) == (JobState.WAITING, {"rows": 3}, sun_yue)
    assert Event.objects.get(action="job.requested").target_ref == job.reference


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_from_inside_a_long_transaction(sun_yue: User) -> None:
    job = make(sun_yue)
    shown: list[tuple[int, int | None, str]] = []

    def look() -> None:
        row = Job.objects.get(pk=job.pk)
        shown.append((row.progress, row.total, row.state))
        connection.close()

    with services.running(actor=SYSTEM, job_id=job.pk) as run, transaction.atomic():
        assert run is not None
        run.advance(40, total=100, note="reading")
        other = threading.Thread(target=look)
        other.start()
        other.join()
        run.result = {"rows": 100}
    job.refresh_from_db()
    assert shown == [(40, 100, "running")]
    assert (job.state, job.percent, job.result) == (JobState.DONE, 100, {"rows": 100})
    assert Event.objects.filter(action="job.done", target_ref=job.reference).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time(sun_yue: User) -> None:
    job = make(sun_yue)
    second: list[Any] = []

    def other_worker() -> None:
        with services.running(actor=SYSTEM, job_id=job.pk) as run:
            second.append(run)
        connection.close()

    with services.running(actor=SYSTEM, job_id=job.pk) as run:
        assert run is not None
        thread = threading.Thread(target=other_worker)
        thread.start()
        thread.join()
    with services.running(actor=SYSTEM, job_id=job.pk) as again:
        assert again is None  # it is over
    assert second == [None]


@pytest.mark.django_db(transaction=True)
def test_refusals_and_faults_end_the_job_in_words(sun_yue: User) -> None:
    class FileEmpty(DomainError):
        message = "The file is empty."

    def refuse() -> None:
        raise FileEmpty

    job = make(sun_yue)
    with services.running(actor=SYSTEM, job_id=job.pk):
        refuse()
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The file is empty.")
    job = make(sun_yue)
    with pytest.raises(ZeroDivisionError), services.running(actor=SYSTEM, job_id=job.pk):
        _ = 1 / 0
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "division" not in job.error
    assert Event.objects.filter(action="job.failed", result="failed").count() == 2


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_running_job_at_its_next_step_and_undoes_its_transaction(sun_yue: User) -> None:
    job, went_on = make(sun_yue), False

    def stop() -> None:
        services.cancel(actor=as_actor(sun_yue), job=job)
        connection.close()

    with services.running(actor=SYSTEM, job_id=job.pk) as run, transaction.atomic():
        assert run is not None
        Job.objects.create(kind="count", title="made inside")
        stopper = threading.Thread(target=stop)
        stopper.start()
        stopper.join()
        run.advance(1)
        went_on = True
    assert not went_on
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not Job.objects.filter(title="made inside").exists()
    with pytest.raises(JobOver):
        services.cancel(actor=as_actor(sun_yue), job=job)


def test_a_waiting_job_is_cancelled_at_once(sun_yue: User, other_manager: User) -> None:
    job = make(sun_yue)
    with pytest.raises(NotVisible):
        services.cancel(actor=as_actor(other_manager), job=job)
    assert services.cancel(actor=as_actor(sun_yue), job=job).state == JobState.CANCELLED
    with services.running(actor=SYSTEM, job_id=job.pk) as run:
        assert run is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kind", "state"), [("count", JobState.DONE), ("once", JobState.FAILED)])
def test_after_a_killed_worker_the_job_begins_again_or_says_that_it_was_stopped(sun_yue: User, kind: str, state: JobState) -> None:
    job = make(sun_yue, kind)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, started_at=timezone.now(), sent_at=timezone.now() - timedelta(minutes=1))
    with queue.captured() as calls:
        assert services.resend_open() == 1
        assert services.resend_open() == 0
    assert calls == [(f"tests.{kind}", {"job_id": job.pk})]
    with services.running(actor=SYSTEM, job_id=job.pk) as run:
        assert (run is not None) is (state == JobState.DONE)
    job.refresh_from_db()
    assert job.state == state


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_kind_this_release_does_not_know_harms_nobody(sun_yue: User) -> None:
    """After going back to an older release: it is shown under its code and can be cancelled, and the jobs beside it are sent again."""
    gone, known = make(sun_yue), make(sun_yue)
    Job.objects.filter(pk=gone.pk).update(kind="of_tomorrow")
    Job.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    with queue.captured() as calls:
        assert services.resend_open() == 1
    assert calls == [("tests.count", {"job_id": known.pk})]
    page = browser(sun_yue).get(f"/jobs/{gone.reference}/")
    assert page.status_code == 200
    assert "of_tomorrow" in page.content.decode()
    assert browser(sun_yue).post(f"/jobs/{gone.reference}/cancel/").status_code == 302
    gone.refresh_from_db()
    assert gone.state == JobState.CANCELLED


def finish(job: Job) -> None:
    with services.running(actor=SYSTEM, job_id=job.pk) as run:
        assert run is not None
        run.result = {"rows": 2}


def test_the_file_is_handed_out_with_the_rights_of_now(sun_yue: User, other_manager: User) -> None:
    job = make(sun_yue)
    with pytest.raises(NothingToDownload):
        services.download(actor=as_actor(sun_yue), job=job)
    finish(job)
    answer = browser(sun_yue).get(f"/jobs/{job.reference}/file/")
    assert answer.content == b"a,b\n"
    assert "attachment" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"
    assert browser(other_manager).get(f"/jobs/{job.reference}/file/").status_code == 404
    assert Event.objects.filter(action="job.downloaded").count() == 1
    sun_yue.assignments.all().delete()
    with pytest.raises(Refused):
        services.download(actor=as_actor(sun_yue), job=job)


def test_pages_show_own_jobs_only(sun_yue: User, other_manager: User, operations: User) -> None:
    mine, others = make(sun_yue, title="my rows"), make(other_manager, title="their rows")
    page = browser(sun_yue).get("/jobs/").content.decode()
    assert mine.reference in page
    assert others.reference not in page
    assert browser(sun_yue).get(f"/jobs/{others.reference}/").status_code == 404
    assert others.reference in browser(operations).get("/jobs/").content.decode()


def test_the_page_asks_for_itself_until_the_job_is_over(sun_yue: User) -> None:
    job, client = make(sun_yue), browser(sun_yue)
    answer = client.get(f"/jobs/{job.reference}/progress/")
    assert "hx-trigger" in answer.content.decode()
    assert "HX-Refresh" not in answer
    finish(job)
    answer = client.get(f"/jobs/{job.reference}/progress/")
    assert answer["HX-Refresh"] == "true"  # whatever page it stands on: what came of the job is shown there
    page = answer.content.decode()
    assert "every 1s" not in page
    assert f"/jobs/{job.reference}/file/" in page
    assert "Rows" in page


@pytest.mark.parametrize(
    ("asked_on", "lands"),
    [
        ("http://testserver/risk/backtests/B-1/", "/risk/backtests/B-1/"),
        ("https://evil.example//evil.example/", ""),
        ("", ""),
    ],
)
def test_cancelling_goes_back_to_the_page_it_was_asked_on(sun_yue: User, asked_on: str, lands: str) -> None:
    job = make(sun_yue)
    answer = browser(sun_yue).post(f"/jobs/{job.reference}/cancel/", headers={"HX-Current-URL": asked_on})
    assert answer["Location"] == (lands or f"/jobs/{job.reference}/")


def test_cancel_button(sun_yue: User) -> None:
    job, client = make(sun_yue), browser(sun_yue)
    assert client.get(f"/jobs/{job.reference}/cancel/").status_code == 405
    assert client.post(f"/jobs/{job.reference}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
