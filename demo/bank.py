"""The bank itself: head office, branches, and the people who work there."""

from __future__ import annotations

from random import Random

from demo.names import FEMALE_GIVEN, MALE_GIVEN, SURNAMES
from demo.world import Branch, Person

HEAD_OFFICE = "000"
BRANCHES = (
    Branch(HEAD_OFFICE, "总行", "head", ""),
    Branch("110001", "城东支行", "subbranch", HEAD_OFFICE),
    Branch("110002", "城西支行", "subbranch", HEAD_OFFICE),
    Branch("330001", "湖滨支行", "subbranch", HEAD_OFFICE),
    Branch("330002", "钱江支行", "subbranch", HEAD_OFFICE),
)
SELLING = tuple(branch.code for branch in BRANCHES if branch.parent)
"""Branches that customers belong to."""

MANAGERS_PER_BRANCH = 5

_NAMED = (
    ("80001", "孙悦", "客户经理", "110001", ("relationship-manager",)),
    ("81001", "郭建平", "支行行长", "110001", ("branch-manager",)),
    ("81002", "何慧", "支行行长", "110002", ("branch-manager",)),
    ("81003", "沈国强", "支行行长", "330001", ("branch-manager",)),
    ("81004", "陆颖", "支行行长", "330002", ("branch-manager",)),
    ("82001", "周敏", "风险经理", HEAD_OFFICE, ("risk-officer",)),
    ("82002", "韩志明", "风险主管", HEAD_OFFICE, ("risk-supervisor",)),
    ("82003", "吴晓东", "风险经理", HEAD_OFFICE, ("risk-officer",)),
    ("83001", "郑雨桐", "产品经理", HEAD_OFFICE, ("product-operator",)),
    ("83002", "谢立群", "产品复核", HEAD_OFFICE, ("product-checker",)),
    ("84001", "冯洁", "运营专员", HEAD_OFFICE, ("operations",)),
    ("85001", "董卫民", "安全管理员", HEAD_OFFICE, ("security-officer",)),
    ("85002", "萧琳", "安全管理员", HEAD_OFFICE, ("security-officer",)),
    ("86001", "程学文", "审计员", HEAD_OFFICE, ("auditor",)),
    ("87001", "曹启明", "系统管理员", HEAD_OFFICE, ("system-officer",)),
    ("88001", "袁静", "审计管理员", HEAD_OFFICE, ("audit-officer",)),
    ("89001", "邓文静", "客服坐席", "110001", ("service-agent",)),
)


def make_staff(random: Random) -> list[Person]:
    """Return the named people first, then the relationship managers of every branch, by employee number."""
    people = [_person(*row, order=place) for place, row in enumerate(_NAMED)]
    number = 80001
    for branch in SELLING:
        for seat in range(MANAGERS_PER_BRANCH):
            if branch == "110001" and seat == 0:
                continue
            number += 1
            given = random.choice(FEMALE_GIVEN if random.random() < 0.5 else MALE_GIVEN)
            name = random.choice(SURNAMES) + given
            people.append(_person(str(number), name, "客户经理", branch, ("relationship-manager",), order=number - 79000))
    return sorted(people, key=lambda person: person.number)


def _person(number: str, name: str, title: str, branch: str, roles: tuple[str, ...], *, order: int) -> Person:
    return Person(number, name, title, branch, roles, f"u{number}@bank.example", f"1390000{order:04d}")


def relationship_managers(staff: list[Person], branch: str) -> list[str]:
    """Return the employee numbers of the relationship managers of *branch*."""
    return [person.number for person in staff if person.branch == branch and "relationship-manager" in person.roles]
