"""The register of kinds of jobs: their label, their task, what happens after a killed worker, where their file comes from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from crm.access.actor import Actor
from crm.jobs.errors import UnknownJobKind

if TYPE_CHECKING:
    from crm.jobs.models import Job


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file to hand out. ``content`` may be bytes or an iterable of bytes."""

    filename: str
    content: bytes | Iterable[bytes]
    content_type: str = "application/octet-stream"


Provider = Callable[["Job", Actor], Download]


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """``task`` is called with ``job_id``. ``restart``: the work can begin again after its worker was killed.

    ``download(job, actor)`` checks the reader's rights of now and returns the file. ``describe(job)`` returns the
    labelled facts of the result for the page.
    """

    code: str
    label: str | Promise
    task: str
    restart: bool = True
    download: Provider | None = None
    describe: Callable[["Job"], Mapping[str, Any]] | None = field(default=None)


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    """Makes a kind of job known; in ``AppConfig.ready()``."""
    known = _kinds.setdefault(kind.code, kind)
    if known != kind:
        raise ImproperlyConfigured(f"The job kind {kind.code!r} is registered twice.")


def kind_of(code: str) -> JobKind:
    """The kind with that code."""
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownJobKind(code) from None
