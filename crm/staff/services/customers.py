"""Sign-ins of customers: a row without a name, a role that reads the own pages, a one-time token in one piece."""

from django.db import transaction

from crm.access.actor import Actor
from crm.log import services as log
from crm.staff.models import Role, RoleAssignment, User
from crm.staff.services.people import enrol
from crm.staff.services.tokens import issue_whole

CUSTOMER = "customer"


@transaction.atomic
def open_sign_in(*, actor: Actor, reference: str) -> User:
    """Return the new sign-in of a customer, who has no password yet. Called by the verb that checked who she is, which asserts the right.

    Number and name are made of the public reference: people who look after staff learn nothing about customers.
    """
    person = enrol(number=reference.replace("-", ""), name=reference)
    RoleAssignment.objects.create(user=person, role=Role.objects.get(code=CUSTOMER))
    log.record(actor=actor, action="staff.customer_sign_in_opened", target=person, customer=reference)
    return person


@transaction.atomic
def token_for_customer(*, actor: Actor, person: User) -> str:
    """Return a one-time token in clear, to be shown once and handed over; earlier ones die. Never for people of the bank."""
    if person.role_codes() != [CUSTOMER]:
        raise TypeError("a whole token is for sign-ins of customers only")
    return issue_whole(actor=actor, person=person)


@transaction.atomic
def end_sign_in(*, actor: Actor, person: User, reference: str, reason: str) -> User:
    """Switch the sign-in of a customer off; every session ends at its next request. Called like `open_sign_in`."""
    person = User.objects.locked().get(pk=person.pk)
    person.is_active = False
    person.save(update_fields=["is_active"])
    log.record(actor=actor, action="staff.person_deactivated", target=person, customer=reference, reason=reason)
    return person
