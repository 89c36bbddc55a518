"""The Celery application: configured by the settings' CELERY_ names; apps own the tasks."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would open a session of the database for each task and plan every statement anew in it. A worker's process keeps its session
# for so many tasks instead, as a web process keeps it for requests, and statements stay prepared.
app.conf.CELERY_DB_REUSE_MAX = 2_000
app.autodiscover_tasks()


@task_prerun.connect
def session_still_works(sender: Any, **_told: Any) -> None:
    """Before a task as before a request: a session that is too old or was broken is closed, and one that was kept is asked for a sign."""
    from django.db import close_old_connections

    if not sender.request.is_eager:  # called in the midst of somebody's transaction
        close_old_connections()
