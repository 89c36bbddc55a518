"""The one authentication backend: Django's questions get the answers of ``visible_to`` and ``require``."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.db.models import Model
from django.http import HttpRequest

from crm.access.services import may


class ReachBackend(BaseBackend):
    """Answers ``has_perm`` by role reach, scope and live grants. It signs nobody in: that is staff's verb."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Return nobody: there is one way to sign in, and it counts failures first."""
        return

    def get_user(self, user_id: Any) -> Any:
        """Return the person of a session, unless switched off or expired since."""
        user = get_user_model()._default_manager.filter(pk=user_id).first()
        return user if user is not None and user.is_usable else None

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Return the same answer as ``require``; False for somebody unknown."""
        return hasattr(user_obj, "reach") and may(user_obj, perm, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether any permission of the app reaches anything."""
        return hasattr(user_obj, "permissions") and any(permission.startswith(f"{app_label}.") for permission in user_obj.permissions())
