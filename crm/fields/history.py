"""Row history: every version of a tracked row, written by triggers of the database, whoever changed it and however.

A model is tracked by the decorator; its history is a table beside it that the role app may read and nothing else::

    @tracked
    class Account(SealedModel): ...

`history_of(row)` and `as_of(model, moment)` are the only ways to it. A version has the row's columns, and ``pgh_label`` (baseline, insert,
update, delete), ``pgh_created_at`` and ``txid``. Sealed columns are kept as ciphertext and open like the row's own, because the seal
belongs to the ``seal_id`` that the version carries; destroying the data key closes them in every version at once.
The baseline is what was there when history was switched on; nothing is known of the time before.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast

import pghistory
import pgtrigger
from django.db import migrations, models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from pghistory import models as pghistory_models
from pghistory import trigger
from pgtrigger import compiler

from crm.log.models import Event as LogLine

M = TypeVar("M", bound=models.Model)
BASELINE, INSERT, UPDATE, DELETE = "baseline", "insert", "update", "delete"
SUFFIX = "History"
_histories: dict[type[models.Model], Any] = {}
_changes: dict[tuple[type[models.Model], str], Any] = {}


class CurrentTransactionId(Func):
    """The database transaction that writes the version, as a number; the log's lines carry the same."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Version(pghistory_models.Event):
    """Base of all histories: one version of one row."""

    # A version is written by the trigger's own rights alone: neither a bug nor somebody with the app's password can invent or mend one.
    app_privileges = ("SELECT",)
    pgh_id = models.BigAutoField(primary_key=True)
    txid = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)

    class Meta:
        abstract = True


