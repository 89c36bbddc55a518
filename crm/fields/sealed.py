"""A text column that is ciphertext in the database and a `Sealed` in Python."""

import logging
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django import forms
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext as _

from crm.fields import blind, cipher, keyring, masks
from crm.fields.errors import KeyDestroyed, SealBroken

logger = logging.getLogger(__name__)


class _Pending:
    """Clear text assigned to an object, not sealed yet."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _Ready:
    """What a save hands to the database; nothing else is accepted there."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | None) -> None:
        self.data = data


class Sealed:
    """A sealed value: shows its mask, opens on request, is false when there is no value.

    ``open()`` is for services. Pages show the mask and call ``crm.fields.services.reveal``.
    """

    __slots__ = ("_field", "_instance", "_raw")

    def __init__(self, field: "SealedTextField", instance: models.Model | None, raw: Any) -> None:
        self._field = field
        self._instance = instance
        self._raw = raw

    @property
    def label(self) -> str:
        """The fixed label of the field."""
        return self._field.label

    @property
    def data(self) -> bytes | None:
        """The stored bytes; None when there is no value or it is not sealed yet."""
        return self._raw if isinstance(self._raw, bytes) else None

    def open(self) -> str:
        """The clear text; SealBroken in words when the stored bytes are not this record's own."""
        if isinstance(self._raw, _Pending):
            return self._raw.text
        if self._raw is None:
            return ""
        if self._instance is None:
            raise SealBroken(_("A sealed value can only be opened on its record, not in a list of values."), label=self.label)
        return _open(self._raw, self.label, seal_id_of(self._instance), self._instance)

    @property
    def mask(self) -> str:
        """What may be shown to anyone who may see the record."""
        if self._instance is None:
            return masks.text("x") if self._raw else ""
        try:
            return masks.mask(self._field.mask, self.open())
        except KeyDestroyed:
            return _("erased")
        except SealBroken:
            # The page still has to show the record; opening it refuses in words.
            logger.warning("seal broken: %s of row %s", self.label, self._instance.pk)
            return _("seal broken")

    def __str__(self) -> str:
        return self.mask

    def __repr__(self) -> str:
        return f"<Sealed {self.label}>"

    def __bool__(self) -> bool:
        return bool(self._raw.text) if isinstance(self._raw, _Pending) else self._raw is not None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sealed):
            return self.label == other.label and self._raw == other._raw
        if isinstance(other, str) and other:
            raise TypeError("A sealed value is not compared with text: open it in a service or compare blind indexes")
        return not self and (other is None or other == "")

    def __hash__(self) -> int:
        return hash((self.label, self.data))


# No template opens a value: {{ customer.mobile.open }} shows nothing.
Sealed.open.alters_data = True  # type: ignore[attr-defined]


def seal_id_of(instance: models.Model) -> UUID:
    """The seal id of a record (its history rows carry the same one)."""
    seal_id = getattr(instance, "seal_id", None)
    if not isinstance(seal_id, UUID):
        raise SealBroken(_("The record has no seal id."))
    return seal_id


def _data_key(instance: models.Model, key_id: int, label: str) -> AESGCM:
    loaded = instance._state.fields_cache.get("data_key")
    if loaded is not None and loaded.pk == key_id:
        return keyring.opened(key_id, loaded.root_version, loaded.wrapped, label=label)
    peers = getattr(instance._state, "sealed_peers", None)
    return keyring.by_id(key_id, label=label, peers=peers or ())


def _open(data: bytes, label: str, seal_id: UUID, instance: models.Model) -> str:
    key_id = cipher.key_id_of(data, label)
    if key_id != getattr(instance, "data_key_id", key_id):
        raise SealBroken.not_its_own(label)
    aead = _data_key(instance, key_id, label)
    try:
        return cipher.decrypt(aead, label, seal_id, data)
    except SealBroken:
        # The remembered key may be of another database (a clone): look once more before saying so.
        keyring.cache.drop(key_id)
        return cipher.decrypt(keyring.by_id(key_id, label=label), label, seal_id, data)


class _SealedAttribute(DeferredAttribute):
    """Keeps bytes (or clear text not yet sealed) in the object, gives out `Sealed`."""

    field: "SealedTextField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        return Sealed(self.field, instance, instance.__dict__[name])

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self.field.raw_of(instance, value)


class SealedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text sealed at save under the record's data key; see `crm.fields.models.SealedModel`.

    ``label`` is fixed for ever (the ciphertext is bound to it), ``mask`` names a mask, ``index`` and
    ``last4`` name the columns that are filled beside it. With ``blank=True`` the column may be NULL.
    """

    descriptor_class = _SealedAttribute

    def __init__(self, *args: Any, label: str, mask: str = "text", index: str = "", last4: str = "", **kwargs: Any) -> None:
        self.label = label
        self.mask = mask
        self.index = index
        self.last4 = last4
        kwargs["null"] = bool(kwargs.get("blank", False))
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """With the label and the names of its companions."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("null", None)
        kwargs["label"] = self.label
        if self.mask != "text":
            kwargs["mask"] = self.mask
        for key in ("index", "last4"):
            if getattr(self, key):
                kwargs[key] = getattr(self, key)
        return name, path, args, kwargs

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Also tells the blind index how text of this label is normalised."""
        super().contribute_to_class(cls, name, private_only)
        blind.KINDS[self.label] = self.mask

    @property
    def companions(self) -> tuple[str, ...]:
        """The columns that must be written whenever this one is."""
        return tuple(name for name in (self.index, self.last4) if name)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Also: the mask exists, the companions exist and come after this field."""
        problems = super().check(**kwargs)
        if self.mask not in masks.MASKS:
            problems.append(checks.Error(f"Unknown mask {self.mask!r}.", obj=self, id="fields.E001"))
        names = [field.name for field in self.model._meta.local_fields]
        for companion in self.companions:
            if companion not in names:
                problems.append(checks.Error(f"{companion} does not exist.", obj=self, id="fields.E002"))
            elif names.index(companion) < names.index(self.name):
                problems.append(checks.Error(f"{companion} must be declared after {self.name}.", obj=self, id="fields.E003"))
        return problems

    def get_default(self) -> Any:
        """No value; a bytea column's own default would be empty bytes, which are no seal."""
        return None

    # -- values in Python

    def raw_of(self, instance: models.Model, value: object) -> Any:
        """What is kept in the object for an assigned value."""
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return _Pending(value)
        if isinstance(value, Sealed):
            return self._raw_of_sealed(instance, value)
        raise TypeError(f"{self.name} takes text, not {type(value).__name__}")

    def _raw_of_sealed(self, instance: models.Model, value: Sealed) -> Any:
        other = value._instance
        own = other is None or other is instance
        if not own and value.label == self.label:
            own = getattr(other, "seal_id", None) == instance.__dict__.get("seal_id")
        if own:
            return value._raw
        clear = value.open()
        return _Pending(clear) if clear else None

    def seal(self, instance: models.Model) -> None:
        """Seals clear text waiting in the object and fills its companions."""
        raw = instance.__dict__.get(self.attname)
        if isinstance(raw, _Pending):
            key_id = getattr(instance, "data_key_id", None)
            if key_id is None:
                raise SealBroken(_("The record has no data key: give it one before it is saved."), label=self.label)
            aead = _data_key(instance, key_id, self.label)
            text = raw.text
            instance.__dict__[self.attname] = cipher.encrypt(aead, key_id, self.label, seal_id_of(instance), text)
            self._fill(instance, text)
        elif raw is None and self.attname in instance.__dict__:
            self._fill(instance, "")

    def _fill(self, instance: models.Model, text: str) -> None:
        if self.index:
            setattr(instance, self.index, blind.blind_index(self.label, text) if text else None)
        if self.last4:
            setattr(instance, self.last4, blind.normalise(self.mask, text)[-4:] if len(text) >= 8 else "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The sealed bytes, marked as fit for the database."""
        self.seal(model_instance)
        return _Ready(model_instance.__dict__.get(self.attname))

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Validates the clear text while there is one."""
        text = value.open() if isinstance(value, Sealed) and isinstance(value._raw, _Pending) else value
        if isinstance(text, str):
            self.run_validators(text)
        if not value and not self.blank:
            self.validate("", cast(models.Model, model_instance))
        return value

    # -- values in the database

    def get_internal_type(self) -> str:
        """Stored as bytea."""
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed:
        """An unbound `Sealed`; assigned to its record by the model."""
        return Sealed(self, None, None if value is None else bytes(value))

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Only what a save or bulk_update prepared: anything else would leave index and last four stale."""
        if isinstance(value, Sealed) and not isinstance(value._raw, _Pending):
            value = _Ready(value.data)  # bulk_update; update() is refused by the queryset
        if not isinstance(value, _Ready):
            raise FieldError(f"{self.name} is sealed: set it on the object and save, update() would leave its index stale")
        return super().get_db_prep_value(value.data, connection, prepared)

    def get_lookup(self, lookup_name: str) -> Any:
        """Only isnull: equal values have different ciphertexts."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed: compare blind_index({self.label!r}, text) with its index column")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        """None: nothing can be computed over ciphertext."""
        raise FieldError(f"{self.name} is sealed: nothing can be computed over it in the database")

    def value_to_string(self, obj: models.Model) -> str:
        """Refuses: a dump of rows would either leak or not load."""
        raise FieldError(f"{self.name} is sealed: rows are copied with the database's own tools")

    def value_from_object(self, obj: models.Model) -> str:
        """Nothing: a form never shows a sealed value."""
        return ""

    def formfield(self, **kwargs: Any) -> Any:
        """A text input that starts empty."""
        return super(models.BinaryField, self).formfield(
            **{"form_class": forms.CharField, "required": not self.blank, "strip": True, **kwargs}
        )


def sealed_fields(model: type[models.Model]) -> list[SealedTextField]:
    """The sealed fields of a model."""
    return [field for field in model._meta.concrete_fields if isinstance(field, SealedTextField)]


def with_companions(model: type[models.Model], names: Iterable[str]) -> set[str]:
    """``names`` and, for every sealed field or companion among them, the whole group."""
    wanted = set(names)
    for field in sealed_fields(model):
        group = {field.name, *field.companions}
        if wanted & group:
            wanted |= group
    return wanted


def guarded_names(model: type[models.Model]) -> set[str]:
    """The columns that only a save may write."""
    return {name for field in sealed_fields(model) for name in (field.name, *field.companions)}
