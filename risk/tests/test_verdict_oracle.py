"""Whole verdicts on drawn worlds by drawn rules, by both plans, against an independent computation in plain Python.

The default run draws the same hundred worlds each time. `make test-all` draws 2,000 others, or CRM_ORACLE_WORLDS of them, from a seed
that it prints; CRM_ORACLE_SEED repeats a run, and with CRM_ORACLE_SHRINK=1 a failing world is made as small as can be, which takes minutes.
"""

import os
import secrets
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from crm.operations.pytest_plugin import RUN
from crm.operations.servers.postgres import APP
from products.models import Account
from risk.tests.drawn_rules import programs
from risk.tests.drawn_worlds import Drawn, drawn_worlds
from risk.tests.exactness import compare
from risk.tests.verdict_oracle import RuleData
from transactions.models import Source

pytestmark = pytest.mark.django_db

WORLDS = int(os.environ.get("CRM_ORACLE_WORLDS") or 2_000)
SEED = int(os.environ.get("CRM_ORACLE_SEED") or secrets.randbits(32))
SHRINK = [] if os.environ.get("CRM_ORACLE_SHRINK") else [Phase.shrink, Phase.explain]
PHASES = [phase for phase in Phase if phase not in SHRINK]
HISTORY = ("customers_customerformer", "products_accountformer")
Bank = tuple[list[Source], list[Account]]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Drawn, list[RuleData], frozenset[str]]:
    """A world, the rules that judge it, and now and then one that failed."""
    world = draw(drawn_worlds())
    rules = draw(programs(world.step))
    failing = frozenset({rules[0].code}) if draw(st.integers(0, 9)) == 9 else frozenset[str]()
    return world, rules, failing


@pytest.fixture
def writable_history(django_db_setup: None) -> Iterator[None]:
    """What customers were is written by triggers alone; worlds write it at moments of their own choice."""
    with RUN.postgres.connect(RUN.database) as owner:
        owner.autocommit = True
        for table in HISTORY:
            owner.execute(f"GRANT INSERT ON {table} TO {APP}")
        yield
        for table in HISTORY:
            owner.execute(f"REVOKE INSERT ON {table} FROM {APP}")


@pytest.fixture
def drawn_bank(
    writable_history: None,
    core: Source,
    mobile: Source,
    salary_account: Account,
    spare_account: Account,
    shanghai_account: Account,
    company_account: Account,
) -> Bank:
    return [mobile, core], [salary_account, spare_account, shanghai_account, company_account]


def _check(case: tuple[Drawn, list[RuleData], frozenset[str]], bank: Bank, tally: Counter[str]) -> None:
    wrong, compared = compare(*case, *bank)
    tally.update(compared)
    assert not wrong, "\n".join(wrong[:5])


def test_a_hundred_worlds(drawn_bank: Bank) -> None:
    tally: Counter[str] = Counter()

    @settings(max_examples=100, derandomize=True, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
    @given(case=cases())
    def check(case: tuple[Drawn, list[RuleData], frozenset[str]]) -> None:
        _check(case, drawn_bank, tally)

    check()
    assert tally["worlds"] >= 100
    assert min(tally["verdicts by frames"], tally["verdicts by one"], tally["lists of evidence"]) > 50


@pytest.mark.slow
def test_two_thousand_worlds(drawn_bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()

    @seed(SEED)
    @settings(max_examples=WORLDS, deadline=None, phases=PHASES, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases())
    def check(case: tuple[Drawn, list[RuleData], frozenset[str]]) -> None:
        _check(case, drawn_bank, tally)

    try:
        check()
    finally:
        with capsys.disabled():
            counts = ", ".join(f"{count:,} {what}" for what, count in tally.items())
            print(f"\nOracle, CRM_ORACLE_SEED={SEED}: {counts}")
    assert tally["worlds"] >= WORLDS
