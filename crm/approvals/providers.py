"""What approvals give to the ground's registries."""

from typing import Any

from crm.approvals.models import ChangeRequest


def waiting(user: Any) -> int | None:
    """How many requests the reader could decide now; None when there is nothing she could ever decide."""
    return ChangeRequest.objects.to_decide(user).count() or None
