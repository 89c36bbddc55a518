"""The decorator of every background task: named, keyword-only, acting as somebody, its failures written down."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import structlog
from celery import Task, shared_task
from django.contrib.auth import get_user_model

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import AccessError, Refused
from crm.jobs.queue import REQUEST_HEADER, USER_HEADER
from crm.jobs.running import refuse
from crm.log import services as log

logger = logging.getLogger(__name__)


def task(*, name: str, actor: Actor = SYSTEM, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Makes a function a Celery task that `enqueue(name, …)` reaches.

    All parameters are keyword-only. A parameter ``actor`` receives who acts: the person who enqueued it, with the
    rights of now, else ``actor``. A refusal or failure becomes a line of its own in the log; a failure is raised again.
    """

    def wrap(function: Callable[..., Any]) -> Any:
        parameters = inspect.signature(function).parameters
        if any(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values()):
            raise TypeError(f"{name}: the parameters of a task are keyword-only")
        wants_actor = "actor" in parameters

        @wraps(function)
        def run(self: Task[Any, Any], **kwargs: Any) -> Any:
            request_id = _header(self, REQUEST_HEADER) or str(self.request.id or "")
            with structlog.contextvars.bound_contextvars(request_id=request_id, task=name):
                acting = replace(actor, origin="task", request_id=request_id)
                try:
                    acting = _person(_header(self, USER_HEADER), request_id) or acting
                    return function(**kwargs, **({"actor": acting} if wants_actor else {}))
                except AccessError as refusal:
                    _write_refusal(acting, name, refusal)
                    if "job_id" in kwargs:
                        refuse(actor=acting, job_id=kwargs["job_id"])
                    return None
                except Exception as error:
                    _write_failure(acting, name, error)
                    raise

        del run.__wrapped__  # Celery reads the signature: it must see this one, with self
        return shared_task(name=name, bind=True, typing=False, **options)(run)  # type: ignore[no-untyped-call]

    return wrap


def _header(running: Task[Any, Any], key: str) -> str:
    headers = getattr(running.request, "headers", None) or {}
    return str(headers.get(key) or getattr(running.request, key, "") or "")


def _person(user_id: str, request_id: str) -> Actor | None:
    """The person who asked, with the roles held now; refused when she may no longer act."""
    if not user_id:
        return None
    from crm.access.middleware import staff_actor  # the door's way to build an actor is the one way

    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None or not user.is_usable:
        raise Refused("task", user)
    return staff_actor(user, origin="task", request_id=request_id)


def _write_refusal(actor: Actor, name: str, refusal: AccessError) -> None:
    data = {"task": name, "permission": refusal.permission, "asked": refusal.detail[:200]}
    try:
        log.record_refusal(actor=actor, action="task.refused", target=refusal.target, data=data)
    except log.LogUnavailable:
        logger.exception("the refusal of task %s could not be written in the audit log", name)


def _write_failure(actor: Actor, name: str, error: Exception) -> None:
    # The class only: the message of an error may hold what must not stand in the log.
    data = {"task": name, "error": type(error).__name__}
    try:
        log.record_refusal(actor=actor, action="task.failed", data=data, result="failed")
    except Exception:
        logger.exception("the failure of task %s could not be written in the audit log", name)
