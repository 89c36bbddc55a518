"""The customers of every test: one of Sun Yue in Beijing, one of her branch's colleague, one in Shanghai, one organisation."""

from datetime import date
from typing import Any

import pytest

from crm.access.actor import IMPORTER
from crm.tests.personas import Bank
from customers.choices import CustomerKind, IdType, Segment
from customers.models import Customer
from customers.services import create_customer


def person(bank: Bank, number: str, **changes: Any) -> Customer:
    """Record a person; *changes* replace the usual values."""
    values: dict[str, Any] = {
        "kind": CustomerKind.PERSON,
        "core_number": number,
        "name": "张伟",
        "gender": "male",
        "birth_date": date(1986, 3, 4),
        "id_type": IdType.RESIDENT_CARD,
        "id_number": "110105198603041215",
        "mobile": "13812345678",
        "email": "zhangwei@mail.test",
        "region": "北京市东城区",
        "address": "东直门内大街 1 号",
        "occupation": "professional",
        "opening_branch": bank.branches["110001"],
        "manager": bank.people["80001"],
        "risk_tolerance": "C3",
    } | changes
    customer, _waits = create_customer(actor=IMPORTER, values=values)
    return customer


@pytest.fixture
def zhang_wei(bank: Bank) -> Customer:
    """A customer of Sun Yue in Beijing Dongcheng."""
    return person(bank, "6217000133")


@pytest.fixture
def chen_jing(bank: Bank) -> Customer:
    """A customer of the colleague in the same branch."""
    values = {"name": "陈静", "gender": "female", "birth_date": date(1990, 7, 1), "id_number": "110101199007014324"}
    contact = {"mobile": "13900001111", "email": "", "manager": bank.people["80003"]}
    return person(bank, "6217000144", **values, **contact)


@pytest.fixture
def li_na(bank: Bank) -> Customer:
    """A customer in Shanghai: out of reach for everybody in Beijing."""
    values = {"name": "李娜", "gender": "female", "birth_date": date(1992, 11, 12), "id_number": "310115199211124569"}
    place = {"opening_branch": bank.branches["310001"], "manager": bank.people["80002"], "mobile": "13700002222"}
    return person(bank, "6217000155", **values, **place)


@pytest.fixture
def yuanhang(bank: Bank) -> Customer:
    """An organisation of Sun Yue."""
    return person(
        bank,
        "6217000166",
        kind=CustomerKind.ORGANISATION,
        name="远航贸易有限公司",
        gender="",
        birth_date=None,
        occupation="",
        id_type=IdType.CREDIT_CODE,
        id_number="91350211M000100Y43",
        segment=Segment.CORPORATE,
    )
