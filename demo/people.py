"""The customers: who they are, what they hold, and which kind of life each leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo import names
from demo.bank import SELLING, relationship_managers
from demo.numbers import credit_code, luhn, resident_id
from demo.world import Account, Customer, Person

PERSON_LIVES = (
    ("lively", 300),
    ("quiet", 700),
    ("student", 140),
    ("pensioner", 240),
    ("shop", 30),
    ("stall", 30),
    ("plot", 150),
    ("idle", 210),
)
FIRM_LIVES = (("firm", 120), ("large_firm", 15), ("plot_firm", 45), ("idle_firm", 20))
"""How many of each in a bank of 2,000; nine customers in ten are persons."""

_SEGMENTS = {"student": "student", "pensioner": "pensioner", "shop": "merchant", "stall": "merchant"}
_MOBILE_PREFIXES = ("130", "133", "135", "136", "137", "138", "139", "150", "151", "158", "159", "177", "180", "186", "188", "189", "199")
_WORK = ("professional", "clerical", "service", "production", "public_office", "self_employed", "farming", "other")
_WORK_WEIGHTS = (24, 22, 24, 12, 4, 6, 4, 4)
_INCOMES = ("below_50k", "50k_120k", "120k_300k", "300k_1m", "above_1m")
_LABELS = {28: "sensitive", 78: "pep", 128: "staff", 178: "highly_sensitive"}
"""Of every 199 customers one each, unless a firm or part of a plot; by place, not by dice: nothing else of the world depends on it."""
_FOREIGN_CURRENCIES = ("USD", "HKD", "EUR")


@dataclass(slots=True, frozen=True)
class _Identity:
    name: str
    gender: str
    birth_date: date
    id_type: str
    id_number: str
    home: str


class Registry:
    """Makes customers one after the other; no number is given twice."""

    def __init__(self, random: Random, staff: list[Person], last_day: date, branches: tuple[str, ...] = SELLING) -> None:
        self._random = random
        self._last_day = last_day
        self._managers = {branch: relationship_managers(staff, branch) for branch in branches}
        self._branches = branches
        self._taken: set[str] = set()
        self._serial = 0
        self._account_serial = 0
        self._namesakes: Iterator[str] = iter(names.NAMESAKES)
        self._foreigners: Iterator[tuple[str, str, str]] = iter(names.FOREIGNERS)

    def person(self, life: str) -> Customer:
        """Return a new natural person who leads *life*, with the accounts that go with it."""
        random = self._random
        who = self._identity(life)
        occupation = {"student": "student", "pensioner": "retired", "shop": "self_employed", "stall": "self_employed"}.get(life)
        occupation = occupation or random.choices(_WORK, _WORK_WEIGHTS)[0]
        income = "below_50k" if life in ("student", "pensioner") else random.choices(_INCOMES, (18, 44, 28, 8, 2))[0]
        customer = self._customer(
            life, "person", who.name, who.gender, who.birth_date, who.id_type, who.id_number, who.home, occupation, income
        )
        self._open(customer, "class_1", 200 if life == "student" else 2000)
        if life == "lively":
            self._open(customer, "class_2", 400)
        if life in ("lively", "quiet") and random.random() < 0.12:
            self._open(customer, "class_2", 300)
        if life == "quiet" and random.random() < 0.06:
            self._open(customer, "class_1", 900, random.choice(_FOREIGN_CURRENCIES))
        if life in ("lively", "student") and random.random() < 0.1:
            self._open(customer, "class_3", 200)
        if life == "idle" and random.random() < 0.5:
            customer.main.status = "dormant"
        return customer

    def organisation(self, life: str) -> Customer:
        """Return a new firm that leads *life*, with its basic account."""
        random = self._random
        code, place = random.choice(names.REGIONS)
        name = f"{random.choice(names.FIRM_CITIES)}{self._unique_firm_word()}{random.choice(names.FIRM_TRADES)}有限公司"
        number = self._unique(lambda: credit_code(code, random.randrange(10_000_000, 99_999_999)))
        customer = self._customer(life, "organisation", name, "", None, "credit_code", number, place, "", "")
        self._open(customer, "basic", 3000)
        if life == "large_firm" or random.random() < 0.2:
            self._open(customer, "general", 1500)
        if random.random() < 0.1:
            self._open(customer, random.choice(("special", "temporary")), 700)
        return customer

    def open_extra(self, customer: Customer, kind: str, currency: str = "CNY") -> Account:
        """Open one more account for *customer* and return it."""
        return self._open(customer, kind, 600, currency)

    def _identity(self, life: str) -> _Identity:
        random = self._random
        if life == "quiet" and (foreigner := next(self._foreigners, None)):
            name, gender, id_type = foreigner
            return _Identity(name, gender, self._birth(25, 60), id_type, self._foreign_number(id_type), random.choice(names.REGIONS)[1])
        home = random.choice(names.REGIONS)[1]
        birthplaces: tuple[str, ...] = names.BIRTHPLACES
        given = next(self._namesakes, None) if life in ("lively", "quiet") else None
        if given:
            name, gender = given, "female" if given in names.NAMESAKE_WOMEN else "male"
        else:
            gender = random.choice(("male", "female"))
            if minority := random.random() < 0.04:
                birthplaces = names.MINORITY_BIRTHPLACES
                if random.random() < 0.5:
                    home = random.choice(names.MINORITY_REGIONS)
            name = self._name(gender, minority=minority)
        born = self._birth(*{"student": (18, 23), "pensioner": (60, 86)}.get(life, (24, 59)))
        number = self._unique(lambda: resident_id(random.choice(birthplaces), born, random.randrange(1, 499) * 2 + (gender == "male")))
        return _Identity(name, gender, born, "resident_card", number, home)

    def _customer(
        self, life: str, kind: str, name: str, gender: str, born: date | None, id_type: str, id_number: str, region: str,
        occupation: str, income: str,
    ) -> Customer:  # fmt: skip
        random = self._random
        self._serial += 1
        branch = self._branches[self._serial % len(self._branches)]
        firm = kind == "organisation"
        mobile = self._unique(lambda: random.choice(_MOBILE_PREFIXES) + f"{random.randrange(10**8):08d}")
        street = f"{random.choice(names.STREETS)}{random.randrange(1, 400)}号"
        door = f"{random.randrange(1, 5)}单元{random.randrange(1, 30)}0{random.randrange(1, 5)}室"
        home = f"{random.randrange(2, 29)}层" if firm else f"{random.choice(names.ESTATES)}{random.randrange(1, 30)}栋{door}"
        return Customer(
            core_number=f"6217{10_000 + self._serial:08d}", kind="organisation" if firm else "person", name=name, gender=gender,
            birth_date=born, id_type=id_type, id_number=id_number, mobile=mobile, email=f"c{self._serial:06d}@mail.example",
            region=region, address=street + home, occupation=occupation, income_band=income, branch=branch,
            manager=random.choice(self._managers[branch] or [""]), segment="corporate" if firm else _SEGMENTS.get(life, "retail"),
            aml_risk_level=random.choices((1, 2, 3, 4, 5), (70, 18, 8, 3, 1))[0],
            risk_tolerance=random.choices(("C1", "C2", "C3", "C4", "C5", ""), (18, 30, 28, 12, 4, 8))[0],
            lifecycle_stage="churned" if life.startswith("idle") else random.choices(("acquired", "active", "retained"), (15, 60, 25))[0],
            credit_record=random.choices(("good", "none", "overdue", "bad"), (70, 24, 5, 1))[0], life=life,
            labels=(_LABELS[self._serial % 199],) if self._serial % 199 in _LABELS and not firm and life != "plot" else (),
        )  # fmt: skip

    def _open(self, customer: Customer, kind: str, days: int, currency: str = "CNY") -> Account:
        """Open an account between 121 days and *days* more before the world's end, so that none opens within it."""
        self._account_serial += 1
        opened = self._last_day - timedelta(days=121 + self._random.randrange(days))
        number = luhn(f"6299{customer.branch}{self._account_serial:08d}")
        account = Account(number, customer.core_number, customer.name, kind, currency, customer.branch, opened)
        customer.accounts.append(account)
        return account

    def _birth(self, youngest: int, oldest: int) -> date:
        days = self._random.randrange(youngest * 366, oldest * 365)
        return self._last_day - timedelta(days=days)

    def _name(self, gender: str, *, minority: bool) -> str:
        random = self._random
        if minority:
            return random.choice(names.MINORITY_FEMALE if gender == "female" else names.MINORITY_MALE)
        given = names.FEMALE_GIVEN if gender == "female" else names.MALE_GIVEN
        # The commonest surnames cover most people: the smaller of two draws leans to the front of the list.
        place = min(random.randrange(len(names.SURNAMES)), random.randrange(len(names.SURNAMES)))
        return names.SURNAMES[place] + random.choice(given)

    def _unique_firm_word(self) -> str:
        random = self._random
        return random.choice(names.FIRM_WORDS) + random.choice(("", "", *names.FIRM_WORDS))

    def _foreign_number(self, id_type: str) -> str:
        digits = f"{self._random.randrange(10**8):08d}"
        return {"passport": f"E{digits}", "hk_macao_permit": f"H{digits}", "taiwan_permit": digits}.get(id_type, f"USA31{digits}01")

    def _unique(self, make: Callable[[], str]) -> str:
        value = make()
        while value in self._taken:
            value = make()
        self._taken.add(value)
        return value


def make_customers(random: Random, staff: list[Person], last_day: date, scale: int = 1) -> tuple[Registry, list[Customer]]:
    """Return the registry and the customers of a bank of *scale* times 2,000, in a mixed order that depends on the seed only."""
    registry = Registry(random, staff, last_day)
    wanted = [life for life, count in PERSON_LIVES for _ in range(count * scale)]
    wanted += [life for life, count in FIRM_LIVES for _ in range(count * scale)]
    random.shuffle(wanted)
    firms = {life for life, _ in FIRM_LIVES}
    return registry, [registry.organisation(life) if life in firms else registry.person(life) for life in wanted]
