"""Single grants widen where a permission holds, while they last; every door gives the same answer (R254, R263).

Requirements: R037.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from crm.access.errors import NotVisible, Refused
from crm.access.services import require
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor
from customers.models import Customer, CustomerGrant

pytestmark = pytest.mark.django_db


@pytest.fixture
def theirs(bank: Bank) -> Customer:
    """A customer of the other branch, beside one of Sun Yue's own."""
    return make_customer(bank, "310001", bank.people["80002"], "10000002")


def make_customer(bank: Bank, branch: str, manager: User, core_number: str) -> Customer:
    from crm.fields.services import new_data_key

    customer: Customer = Customer.objects.create(
        core_number=core_number,
        kind="person",
        name="李秀英",
        name_pinyin="lixiuying lxy",
        name_initials="lxy",
        id_type="resident_id",
        id_number="11010519491231002X",
        opening_branch=bank.branches[branch],
        manager=manager,
        data_key=new_data_key(),
    )
    return customer


@pytest.fixture(autouse=True)
def ours(bank: Bank) -> Customer:
    return make_customer(bank, "110001", bank.people["80001"], "10000001")


def grant(user: User, customer: Customer, codename: str = "view_customer", **validity: object) -> CustomerGrant:
    permission = Permission.objects.get(content_type__app_label="customers", codename=codename)
    row: CustomerGrant = CustomerGrant.objects.create(
        user=user, permission=permission, content_object=customer, reason="replacement during leave", **validity
    )
    return row


def answers(user: User, customer: Customer, permission: str = "customers.view_customer") -> set[bool]:
    user = User.objects.get(pk=user.pk)
    found = {
        Customer.objects.visible_to(user, permission).filter(pk=customer.pk).exists(),
        Customer.objects.visible_to(as_actor(user), permission).filter(pk=customer.pk).exists(),
        user.has_perm(permission, customer),
    }
    try:
        require(as_actor(user), permission, customer)
    except (Refused, NotVisible):
        return found | {False}
    return found | {True}


def test_without_a_grant_only_the_own_customers(sun_yue: User, ours: Customer, theirs: Customer) -> None:
    assert answers(sun_yue, ours) == {True}
    assert answers(sun_yue, theirs) == {False}


def test_a_live_grant_opens_one_customer(sun_yue: User, colleague: User, theirs: Customer, ours: Customer) -> None:
    grant(sun_yue, theirs)
    assert answers(sun_yue, theirs) == {True}
    assert set(Customer.objects.visible_to(sun_yue)) == {ours, theirs}
    assert answers(colleague, theirs) == {False}


@pytest.mark.parametrize(("begins", "ends"), [(-2, -1), (1, 2)])
def test_expired_and_coming_grants_give_nothing(sun_yue: User, theirs: Customer, begins: int, ends: int) -> None:
    now = timezone.now()
    grant(sun_yue, theirs, valid_from=now + timedelta(days=begins), valid_until=now + timedelta(days=ends))
    assert answers(sun_yue, theirs) == {False}


def test_seeing_is_not_changing(sun_yue: User, theirs: Customer) -> None:
    grant(sun_yue, theirs)
    assert answers(sun_yue, theirs, "customers.change_customer") == {False}
    grant(sun_yue, theirs, "change_customer")
    assert answers(sun_yue, theirs, "customers.change_customer") == {True}


def test_a_grant_gives_no_function(security_officer: User, theirs: Customer) -> None:
    grant(security_officer, theirs)
    assert answers(security_officer, theirs) == {False}


def test_somebody_switched_off_sees_nothing(sun_yue: User, ours: Customer) -> None:
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    assert answers(sun_yue, ours) == {False}


def test_what_hangs_on_a_customer_follows_it(sun_yue: User, colleague: User, ours: Customer, theirs: Customer) -> None:
    """A grant to see the customer shows its grants to nobody else, and delegated scopes keep their own reach."""
    row = grant(sun_yue, theirs)
    assert not CustomerGrant.objects.visible_to(colleague).exists()
    assert list(CustomerGrant.objects.visible_to(sun_yue)) == [row]
    from crm.staff.models import Role, RolePermission

    RolePermission.objects.create(
        role=Role.objects.get(code="relationship-manager"), permission="customers.close_customergrant", reach="own"
    )
    reader = User.objects.get(pk=sun_yue.pk)
    assert not CustomerGrant.objects.visible_to(reader, "customers.close_customergrant").exists()
