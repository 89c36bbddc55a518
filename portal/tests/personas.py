"""A customer who has been given a sign-in and has set a password of her own."""

import pytest

from crm.staff.models import User
from crm.staff.services.tokens import redeem_token
from crm.tests.personas import PASSWORD, as_actor
from customers.models import Customer
from customers.services.sign_ins import issue_sign_in

CHECKED = ("document", "face")


def give_sign_in(customer: Customer) -> User:
    """Return the sign-in of a customer, as her relationship manager gives it, the password set."""
    assert customer.manager is not None
    token = issue_sign_in(actor=as_actor(customer.manager), customer=customer, ways=CHECKED)
    customer.refresh_from_db()
    assert customer.sign_in is not None
    redeem_token(actor=as_actor(customer.manager), number=customer.sign_in.number, token=token, password=PASSWORD)
    return User.objects.get_queryset().get(pk=customer.sign_in.pk)


@pytest.fixture
def zhang_weis_sign_in(zhang_wei: Customer) -> User:
    """The sign-in of Zhang Wei."""
    return give_sign_in(zhang_wei)
