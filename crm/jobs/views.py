"""Watching a job, asking it to stop, taking its file."""

from typing import cast
from urllib.parse import quote, urlsplit

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access.addresses import own_page
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.jobs import services
from crm.jobs.choices import JobState
from crm.jobs.kinds import kind_of_row
from crm.jobs.models import Job

SHOWN = 50


@gated("jobs.view_job")
def jobs(request: HttpRequest) -> HttpResponse:
    """The latest jobs that the reader may see."""
    rows = Job.objects.visible_to(actor_of(request)).select_related("requested_by")[:SHOWN]
    return render(request, "jobs/jobs.html", {"jobs": [_shown(request, job) for job in rows], "limit": SHOWN})


@gated("jobs.view_job")
def job(request: HttpRequest, reference: str) -> HttpResponse:
    """One job with its progress."""
    return render(request, "jobs/job.html", _shown(request, _job(request, reference)))


@gated("jobs.view_job", polling=True)
def progress(request: HttpRequest, reference: str) -> HttpResponse:
    """The part of the page that asks for itself while the job is open; when it has ended, the page is loaded anew, with what came of it."""
    found = _job(request, reference)
    answer = render(request, "jobs/_progress.html", _shown(request, found))
    if not found.is_open:
        answer["HX-Refresh"] = "true"
    return answer


@gated("jobs.cancel_job")
@require_POST
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks the job to stop; goes back to the page on which that was asked."""
    services.cancel(actor=actor_of(request), job=_job(request, reference))
    page = urlsplit(request.headers.get("HX-Current-URL", "")).path
    return redirect(own_page(page, reverse("jobs:job", args=[reference])))


@gated("jobs.view_job")
def download(request: HttpRequest, reference: str) -> HttpResponse:
    """The job's file."""
    file = services.download(actor=actor_of(request), job=_job(request, reference))
    if isinstance(file.content, bytes):
        answer = HttpResponse(file.content, content_type=file.content_type)
    else:
        answer = cast(HttpResponse, StreamingHttpResponse(file.content, content_type=file.content_type))
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.filename)}"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _job(request: HttpRequest, reference: str) -> Job:
    rows = Job.objects.select_related("requested_by")
    return get_visible(rows, actor_of(request), "jobs.view_job", reference=reference)


def _shown(request: HttpRequest, job: Job) -> dict[str, object]:
    kind = kind_of_row(job.kind)
    return {
        "job": job,
        "kind": kind.label,
        "facts": kind.describe(job) if kind.describe and job.state == JobState.DONE else {},
        "has_file": kind.download is not None and job.state == JobState.DONE,
        "can_cancel": job.is_open and not job.cancel_asked_at and may(actor_of(request), "jobs.cancel_job", job),
    }