class SnapshotSql(compiler.UpsertTriggerSql):
    """The trigger's function with the rights of its owner; no setting of the session switches it off, as one does pgtrigger's own."""

    def get_template(self) -> str:
        """The SQL; never edited, because migrations that ran name it."""
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE FUNCTION {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class SnapshotTrigger(trigger.Event):
    """The trigger of pghistory, compiled to our SQL."""

    def compile(self, model: Any) -> compiler.Trigger:
        """The trigger for a migration."""
        stock = super().compile(model)
        return compiler.Trigger(name=stock.name, sql=SnapshotSql(**{**stock.sql.kwargs, "table": model._meta.db_table}))


class _ByOwner(pghistory.RowEvent):
    """Registers our trigger instead of pghistory's."""

    def add_event_trigger(self, event_model: Any) -> None:
        """Registers the trigger on the tracked model."""
        made = SnapshotTrigger(  # type: ignore[no-untyped-call]
            event_model=event_model,
            label=self.label,
            name=self.trigger_name,
            row=self.row,
            operation=self.operation,
            condition=self.condition,
            level=self.level,
        )
        pgtrigger.register(made)(event_model.pgh_tracked_model)


class _Inserted(_ByOwner, pghistory.InsertEvent):
    """A new row."""


class _Updated(_ByOwner, pghistory.UpdateEvent):
    """A changed row, as it is afterwards; an update that changes nothing is no version."""


class _Deleted(_ByOwner, pghistory.DeleteEvent):
    """A deleted row, as it was."""


def tracked(model: type[M]) -> type[M]:
    """The model, with a history of every column: `<Model>History` in the same app."""
    _histories[model] = _track(model, f"{model.__name__}{SUFFIX}", _Inserted(), _Updated(), _Deleted())
    return model


def tracked_change(field: str, name: str, *more: str) -> Callable[[type[M]], type[M]]:
    """The model, with a small table of the former values of a column (or of several), each with the moment at which they ceased to hold.

    Beside the whole history, for questions that are asked of a million rows: it holds only the rows that ever changed.
    """

    def wrap(model: type[M]) -> type[M]:
        former = _Updated(label=f"former_{field}", row="OLD", condition=pgtrigger.AnyChange(field, *more))
        _changes[model, field] = _track(model, name, former, fields=[field, *more])
        return model

    return wrap


def _track(model: type[models.Model], name: str, *trackers: pghistory.Tracker, fields: list[str] | None = None) -> Any:
    made: Any = pghistory.create_event_model(
        model,
        *trackers,
        fields=fields,
        obj_field=pghistory.ObjForeignKey(related_name="+", db_index=False),
        context_field=cast(
            Any, None
        ),  # who and why stand in the log's lines of the same transaction; a context would prepend a statement to ours
        base_model=Version,
        model_name=name,
        abstract=False,
        meta={
            "default_permissions": (),
            "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name=f"{name.lower()[:24]}_row")],
        },
    )
    for column in made._meta.local_fields:
        column.db_index = False  # versions are found by their row
    return made


def histories() -> dict[type[models.Model], Any]:
    """The tracked models and the models of their versions."""
    return dict(_histories)


def history_of(row: models.Model) -> "models.QuerySet[Any]":
    """Every version of a row the caller has found by its own scope, the oldest first."""
    versions: models.QuerySet[Any] = _history(type(row)).objects.filter(pgh_obj=row.pk)
    return versions.order_by("pgh_id")


def as_of(model: type[models.Model], moment: datetime, **fixed: Any) -> "models.QuerySet[Any]":
    """The version of each row of a model that stood at a moment; rows that were not there yet, or no more, are left out.

    The caller narrows it (``pgh_obj__in=Customer.objects.visible_to(actor)``): versions know no scope of their own. ``fixed`` are
    conditions on columns that never change in a row's life (``user_id=…``): only versions of these rows are read.
    """
    known = _history(model).objects.filter(pgh_created_at__lte=moment, **fixed)
    last = known.order_by("pgh_obj_id", "-pgh_id").distinct("pgh_obj_id").values("pgh_id")
    versions: models.QuerySet[Any] = _history(model).objects.filter(pgh_id__in=last)
    return versions.exclude(pgh_label=DELETE)


def formerly(row: models.Model, field: str, moment: datetime) -> Any:
    """The former values under ``tracked_change`` that held at a moment; None where the present ones held then already.

    Of a change before history was switched on nothing is known.
    """
    return _changes[type(row), field].objects.filter(pgh_obj=row.pk, pgh_created_at__gt=moment).order_by("pgh_id").first()


def value_at(rows: "models.QuerySet[Any]", path: str, moment: str) -> Any:
    """An expression over rows: the value that ``path`` ("customer__opening_branch") had at each row's own ``moment``.

    For columns under `tracked_change` that are never empty. A value that has not changed since is the present one; of a change
    before history was switched on nothing is known.
    """
    to_row, _dot, column = path.rpartition("__")
    model = rows.model
    for step in to_row.split("__"):
        model = cast(Any, model)._meta.get_field(step).related_model
    later = _changes[model, column].objects.filter(pgh_obj=OuterRef(to_row), pgh_created_at__gt=OuterRef(moment))
    return Coalesce(Subquery(later.order_by("pgh_id").values(f"{column}_id")[:1]), F(f"{path}_id"), output_field=models.BigIntegerField())


def held_then(rows: "models.QuerySet[Any]", path: str, moment: str, keys: list[int]) -> "models.QuerySet[Any]":
    """The rows whose ``path`` had one of the values ``keys`` at their own ``moment``; the same answer as a filter on `value_at`.

    The few that ever changed are asked one by one; for all others the present value is the value of then, which an index answers.
    """
    to_row, _dot, column = path.rpartition("__")
    model = rows.model
    for step in to_row.split("__"):
        model = cast(Any, model)._meta.get_field(step).related_model
    changed = Q(**{f"{to_row}__in": _changes[model, column].objects.values("pgh_obj")})
    then: models.QuerySet[Any] = rows.alias(value_then=value_at(rows, path, moment))
    return then.filter(Q(**{f"{path}__in": keys}) & ~changed | changed & Q(value_then__in=keys))


def acts_behind(version: Any) -> "models.QuerySet[LogLine]":
    """The log's lines of the transaction that wrote a version: who, why, with whose approval. None for a baseline."""
    return LogLine.objects.filter(txid=version.txid).order_by("id")


def _history(model: type[models.Model]) -> Any:
    try:
        return _histories[model._meta.concrete_model or model]
    except KeyError:
        raise LookupError(f"{model._meta.label} keeps no history: decorate it with @tracked") from None


def baseline(app_label: str, *names: str) -> migrations.RunPython:
    """A migration's step that writes the rows which are there as the first version of each."""

    def write(apps: Any, schema_editor: Any) -> None:
        quote = schema_editor.connection.ops.quote_name
        for name in names:
            model, history = apps.get_model(app_label, name), apps.get_model(app_label, f"{name}{SUFFIX}")
            kept = {field.column for field in history._meta.local_fields}
            columns = [quote(field.column) for field in model._meta.local_fields if field.column in kept]
            schema_editor.execute(
                f"INSERT INTO {quote(history._meta.db_table)} (pgh_created_at, pgh_label, pgh_obj_id, {', '.join(columns)})"  # noqa: S608
                f" SELECT clock_timestamp(), '{BASELINE}', {quote(model._meta.pk.column)}, {', '.join(columns)}"
                f" FROM {quote(model._meta.db_table)} ORDER BY {quote(model._meta.pk.column)}"
            )

    return migrations.RunPython(write, migrations.RunPython.noop)
