"""Making and ending data keys, sealing in bulk, and letting a person see a value in clear."""

import os
import time
from collections.abc import Iterable
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require, require_step_up
from crm.fields import budget, cipher, keyring
from crm.fields.blind import blind_index
from crm.fields.models import DataKey
from crm.fields.policy import FieldPolicy, policy_of
from crm.fields.sealed import SealedTextField, sealed_fields
from crm.log import services as log

__all__ = ["blind_index", "destroy_data_key", "forget_data_keys", "new_data_key", "new_data_keys", "reveal", "seal_value"]


class ReasonMissing(DomainError):
    """The value is shown only to people who say why they need it."""

    code = "reason_missing"
    message = _("Say why you need to see the full value.")
    field = "reason"


class NotRevealable(DomainError):
    """There is no sealed field of that name with a policy."""

    code = "not_revealable"
    message = _("This value can not be shown in full.")


class AlreadyDestroyed(DomainError):
    """The data key is gone already."""

    code = "already_destroyed"
    message = _("This data key has been destroyed already.")


def new_data_key() -> DataKey:
    """A new data key, stored wrapped; everything of one customer is sealed under it."""
    return new_data_keys(1)[0]


def new_data_keys(count: int) -> list[DataKey]:
    """``count`` new data keys in one insert, unwrapped and ready in this process."""
    version = keyring.newest_keys().current  # not by a version that a rotation has left behind while this process ran
    root = keyring.root_key(version)
    return DataKey.objects.bulk_create(
        DataKey(root_version=version, wrapped=cipher.wrap(root, version, os.urandom(cipher.KEY_BYTES))) for _number in range(count)
    )


def forget_data_keys(keys: Iterable[DataKey]) -> None:
    """Delete data keys under which nothing lies any more; a key still in use is refused by the database (IntegrityError).

    One plain statement: Django's own deletion would first read every table that may hold something sealed.
    """
    DataKey.objects.filter(pk__in=[key.pk for key in keys])._raw_delete("default")


def seal_value(data_key: DataKey, label: str, seal_id: UUID, text: str) -> bytes:
    """The sealed bytes of one value, for rows written without a model (COPY); pure but for the nonce."""
    aead = keyring.opened(data_key.pk, data_key.root_version, bytes(data_key.wrapped), label=label)
    return cipher.encrypt(aead, data_key.pk, label, seal_id, text)


class Sealer:
    """Seals many values of one field, each under its own data key; the keys are read with one query."""

    def __init__(self, label: str, key_ids: Iterable[int]) -> None:
        self.label = label
        self._keys = keyring.many(key_ids, label=label)

    def seal(self, key_id: int, seal_id: UUID, text: str) -> bytes:
        """The sealed bytes of one value, as `seal_value` gives them."""
        return cipher.encrypt(self._keys[key_id], key_id, self.label, seal_id, text)


def new_seal_ids(count: int) -> list[UUID]:
    """Fresh seal ids for rows written in bulk, in the order of time (UUID version 7).

    Random ones would touch another page of their index for each row; a seal id only has to be its record's own.
    """
    since = time.time_ns() // 1_000_000
    drawn = os.urandom(10 * count)
    return [UUID(int=_seal_id(since, int.from_bytes(drawn[at : at + 10]))) for at in range(0, 10 * count, 10)]


def _seal_id(since: int, dice: int) -> int:
    version, variant = 7 << 76, 2 << 62
    return since << 80 | version | (dice >> 68) << 64 | variant | dice & (1 << 62) - 1


def sealed_field(obj: models.Model | type[models.Model], name: str) -> tuple[SealedTextField, FieldPolicy]:
    """The sealed field of that name and its policy; NotRevealable when there is none."""
    model = obj if isinstance(obj, type) else type(obj)
    for field in sealed_fields(model):
        policy = policy_of(field.label)
        if field.name == name and policy is not None:
            return field, policy
    raise NotRevealable


def field_by_label(label: str) -> tuple[type[models.Model], SealedTextField, FieldPolicy]:
    """Model, field and policy for a label such as ``customers.customer.mobile``; NotRevealable when unknown."""
    policy = policy_of(label)
    for model in apps.get_models() if policy else ():
        for field in sealed_fields(model):
            if field.label == label and hasattr(model, "data_key") and policy:
                return model, field, policy
    raise NotRevealable


def reveal(*, actor: Actor, obj: models.Model, field: str, reason: str = "") -> str:
    """The value in clear, for a person who may see it; who looked, at what and why is in the log.

    Refused by the field's policy: no permission (403), record out of scope (404), second factor too old (`StepUpNeeded`), reason missing
    (`ReasonMissing`), the day's budget spent (`BudgetSpent`, with a line). `SealBroken` says in words why a stored value can not be opened.
    """
    sealed, policy = sealed_field(obj, field)
    require(actor, policy.permission, obj)
    if policy.step_up:
        require_step_up(actor)
    if policy.asks_reason(actor) and not reason.strip():
        raise ReasonMissing
    try:
        return _shown(actor, obj, sealed, policy, reason.strip())
    except budget.BudgetSpent:
        budget.record_refusal(actor, obj, policy)
        raise


@transaction.atomic
def _shown(actor: Actor, obj: models.Model, sealed: SealedTextField, policy: FieldPolicy, reason: str) -> str:
    budget.check_reveals(actor)
    clear: str = getattr(obj, sealed.name).open()
    data = {"field": sealed.label, "class": policy.sensitivity}
    log.record(actor=actor, action=budget.REVEALED, target=obj, data=data, reason=reason)
    return clear


@transaction.atomic
def destroy_data_key(*, actor: Actor, data_key: DataKey, reason: str, customer: str = "", approver: str = "") -> DataKey:
    """Erases everything sealed under the key in the live system (older backups: once the root version
    that wrapped it there is retired). There is no way back."""
    require(actor, "fields.destroy_data_key")
    data_key = DataKey.objects.select_for_update(no_key=True, of=("self",)).get(pk=data_key.pk)
    if data_key.destroyed_at:
        raise AlreadyDestroyed
    data_key.wrapped = b""
    data_key.destroyed_at = timezone.now()
    data_key.save(update_fields=["wrapped", "destroyed_at"])
    keyring.cache.drop(data_key.pk)
    log.record(actor=actor, action="data_key.destroyed", target=data_key, customer=customer, reason=reason, approver=approver)
    return data_key
