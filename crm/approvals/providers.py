"""What approvals give to the ground's registries."""

from typing import Any

from crm.approvals.models import ChangeRequest
from crm.ui.menu import counted


def waiting(user: Any) -> int:
    """How many requests the reader could decide now, for the rail."""
    return counted(ChangeRequest.objects.to_decide(user))
