"""Partner systems and their tokens."""

import unicodedata
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict
from crm.database.prepared import execute
from crm.log import services as log
from crm.staff.models import ServiceClient
from crm.staff.models.clients import PARTNER_ROLE
from crm.staff.secrets import new_machine_token, same, token_hash


class CodeTaken(Conflict):
    """A partner system with this code is there already."""

    code = "code_taken"
    field = "code"
    message = _("A partner system with this code is there already.")


@transaction.atomic
def create_partner(*, actor: Actor, code: str, name: str, sources: Iterable[str], rate: int = 6_000) -> tuple[ServiceClient, str]:
    """Return the new partner and its token in clear, to be shown once. ``sources`` are the codes it may speak for."""
    if ServiceClient.objects.filter(code=code).exists():
        raise CodeTaken
    token = new_machine_token(code)
    client = ServiceClient(
        code=code, name=unicodedata.normalize("NFC", name), token_hash=token_hash(token), sources=list(sources), rate=rate
    )
    client.full_clean()
    client.save()
    log.record(actor=actor, action="staff.partner_created", target=client, data={"sources": client.sources})
    return client, token


@transaction.atomic
def renew_partner_token(*, actor: Actor, client: ServiceClient) -> str:
    """Return a new token in clear; the old one opens nothing from now on."""
    client = ServiceClient.objects.locked().get(pk=client.pk)
    token = new_machine_token(client.code)
    client.token_hash = token_hash(token)
    client.save(update_fields=["token_hash"])
    log.record(actor=actor, action="staff.token_issued", target=client, data={"at": timezone.now().isoformat()})
    return token


def partner_of(token: str) -> ServiceClient | None:
    """Return the partner whose token this is, if it may speak now."""
    code, dot, _secret = token.partition(".")
    if not dot or not code.isascii():
        return None
    client = _known(code)
    # An unknown code costs the same comparison as a known one.
    kept = client.token_hash if client is not None else "0" * 64
    return client if same(kept, token_hash(token)) and client is not None and client.is_usable else None


def _known(code: str) -> ServiceClient | None:
    """The partner with the rights that partners have now, by one prepared statement: each of its requests begins here."""
    rows = execute(_KNOWN, {"code": code, "role": PARTNER_ROLE})
    if not rows:
        return None
    *values, permissions, reaches = rows[0]
    client: ServiceClient = ServiceClient.from_db("default", _COLUMNS, values)
    client.remember_permissions(zip(permissions, reaches, strict=True))
    return client


_COLUMNS = ("id", "code", "name", "token_hash", "is_active", "sources", "rate", "valid_until", "created_at")
_KNOWN = """
SELECT c.id, c.code, c.name, c.token_hash, c.is_active, c.sources, c.rate, c.valid_until, c.created_at, r.permissions, r.reaches
  FROM staff_serviceclient c CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(p.permission ORDER BY p.id), '{}') AS permissions,
           coalesce(array_agg(p.reach ORDER BY p.id), '{}') AS reaches
      FROM staff_rolepermission p JOIN staff_role o ON o.id = p.role_id WHERE o.code = %(role)s::text) r
 WHERE c.code = %(code)s::text"""
