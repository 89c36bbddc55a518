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
    labelled facts of the result for the page. ``ended(job, actor)`` is called in the transaction in which the job ends
    without having done its work (failed, cancelled, refused), so that no row of the app goes on saying "running".
    """

    code: str
    label: str | Promise
    task: str
    restart: bool = True
    download: Provider | None = None
    describe: Callable[["Job"], Mapping[str, Any]] | None = field(default=None)
    ended: Callable[["Job", Actor], None] | None = field(default=None)


_kinds: dict[str, JobKind] = {}
_failed: list[Callable[["Job"], None]] = []


def register(kind: JobKind) -> None:
    """Makes a kind of job known; in ``AppConfig.ready()``."""
    known = _kinds.setdefault(kind.code, kind)
    if known != kind:
        raise ImproperlyConfigured(f"The job kind {kind.code!r} is registered twice.")


def register_failed(tell: Callable[["Job"], None]) -> None:
    """Has ``tell(job)`` called, in its transaction, for every job that failed for good; the app of the notices does."""
    _failed[:] = [tell]


def tell_failed(job: "Job") -> None:
    """Tells those who have to know that a job failed."""
    for tell in _failed:
        tell(job)


def registered() -> list[JobKind]:
    """All kinds, by code."""
    return [_kinds[code] for code in sorted(_kinds)]


def kind_of(code: str) -> JobKind:
    """The kind with that code."""
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownJobKind(code) from None


def kind_of_row(code: str) -> JobKind:
    """The kind of a job that stands in the database already: one that this release no longer knows can be read and cancelled, not begun."""
    return _kinds.get(code) or JobKind(code=code, label=code, task="", restart=False)
