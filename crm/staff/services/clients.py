"""Partner systems: their terms, and the secrets they show. One security officer proposes, another one approves (ADR 0086)."""

import hashlib
import ipaddress
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require, require_step_up
from crm.approvals.handlers import Disclosure
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.database.prepared import execute
from crm.log import services as log
from crm.staff.models import Branch, ClientSecret, ServiceClient
from crm.staff.models.clients import PARTNER_ROLE
from crm.staff.secrets import half_hash, joined_hash, new_half
from crm.staff.services.partner_tokens import Access

TERMS, SECRET = "staff.partner_terms", "staff.partner_secret"
PROPOSE, DECIDE = "staff.change_serviceclient", "staff.approve_serviceclient"
API = "api/v1/"
# An old one goes on while the partner learns the new one.
MOST_SECRETS = 2


class CodeTaken(Conflict):
    """A partner system with this code is there already."""

    code = "code_taken"
    field = "code"
    message = _("A partner system with this code is there already.")


class TwoSecrets(Conflict):
    """Two secrets live already."""

    code = "two_secrets"
    message = _("Two secrets of this partner system are in use. End one of them first.")


class TermsWrong(DomainError):
    """A door, branch or network that there is not."""

    code = "terms_wrong"


class OfficersIssue(DomainError):
    """In production two officers give secrets."""

    code = "officers_issue"
    message = _("Two security officers give secrets to partner systems, on the page of the partner system.")


class PartnerChanged(Conflict):
    """Somebody was quicker."""

    code = "partner_changed"
    message = _("This partner system has been changed meanwhile. Look again and ask anew.")


def doors() -> list[str]:
    """Return the names of the API's doors, as the terms name them."""
    entries = get_resolver().url_patterns
    found = (entry for entry in entries if isinstance(entry, URLResolver) and str(entry.pattern) == API)
    return [str(door.name) for entry in found for door in entry.url_patterns if isinstance(door, URLPattern)]


def terms_of(client: ServiceClient) -> dict[str, Any]:
    """Return the terms as the request keeps and shows them."""
    until = client.valid_until.isoformat() if client.valid_until else None
    lists = {name: sorted(getattr(client, name)) for name in ("endpoints", "sources", "branches", "networks")}
    return {**lists, "rate": client.rate, "valid_until": until, "active": client.is_active}


def version_of(client: ServiceClient) -> str:
    """Return a text that changes with the terms and with each secret."""
    held = list(client.secrets.filter(ended_at__isnull=True).values_list("pk", flat=True))
    return hashlib.sha256(repr([terms_of(client), held]).encode()).hexdigest()


@transaction.atomic
def create_partner(*, actor: Actor, code: str, name: str, sources: Iterable[str], rate: int = 6_000) -> tuple[ServiceClient, str]:
    """Return a partner with every door, and its secret in clear: for the server's own command line, demo and benchmarks."""
    client = _new(code, name, is_active=True, sources=list(sources), rate=rate, endpoints=doors())
    log.record(actor=actor, action="staff.partner_created", target=client, data=terms_of(client))
    return client, issue_secret_whole(actor=actor, client=client)


@transaction.atomic
def add_partner(*, actor: Actor, code: str, name: str) -> ServiceClient:
    """Return a new partner that may do nothing and has no secret: both are asked for."""
    require(actor, PROPOSE)
    client = _new(code, name, is_active=False)
    log.record(actor=actor, action="staff.partner_created", target=client, data={"name": client.name})
    return client


def _new(code: str, name: str, **terms: Any) -> ServiceClient:
    if ServiceClient.objects.filter(code=code).exists():
        raise CodeTaken
    client = ServiceClient(code=code, name=unicodedata.normalize("NFC", name), **terms)
    client.full_clean(exclude=["sources", "endpoints"])
    client.save()
    return client


@transaction.atomic
def issue_secret_whole(*, actor: Actor, client: ServiceClient) -> str:
    """Return a new secret in clear; all others end at once. Refused in production, where two officers give secrets."""
    if settings.PRODUCTION:
        raise OfficersIssue
    client = ServiceClient.objects.locked().get(pk=client.pk)
    client.secrets.filter(ended_at__isnull=True).update(ended_at=timezone.now())
    first, second = new_half(), new_half()
    row = ClientSecret.objects.create(client=client, secret_hash=joined_hash(half_hash(first), second))
    log.record(actor=actor, action="staff.partner_secret_issued", target=client, data={"secret": row.pk})
    return f"{first}-{second}"


@transaction.atomic
def ask_for_terms(*, actor: Actor, client: ServiceClient, terms: dict[str, Any], reason: str) -> ChangeRequest:
    """Propose these terms; another security officer decides."""
    require(actor, PROPOSE, client)
    require_step_up(actor)
    _check(terms)
    payload = {"before": terms_of(client), "terms": terms}
    return propose(actor=actor, kind=TERMS, target=client, payload=payload, reason=reason, summary=str(client))


