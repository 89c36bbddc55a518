"""The customer's own way in: given by her relationship manager after a check of identity, and taken away again."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError, Refused
from crm.access.services import require, require_step_up
from crm.fields.services import AlreadyDestroyed
from crm.log import services as log
from crm.staff.services.customers import end_sign_in, open_sign_in, token_for_customer
from customers.choices import CheckedBy
from customers.models import Customer, IdentityCheck

OPEN = "customers.open_sign_in"
# Without the person and her document in front of oneself nothing else counts.
NEEDED = {CheckedBy.DOCUMENT, CheckedBy.FACE}


class NotChecked(DomainError):
    """The identity was not checked as it has to be."""

    code = "not_checked"
    field = "ways"
    message = _("See the original document and compare the face with it first.")


class NoSignIn(DomainError):
    """There is nothing to switch off."""

    code = "no_sign_in"
    message = _("This customer has no sign-in that could be switched off.")


@transaction.atomic
def issue_sign_in(*, actor: Actor, customer: Customer, ways: Iterable[str], words: str = "") -> str:
    """Return a one-time token, to be shown once and handed to the customer in person; what was checked is kept.

    The managing relationship manager alone may, nobody who stands in for her. Asked again, the customer gets a new token and the earlier
    one dies; a sign-in that was switched off works again. Raises ``StepUpNeeded``, `NotChecked`.
    """
    require(actor, OPEN, customer)
    require_step_up(actor)
    customer = Customer.objects.locked().get(pk=customer.pk)
    if customer.manager_id != actor.user_id:
        raise Refused(OPEN, customer)
    if customer.data_key.destroyed_at:
        raise AlreadyDestroyed
    checked = [way for way in CheckedBy.values if way in set(ways)]
    if not set(checked) >= NEEDED:
        raise NotChecked
    IdentityCheck.objects.create(customer=customer, checked_by_id=actor.user_id or 0, ways=checked, words=words.strip())
    if customer.sign_in is None:
        customer.sign_in = open_sign_in(actor=actor, reference=customer.reference)
        customer.save(update_fields=["sign_in"])
    elif not customer.sign_in.is_active:
        customer.sign_in.is_active = True
        customer.sign_in.save(update_fields=["is_active"])
    log.record(actor=actor, action="customer.sign_in_issued", target=customer, data={"checked": checked}, reason=words.strip())
    return token_for_customer(actor=actor, person=customer.sign_in)


@transaction.atomic
def withdraw_sign_in(*, actor: Actor, customer: Customer, reason: str) -> Customer:
    """Switch the customer's sign-in off, at once and by one person; her sessions end at their next request."""
    require(actor, OPEN, customer)
    customer = Customer.objects.locked().get(pk=customer.pk)
    if customer.sign_in is None or not customer.sign_in.is_active:
        raise NoSignIn
    end_sign_in(actor=actor, person=customer.sign_in, reference=customer.reference, reason=reason)
    log.record(actor=actor, action="customer.sign_in_ended", target=customer, reason=reason)
    return customer
