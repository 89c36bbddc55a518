"""A word in the search field of a list finds customers by name, pinyin, initials, numbers; each reading by its own index (R026)."""

import pytest

from crm.lists.testing import walk
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor
from customers.models import Customer
from customers.tests.personas import person
from customers.views.lists import CustomerList

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("张", {"张伟"}),
        ("张伟", {"张伟"}),
        ("伟", {"张伟"}),
        ("陈 静", {"陈静"}),
        ("贸易", {"远航贸易有限公司"}),
        ("zhangwei", {"张伟"}),
        ("angwe", {"张伟"}),
        ("ZhangWei", {"张伟"}),
        ("zw", {"张伟"}),
        ("z", {"张伟"}),
        ("c", {"陈静"}),
        ("w", set()),
        ("cj", {"陈静"}),
        ("yhm", {"远航贸易有限公司"}),
        ("6217000133", {"张伟"}),
        ("000133", {"张伟"}),
        ("62", {"张伟", "陈静", "远航贸易有限公司"}),
        ("00", set()),
        ("张 133", {"张伟"}),
        ("张 144", set()),
        ("无此人", set()),
        ("xyzzy", set()),
    ],
)
def test_words_find_customers(
    zhang_wei: Customer, chen_jing: Customer, yuanhang: Customer, li_na: Customer, branch_manager: User, typed: str, found: set[str]
) -> None:
    """R026: name, part of it, pinyin and numbers, within reach; Li Na in Shanghai is never found here."""
    keys, _back = walk(CustomerList(), as_actor(branch_manager), f"q={typed}")
    assert set(Customer.objects.filter(pk__in=keys).values_list("name", flat=True)) == found


def test_references_and_latin_names_are_found(bank: Bank, branch_manager: User) -> None:
    maria = person(bank, "N0012", name="Maria Silva", id_type="passport", id_number="E12345678")
    for typed in (maria.reference, maria.reference.lower()[2:], "maria", "SILVA", "ilv", "n0012", "N0012"):
        keys, _back = walk(CustomerList(), as_actor(branch_manager), f"q={typed}")
        assert maria.pk in keys, typed
