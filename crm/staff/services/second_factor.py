"""The place between password and session where a second factor stands."""

from collections.abc import Callable

from django.http import HttpRequest

from crm.access.actor import Actor
from crm.staff.models import User

# Each step returns the url name of the page still owed, or an empty string when it is done with.
Step = Callable[[HttpRequest, User], str]

_steps: list[Step] = []

# Removes what a person has beside the password, inside the caller's transaction, and writes it down.
Forget = Callable[[Actor, User], None]

_forgetting: list[Forget] = []


def register_forgetting(forget: Forget) -> None:
    """Let the factors of somebody be removed where no two officers can act (``replace_officer``)."""
    _forgetting.append(forget)


def forget_factors(actor: Actor, person: User) -> None:
    """Remove every second factor of the person; called where a whole one-time token is issued on the server."""
    for forget in _forgetting:
        forget(actor, person)


def register_step(step: Step) -> None:
    """Let a step be asked between the password and the session, in the order of registration."""
    _steps.append(step)


def next_step(request: HttpRequest, person: User) -> str:
    """Return the url name of the first step still owed, or an empty string."""
    return next((name for step in _steps if (name := step(request, person))), "")
