"""Proof 7: every sealed column of every table refuses what is not its own, byte by byte and exchanged with every other one.

A column that seals something and has no row here fails the walk, so a new one cannot stay outside. What it cannot find: an earlier value of
the same field of the same record put back (history rows must open; the row's own history tells), and a row that took over another record's
seal id, data key and value together, which is a copy of that record.

Requirements: R269, R270, R284.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.apps import apps
from django.db.models import Model

from crm.factors import secrets
from crm.factors.models import Factor
from crm.fields import cipher
from crm.fields.errors import SealBroken
from crm.fields.sealed import SealedTextField
from crm.fields.services import seal_value
from crm.staff.models import User
from crm.tests.personas import factor_of
from customers.models import Customer
from products.tests.personas import account_of
from transactions.models import Source
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db
FACTOR = "factors.Factor.secret"


@dataclass(frozen=True)
class Place:
    """A sealed value where it lies: its column, what it is bound to, and the product's own way of opening bytes there."""

    column: str
    label: str
    seal_id: UUID
    data: bytes
    clear: str
    open_as: Callable[[bytes], str]


def columns() -> set[str]:
    """Every column that seals, by its model."""
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if ".tests." not in model.__module__
        for field in model._meta.get_fields()
        if isinstance(field, SealedTextField)
    }
    return found | {FACTOR}


def in_row(row: Model, name: str) -> Callable[[bytes], str]:
    """Open bytes as if they had been read from that column of that row."""

    def open_as(data: bytes) -> str:
        again = type(row)._default_manager.get(pk=row.pk)
        again.__dict__[name] = data
        value = getattr(again, name)
        try:
            return str(value.open())
        except SealBroken:
            # Nor does the page show anything of it.
            assert str(value) == "seal broken"
            raise

    return open_as


def as_factor(factor: Factor) -> Callable[[bytes], str]:
    """The secret of a code app is no field with masks: its own room opens it."""
    return lambda data: secrets.unseal(factor.data_key_id or 0, factor.seal_id, data).hex()


def places() -> Iterator[Place]:
    """Every stored value of every sealed column."""
    for name in sorted(columns() - {FACTOR}):
        model, attname = apps.get_model(name.rpartition(".")[0]), name.rpartition(".")[2]
        for row in model._default_manager.order_by("pk"):
            value = getattr(row, attname)
            if value.data:
                label = model._meta.get_field(attname).label
                yield Place(name, label, row.seal_id, value.data, value.open(), in_row(row, attname))
    for factor in Factor.objects.filter(secret__isnull=False).order_by("pk"):
        opened = as_factor(factor)
        yield Place(FACTOR, secrets.LABEL, factor.seal_id, bytes(factor.secret or b""), opened(bytes(factor.secret or b"")), opened)


@pytest.fixture
def walk(zhang_wei: Customer, li_na: Customer, sun_yue: User, colleague: User, mobile: Source) -> list[Place]:
    """Two rows of each kind, of two customers and two people."""
    for number, customer in enumerate((zhang_wei, li_na)):
        account = account_of(customer, f"622848001234567{number}")
        recorded(account, number, counterparty_account=f"62170012345678{number}0")
    factor_of(sun_yue)
    factor_of(colleague)
    return list(places())


def test_every_column_has_rows(walk: list[Place]) -> None:
    counted = {name: sum(place.column == name for place in walk) for name in columns()}
    assert {name: count for name, count in counted.items() if count < 2} == {}


def test_no_changed_byte_opens(walk: list[Place]) -> None:
    """Layout, suite, key, nonce, body, tag: one bit of every byte; and values cut short."""
    tried = 0
    for place in {place.column: place for place in walk}.values():
        for at in range(len(place.data)):
            changed = bytearray(place.data)
            changed[at] ^= 1 << at % 8
            with pytest.raises(SealBroken):
                place.open_as(bytes(changed))
            tried += 1
        for length in (0, 9, 22, len(place.data) - 1):
            with pytest.raises(SealBroken):
                place.open_as(place.data[:length])
            tried += 1
    print(f"\n{tried} changed or cut values of {len(columns())} columns: 0 opened")
    assert tried > 50 * len(columns())


def test_no_value_opens_in_anothers_place(walk: list[Place]) -> None:
    """Exchanged between rows, fields, customers and tables; also by somebody who rewrites the key's number in the bytes."""
    tried = 0
    for here in walk:
        for there in walk:
            if (here.label, here.seal_id) == (there.label, there.seal_id):
                continue
            own_key = here.data[: cipher.HEADER.size] + there.data[cipher.HEADER.size :]
            for data in (there.data, own_key):
                with pytest.raises(SealBroken):
                    here.open_as(data)
                tried += 1
    print(f"\n{tried} exchanges between {len(walk)} values: 0 opened")
    assert tried > len(walk)


def test_the_walk_can_fail(zhang_wei: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seals that are bound to nothing would let an exchange within one customer open."""
    monkeypatch.setattr(cipher, "associated_data", lambda _label, _seal_id: b"crm")
    mobile, email = (next(p for p in places_of_new_customer() if p.column.endswith(end)) for end in (".mobile", ".email"))
    assert mobile.open_as(email.data) == email.clear


def places_of_new_customer() -> list[Place]:
    """The values of the newest customer, sealed again as the cipher is now."""
    row = Customer.objects.latest("pk")
    found = []
    for name in ("mobile", "email"):
        label = Customer._meta.get_field(name).label  # type: ignore[union-attr]
        data = seal_value(row.data_key, label, row.seal_id, f"{name}@mail.test")
        found.append(Place(f"customers.Customer.{name}", label, row.seal_id, data, f"{name}@mail.test", in_row(row, name)))
    return found
