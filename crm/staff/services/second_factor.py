"""The place between password and session where a second factor stands."""

from collections.abc import Callable

from django.http import HttpRequest

from crm.staff.models import User

# Each step returns the url name of the page still owed, or an empty string when it is done with.
Step = Callable[[HttpRequest, User], str]

_steps: list[Step] = []


def register_step(step: Step) -> None:
    """Let a step be asked between the password and the session, in the order of registration."""
    _steps.append(step)


def next_step(request: HttpRequest, person: User) -> str:
    """Return the url name of the first step still owed, or an empty string."""
    return next((name for step in _steps if (name := step(request, person))), "")
