"""Pages of jobs."""

from django.urls import path

from crm.jobs import views

app_name = "jobs"

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("<ref:reference>/", views.job, name="job"),
    path("<ref:reference>/progress/", views.progress, name="progress"),
    path("<ref:reference>/cancel/", views.cancel, name="job_cancel"),
    path("<ref:reference>/file/", views.download, name="job_download"),
]
