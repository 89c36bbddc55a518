"""A kind of request that exists in tests only: giving a branch another name."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm.access.actor import Actor
from crm.approvals import handlers, services
from crm.approvals.handlers import Difference, Handler
from crm.approvals.models import ChangeRequest
from crm.staff.models import Branch, User
from crm.tests.personas import Bank, as_actor

KIND = "tests.rename_branch"
Propose = Callable[..., ChangeRequest]


def _target(request: ChangeRequest) -> Branch:
    return Branch.objects.get(pk=request.target_id or 0)


def _describe(request: ChangeRequest) -> list[Difference]:
    before, after = _target(request).name, str(request.payload["name"])
    return [Difference("name", "Name", before, after)] if before != after else []


def _apply(actor: Actor, request: ChangeRequest) -> None:
    branch = Branch.objects.locked().get(pk=request.target_id or 0)
    branch.name = request.payload["name"]
    branch.save(update_fields=["name"])


RENAME = Handler(
    kind=KIND,
    label="Rename a branch",
    propose_permission="staff.view_branch",
    decide_permission="staff.change_user",
    describe=_describe,
    base_version=lambda branch: str(branch.name),
    apply=_apply,
    excluded=lambda request: {"85002"} if request.payload.get("second_out") else set(),
)


@pytest.fixture(autouse=True)
def rename() -> Iterator[Handler]:
    """The handler, for the length of a test."""
    handlers.register(RENAME)
    yield RENAME
    handlers._handlers.pop(KIND)


@pytest.fixture
def propose(bank: Bank, security_officer: User) -> Propose:
    """Propose a new name for the Beijing branch as the first security officer."""

    def make(
        name: str = "北京城区分行", *, by: User | None = None, code: str = "110", reason: str = "机构更名", **payload: Any
    ) -> ChangeRequest:
        target = Branch.objects.get(code=code)
        return services.propose(
            actor=as_actor(by or security_officer), kind=KIND, target=target, payload={"name": name, **payload}, reason=reason
        )

    return make


def decide(request: ChangeRequest, by: User, *, approve: bool = True, reason: str = "核对无误", shown: str = "") -> ChangeRequest:
    """Decide about what is shown now."""
    mark = shown or services.hash_of(request)
    return services.decide(actor=as_actor(by), request=request, approve=approve, reason=reason, shown_hash=mark)
