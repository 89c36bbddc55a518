"""Data keys, and the base of every model that has sealed fields."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.fields import keyring
from crm.fields.sealed import guarded_names, sealed_fields, with_companions


class DataKey(models.Model):
    """The key under which one customer's values are sealed, itself wrapped by a root key."""

    root_version = models.PositiveIntegerField(_("root key version"))
    wrapped = models.BinaryField(_("wrapped key"), editable=False)  # empty once destroyed
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    destroyed_at = models.DateTimeField(_("destroyed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("data key")
        verbose_name_plural = _("data keys")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True, wrapped__gt=b"") | models.Q(destroyed_at__isnull=False, wrapped=b""),
                name="data_key_wrapped_unless_destroyed",
            )
        ]
        indexes = [
            models.Index(fields=["root_version", "id"], name="data_key_root_version"),
            # Counted once a second by every process that remembers keys.
            models.Index(fields=["id"], name="data_key_destroyed", condition=models.Q(destroyed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(_("data key %(id)s")) % {"id": self.pk}


class RetiredRoot(models.Model):
    """A root key version that wraps nothing any more and was taken out of the key file; a trigger refuses data keys that name it."""

    version = models.PositiveIntegerField(_("root key version"), primary_key=True)
    retired_at = models.DateTimeField(_("retired at"))
    app_privileges = ("SELECT", "INSERT")

    class Meta:
        verbose_name = _("retired root key")
        verbose_name_plural = _("retired root keys")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.version)


# A page or a chunk; more rows than this load their keys one by one or with `with_keys()`.
PEERS = 2_000


class SealedQuerySet(models.QuerySet[Any, Any]):
    """A queryset whose bulk verbs never leave an index or a last four stale."""

    _sealing = False

    def with_keys(self) -> Self:
        """With each row's data key in the same query, so that masks cost no query of their own."""
        return self.select_related("data_key")

    def update(self, **kwargs: Any) -> int:
        """Refuses sealed fields and their companions: those are written by save and bulk_update."""
        refused = guarded_names(self.model) & set(kwargs)
        if refused and not self._sealing:
            raise FieldError(f"{', '.join(sorted(refused))}: sealed values are set on the object and saved, never by update()")
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Seals and fills every object first, with one query for all data keys."""
        rows = list(objs)
        prepare(self.model, rows)
        names = kwargs.get("update_fields")
        if names:
            kwargs["update_fields"] = sorted(with_companions(self.model, names))
        return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Seals and fills every object first; companions are written along."""
        rows: Sequence[Any] = tuple(objs)
        prepare(self.model, rows)
        names = with_companions(self.model, fields)
        writer = self.all()
        writer._sealing = True
        return models.QuerySet.bulk_update(writer, rows, sorted(names), batch_size=batch_size)

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        rows = self._result_cache
        if fresh and rows and len(rows) > 1 and isinstance(rows[0], self.model):
            peers = [row.__dict__.get("data_key_id") for row in rows[:PEERS]]
            for row in rows[:PEERS]:
                row._state.sealed_peers = peers  # the first mask shown loads the keys of the whole page

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._sealing = self._sealing
        return clone


def prepare(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Seals what waits in the objects; one query for all their data keys."""
    rows = list(rows)
    keyring.warm(
        row.data_key_id  # type: ignore[attr-defined]
        for row in rows
        if getattr(row, "data_key_id", None) and "data_key" not in row._state.fields_cache
    )
    for field in sealed_fields(model):
        for row in rows:
            field.seal(row)


class SealedModel(models.Model):
    """A record with sealed fields: its seal id is part of each seal, its data key opens them."""

    seal_id = models.UUIDField(_("seal id"), default=uuid.uuid4, unique=True, editable=False)
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("data key"))

    objects: Any = SealedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Seals waiting values; a saved sealed field always takes its companions along."""
        prepare(type(self), [self])
        names = kwargs.get("update_fields")
        if names is not None:
            kwargs["update_fields"] = with_companions(type(self), names)
        super().save(*args, **kwargs)

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        """Also: every manager's queryset is a SealedQuerySet."""
        problems = super().check(**kwargs)
        for manager in cls._meta.managers:
            if not isinstance(manager.get_queryset(), SealedQuerySet):
                problems.append(
                    checks.Error(
                        f"The queryset of {cls.__name__}.{manager.name} must be a SealedQuerySet.",
                        obj=cls,
                        id="fields.E004",
                    )
                )
        return problems