def _check(terms: dict[str, Any]) -> None:
    known = {"endpoints": set(doors()), "branches": set(Branch.objects.values_list("code", flat=True))}
    for name, values in known.items():
        if unknown := sorted(set(terms[name]) - values):
            raise TermsWrong(_("%(what)s is unknown.") % {"what": unknown[0]})
    for network in terms["networks"]:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise TermsWrong(_("%(what)s is unknown.") % {"what": network}) from None


@transaction.atomic
def ask_for_secret(*, actor: Actor, client: ServiceClient, reason: str) -> tuple[ChangeRequest, str]:
    """Propose a secret; return the request and the first half, shown once. The approver is shown the second."""
    require(actor, PROPOSE, client)
    require_step_up(actor)
    if client.secrets.filter(ended_at__isnull=True).count() >= MOST_SECRETS:
        raise TwoSecrets
    half = new_half()
    payload = {"first_half": half_hash(half)}
    return propose(actor=actor, kind=SECRET, target=client, payload=payload, reason=reason, summary=str(client)), half


@transaction.atomic
def set_terms(*, actor: Actor, request: ChangeRequest) -> ServiceClient:
    """Do what was asked, inside the deciding transaction; the partner's next request obeys."""
    client, terms = _held(actor, request), request.payload["terms"]
    before = terms_of(client)
    for name in ("endpoints", "sources", "branches", "networks", "rate"):
        setattr(client, name, terms[name])
    client.valid_until = datetime.fromisoformat(terms["valid_until"]) if terms["valid_until"] else None
    client.is_active = terms["active"]
    client.save()
    data = {"before": before, "after": terms, "asked_by": request.requested_by_number}
    log.record(actor=actor, action="staff.partner_changed", target=client, data=data, reason=request.reason, approver=actor.number)
    return client


@transaction.atomic
def give_secret(*, actor: Actor, request: ChangeRequest) -> Disclosure:
    """Issue the secret that was asked for and return its second half, for the approver alone."""
    client = _held(actor, request)
    if client.secrets.filter(ended_at__isnull=True).count() >= MOST_SECRETS:
        raise TwoSecrets
    second = new_half()
    hashed = joined_hash(request.payload["first_half"], second)
    row = ClientSecret.objects.create(client=client, secret_hash=hashed, issued_by_id=request.requested_by_id)
    data = {"secret": row.pk, "asked_by": request.requested_by_number}
    log.record(actor=actor, action="staff.partner_secret_issued", target=client, data=data, reason=request.reason, approver=actor.number)
    return Disclosure(
        title=_("Second half of the secret, shown only now"),
        text=second,
        advice=_("Hand it to the partner on another way than the first half. Both together, the first one first, are the secret."),
    )


@transaction.atomic
def end_secret(*, actor: Actor, client: ServiceClient, secret: int, reason: str) -> None:
    """End a secret at once; the access tokens it opened open nothing from now on. Waits for nobody."""
    require(actor, PROPOSE, client)
    if client.secrets.filter(pk=secret, ended_at__isnull=True).update(ended_at=timezone.now()):
        log.record(actor=actor, action="staff.partner_secret_ended", target=client, data={"secret": secret}, reason=reason)


@transaction.atomic
def switch_off_partner(*, actor: Actor, client: ServiceClient, reason: str) -> None:
    """Switch a partner off at once; its next request is refused. Waits for nobody; on again takes two."""
    require(actor, PROPOSE, client)
    if ServiceClient.objects.filter(pk=client.pk, is_active=True).update(is_active=False):
        log.record(actor=actor, action="staff.partner_switched_off", target=client, reason=reason)


def _held(actor: Actor, request: ChangeRequest) -> ServiceClient:
    require(actor, DECIDE)
    client = ServiceClient.objects.locked().get(pk=request.target_id or 0)
    if version_of(client) != request.base_version:
        raise PartnerChanged
    return client


def partner_of(access: Access) -> ServiceClient | None:
    """Return the partner that an access token names, if it may speak now and the secret behind the token still stands.

    One prepared statement, with the rights that partners have now: each of a partner's requests begins here.
    """
    rows = execute(_KNOWN, {"code": access.code, "secret": access.secret, "role": PARTNER_ROLE})
    if not rows:
        return None
    *values, permissions, reaches = rows[0]
    client: ServiceClient = ServiceClient.from_db("default", _COLUMNS, values)
    client.remember_permissions(zip(permissions, reaches, strict=True))
    return client if client.is_usable else None


_COLUMNS = ("id", "code", "name", "is_active", "sources", "endpoints", "branches", "networks", "rate", "valid_until", "created_at")
_KNOWN = f"""
SELECT {", ".join(f"c.{name}" for name in _COLUMNS)}, r.permissions, r.reaches
  FROM staff_serviceclient c
  JOIN staff_clientsecret s ON s.client_id = c.id AND s.id = %(secret)s::bigint AND s.ended_at IS NULL
 CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(p.permission ORDER BY p.id), '{{}}') AS permissions,
           coalesce(array_agg(p.reach ORDER BY p.id), '{{}}') AS reaches
      FROM staff_rolepermission p JOIN staff_role o ON o.id = p.role_id WHERE o.code = %(role)s::text) r
 WHERE c.code = %(code)s::text"""  # noqa: S608 - our own column names
