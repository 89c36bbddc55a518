"""The tables of the audit log. The tables themselves, their triggers and grants are SQL, in the migrations.

`managed = False`: Django cannot state `xid8` defaults, column grants or deferred triggers, and a test's flush must not try to
empty what refuses to be emptied.
"""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import label_of
from crm.log.choices import ActorKind, Origin, Result, View

if TYPE_CHECKING:
    _IntField = models.Field[int, int]
else:
    _IntField = models.Field


class TransactionIdField(_IntField):
    """A 64-bit PostgreSQL transaction id (xid8), as an int."""

    def db_type(self, connection: Any) -> str:
        """The column type."""
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        """The id as int: the driver hands an unknown type over as text."""
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Text, which PostgreSQL casts to xid8; it has no cast from integers."""
        return None if value is None else str(value)


class Event(models.Model):
    """One line: who did or looked at what, when, from where, with which result. Written by `crm.log.services` only."""

    id = models.BigAutoField(_("Number"), primary_key=True)
    uid = models.UUIDField(_("Line"), unique=True, editable=False)
    at = models.DateTimeField(_("Time"))
    txid = TransactionIdField(_("Database transaction"))
    actor_id = models.BigIntegerField(_("User"), null=True)
    actor_number = models.TextField(_("Employee number"))
    actor_name = models.TextField(pgettext_lazy("person", "Name"))
    actor_kind = models.TextField(_("Kind of actor"), choices=ActorKind.choices)
    role = models.TextField(_("Role"))
    origin = models.TextField(_("Origin"), choices=Origin.choices)
    session = models.TextField(_("Session"))
    address = models.TextField(_("Address"))
    request_id = models.TextField(_("Request"))
    view = models.TextField(_("Log view"), choices=View.choices)
    action = models.TextField(_("Action"))
    result = models.TextField(_("Result"), choices=Result.choices)
    target_type = models.TextField(_("Object type"))
    target_ref = models.TextField(_("Object"))
    customer = models.TextField(_("Customer"))
    reason = models.TextField(_("Reason"))
    approver = models.TextField(_("Approver"))
    data = models.JSONField(_("Details"))
    body = models.BinaryField(_("Sealed text"))
    mac = models.BinaryField(_("Authentication code"))

    class Meta:
        managed = False
        db_table = "log_event"
        ordering = ("-id",)
        verbose_name = _("log event")
        verbose_name_plural = _("log events")

    def __str__(self) -> str:
        return f"{self.actor_number} {self.action}".strip()

    @property
    def reference(self) -> str:
        """The public reference of the line."""
        return str(self.uid)

    @property
    def action_label(self) -> str:
        """The action in the reader's language."""
        return label_of(self.action)


class Seal(models.Model):
    """A line's place in the chain, written at commit by a trigger that runs as the tables' owner."""

    seq = models.BigIntegerField(_("Chain position"), primary_key=True)
    event_id = models.BigIntegerField(_("Line number"), unique=True)
    prev = models.BinaryField(_("Hash before"))
    hash = models.BinaryField(_("Hash"))

    class Meta:
        managed = False
        db_table = "log_seal"
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.hash).hex()[:16]}"


class Head(models.Model):
    """The one row that knows the newest seal. It is locked only while a transaction commits."""

    id = models.SmallIntegerField(primary_key=True)
    log_id = models.UUIDField()
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    count = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "log_head"
        verbose_name = _("head of the chain")
        verbose_name_plural = _("heads of the chain")

    def __str__(self) -> str:
        return str(self.seq)


class Attestation(models.Model):
    """The one row with the keyed MAC over the newest attested head and count. Old ones are not kept on purpose:
    a kept MAC would let its reader rewind the log to it."""

    id = models.SmallIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    count = models.BigIntegerField()
    at = models.TextField()
    mac = models.BinaryField()

    class Meta:
        managed = False
        db_table = "log_attestation"
        verbose_name = _("attestation")
        verbose_name_plural = _("attestations")

    def __str__(self) -> str:
        return f"{self.seq} {self.at}"


class Leaf(models.Model):
    """One row of a batch line: its reference and the keyed hash of its immutable bytes."""

    pk = models.CompositePrimaryKey("event_id", "position")
    event_id = models.BigIntegerField(_("Line number"))
    position = models.IntegerField(_("Position"))
    ref = models.TextField(_("Reference"))
    hash = models.BinaryField(_("Hash"))

    class Meta:
        managed = False
        db_table = "log_leaf"
        verbose_name = _("leaf of a batch line")
        verbose_name_plural = _("leaves of batch lines")

    def __str__(self) -> str:
        return f"{self.event_id}/{self.position} {self.ref}"
