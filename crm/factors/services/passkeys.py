"""Passkeys (WebAuthn, level 2): registered and shown for the address of this product alone, by somebody whom the device has recognised."""

import ipaddress
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.factors.choices import FactorKind, Purpose
from crm.factors.models import Factor
from crm.factors.pictures import ISSUER
from crm.factors.services.codes import Shown, write_refusal
from crm.factors.services.enrolment import MOST, TooMany, held_for_adding
from crm.factors.services.notices import tell
from crm.log import services as log
from crm.staff.models import User

LONGEST_ANSWER = 20_000
_REQUIRED = UserVerificationRequirement.REQUIRED
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the library raises for what is no answer at all."""


class PasskeyRefused(DomainError):
    """The answer is not what was asked for: another challenge, address, device, or nobody was recognised."""

    code = "passkey_refused"
    message = gettext_lazy("The passkey was not accepted. Load the page again and try once more, or use a code.")


@dataclass(frozen=True)
class Question:
    """What the browser is asked, and the challenge that only this question has."""

    options: str
    challenge: str


def rp_id() -> str:
    """Return the name that passkeys are bound to; empty where the product is served by an IP address, which cannot have any."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""


def origin() -> str:
    """Return the address at which passkeys are shown."""
    parts = urlsplit(settings.BASE_URL)
    return f"{parts.scheme}://{parts.netloc}"


def _descriptors(person: User) -> list[PublicKeyCredentialDescriptor]:
    rows = Factor.objects.confirmed().filter(user=person, kind=FactorKind.PASSKEY)
    return [PublicKeyCredentialDescriptor(id=bytes(row.credential_id)) for row in rows if row.credential_id is not None]


def question_to_add(person: User) -> Question:
    """Return what a browser needs to make a passkey for this person."""
    options = generate_registration_options(
        rp_id=rp_id(),
        rp_name=ISSUER,
        user_name=person.number,
        user_id=person.reference.encode(),
        user_display_name=person.name,
        authenticator_selection=AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.PREFERRED, user_verification=_REQUIRED),
        exclude_credentials=_descriptors(person),
    )
    return Question(options_to_json(options), bytes_to_base64url(options.challenge))


def question_to_show(person: User) -> Question | None:
    """Return what a browser needs to show one of the person's passkeys; None when there is none."""
    known = _descriptors(person)
    if not known or not rp_id():
        return None
    options = generate_authentication_options(rp_id=rp_id(), allow_credentials=known, user_verification=_REQUIRED)
    return Question(options_to_json(options), bytes_to_base64url(options.challenge))


@transaction.atomic
def add_passkey(*, actor: Actor, person: User, challenge: str, answer: str, name: str = "", first: bool) -> Factor:
    """Return the new passkey; raises ``PasskeyRefused`` for any answer that is not the one to this challenge at this address."""
    person = held_for_adding(actor, person, first=first)
    if Factor.objects.filter(user=person).count() >= MOST:
        raise TooMany
    try:
        made = verify_registration_response(
            credential=_read(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=rp_id(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except _BROKEN:
        raise PasskeyRefused from None
    if not challenge or Factor.objects.filter(credential_id=made.credential_id).exists():
        raise PasskeyRefused
    now = timezone.now()
    factor = Factor.objects.create(
        user=person,
        kind=FactorKind.PASSKEY,
        name=name.strip()[:60] or _("Passkey"),
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        confirmed_at=now,
        last_used_at=now,
    )
    data = {"kind": factor.kind, "factor": factor.reference, "first": first}
    log.record(actor=actor, action="factors.added", target=person, data=data)
    tell(person, "added")
    return factor


def show_passkey(*, actor: Actor, person: User, challenge: str, answer: str, purpose: Purpose) -> Shown | None:
    """Return the passkey that answered this challenge, or None; a refusal is written down."""
    try:
        shown = _use(actor, person, challenge, answer, purpose)
    except _BROKEN:
        shown = None
    if shown is None:
        write_refusal(actor, person, purpose, "factors.refused")
    return shown


@transaction.atomic
def _use(actor: Actor, person: User, challenge: str, answer: str, purpose: Purpose) -> Shown | None:
    credential = parse_authentication_credential_json(_read(answer))
    known = Factor.objects.confirmed().locked().filter(user=person, kind=FactorKind.PASSKEY)
    factor = known.filter(credential_id=credential.raw_id).first()
    if factor is None or factor.public_key is None or not challenge:
        return None
    verified = verify_authentication_response(
        credential=credential,
        expected_challenge=base64url_to_bytes(challenge),
        expected_rp_id=rp_id(),
        expected_origin=origin(),
        credential_public_key=bytes(factor.public_key),
        credential_current_sign_count=factor.sign_count,
        require_user_verification=True,
    )
    factor.sign_count, factor.last_used_at = verified.new_sign_count, timezone.now()
    factor.save(update_fields=["sign_count", "last_used_at"])
    data = {"for": str(purpose), "kind": factor.kind, "factor": factor.reference}
    log.record(actor=actor, action="factors.shown", target=person, data=data)
    return Shown(factor)


def _read(answer: str) -> dict[str, object]:
    found = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    if not isinstance(found, dict):
        raise ValueError("no answer of a browser")  # noqa: TRY004 - told like every other text that is none
    return found
