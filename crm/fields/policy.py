"""What each sealed field is for, who may see it in clear, and whether a reason is asked.

The owner of the model registers one policy per sealed field in ``AppConfig.ready()``; a field without one
can not be revealed, and a check says so.
"""

from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from crm.access.actor import Actor
from crm.access.reach import Reach

Sensitivity = Literal["C3", "C2", "C1"]  # JR/T 0171: secret, identity and money, internal
ReasonRule = Literal["always", "unless_own", "never"]


PROBE = "fields.probe_value"
"""Looking for a full number answers yes or no about a value that stands masked on the page: it takes a permission, and is counted."""


def may_probe(principal: Any, label: str) -> bool:
    """Return whether a typed full value may be compared with this field for that reader; she who may see it may look for it."""
    policy = policy_of(label)
    return policy is not None and bool(principal.reach(PROBE) or principal.reach(policy.permission))


@dataclass(frozen=True, kw_only=True)
class FieldPolicy:
    """One sealed field: ``label`` is the field's fixed label, ``purpose`` says why the bank keeps it."""

    label: str
    name: str | Promise
    purpose: str | Promise
    permission: str
    sensitivity: Sensitivity = "C2"
    reason: ReasonRule = "always"
    step_up: bool = False
    """A second factor within the last 15 minutes is asked before the value is shown."""

    def asks_reason(self, actor: Actor) -> bool:
        """Whether this person has to say why.

        ``unless_own``: a managing relationship manager (the permission reaches her own customers, no further)
        sees the value with one logged click.
        """
        if self.reason == "unless_own":
            return actor.reach(self.permission) != Reach.OWN
        return self.reason == "always"


_policies: dict[str, FieldPolicy] = {}


def register(*policies: FieldPolicy) -> None:
    """Make fields revealable; the same label twice with different rules is an error."""
    for policy in policies:
        known = _policies.setdefault(policy.label, policy)
        if known != policy:
            raise ImproperlyConfigured(f"The sealed field {policy.label} has two policies.")


def policy_of(label: str) -> FieldPolicy | None:
    """The policy of the field with that label."""
    return _policies.get(label)


def registered() -> list[FieldPolicy]:
    """All policies, by label."""
    return [_policies[label] for label in sorted(_policies)]
