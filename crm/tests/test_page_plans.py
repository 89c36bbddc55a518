"""How the database reads the lists that are opened most, in a bank of some size: in their order by an index, never all of it to sort it.

The bank is made by statements, past the triggers, and the planner's statistics with it; nothing is measured. What a list would cost
without its indexes is shown once, so that the test is known to see it.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from benchmarks.small_bank import CLONE, ROWS
from crm.access.actor import SYSTEM
from crm.lists import keyset
from crm.lists.requests import Asked
from crm.log import services as log
from crm.operations.pytest_plugin import RUN
from crm.tests.personas import Bank, as_actor
from customers.models import Customer, CustomerGrant, PortfolioGrant
from customers.views.lists import CustomerList
from products.models import Account
from risk.models import Rule
from risk.views.lists import AlertList
from transactions.models import Source
from transactions.views.lists import TransactionList

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMERS, TRANSACTIONS, ALERTS = 20_000, 30_000, 6_000
FEW = 1_000
"""Rows that may be sorted for one page: those of one relationship manager, not of a branch."""
SPREAD = """
UPDATE customers_customer SET opening_branch_id = CASE WHEN id %% 4 = 0 THEN %s ELSE %s END, aml_risk_level = 1 + id %% 5,
  manager_id = CASE WHEN id < 1201 THEN %s WHEN id < 1401 THEN %s ELSE %s END, name_pinyin = md5(id::text),
  name_compact = md5(id::text) WHERE id > 1000"""
RAISED = """
INSERT INTO risk_alert (reference, state, band, priority, amount_at_risk, hits, first_hit_at, last_hit_at, created_at, due_at, supported,
  disposition, dismissal_reason, version, customer_id, rule_id)
SELECT 'W-' || g, CASE WHEN g %% 5 = 0 THEN 'open' ELSE 'dismissed' END, 'mid', g %% 100, 1, 1, now(), now(), now(), now(), true, '', '', 1,
  1000 + g * 3, %s FROM generate_series(1, %s) g"""
TABLES = ("customers_customer", "products_account", "transactions_transaction", "risk_alert", "staff_branch", "staff_user")


@pytest.fixture
def big_bank(bank: Bank, zhang_wei: Customer, salary_account: Account, core: Source) -> Bank:
    """Twenty thousand customers, a quarter of them in Beijing, 200 of them Sun Yue's, 200 a colleague's."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("SET session_replication_role = replica")
        for table, row, letter, more in (
            ("customers_customer", zhang_wei, "C", "'core_number', 'N' || g"),
            ("products_account", salary_account, "A", "'customer_id', 1000 + g, 'number_index', md5(g::text)"),
        ):
            session.execute(CLONE.format(table=table, template=row.pk, count=CUSTOMERS, letter=letter, more=more))
        people, branches = bank.people, bank.branches
        session.execute(SPREAD, (branches["110001"].pk, branches["310001"].pk, people["80001"].pk, people["80003"].pk, people["80002"].pk))
        when = "844000000000000 - (random() * 180 * 86400e6)::bigint"
        account = f"1001 + (hashint8(g::bigint * 7919) & 1073741823) % {CUSTOMERS}"
        session.execute(ROWS.format(mark="'H'", screening="'exempt'", count=TRANSACTIONS, when=when, account=account))
        session.execute(RAISED, (Rule.objects.order_by("pk")[0].pk, ALERTS))
        session.execute(f"ANALYZE {', '.join(TABLES)}")
    return bank


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def faults(plan: dict[str, Any], table: str) -> list[str]:
    """What a plan does that a list must not: read the whole table, or sort many rows."""
    found = []
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] == table:
            found.append(f"reads all of {table}")
        if node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > FEW:
            found.append(f"sorts {node['Plans'][0]['Plan Rows']:.0f} rows by {node['Sort Key']}")
    return found


def plan_of(rows: Any) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(rows.explain(format="json"))[0]["Plan"]
    return plan


LISTS = (
    (CustomerList, "customers:customer_list", ""),
    (CustomerList, "customers:customer_list", "sort=-aml_risk_level"),
    (CustomerList, "customers:customer_list", "sort=core_number"),
    (TransactionList, "transactions:transaction_list", ""),
    (TransactionList, "transactions:transaction_list", "direction=C"),
    (AlertList, "risk:alert_list", ""),
)


def test_lists_are_read_in_their_order_and_searches_by_their_indexes(big_bank: Bank) -> None:
    """One bank for all four: it takes longer to make than to ask."""
    _the_manager_of_a_quarter_of_the_bank(big_bank)
    _the_manager_of_few_customers(big_bank)
    _standing_in_for_a_colleague(big_bank)
    _words()
    _a_list_that_is_read_whole_is_seen(big_bank)


def _the_manager_of_a_quarter_of_the_bank(bank: Bank) -> None:
    """First page, the pages around one from the middle, and the last one."""
    actor = as_actor(bank.people["81001"])
    for definition, name, query in LISTS:
        asked = Asked(definition(), actor, QueryDict(query), reverse(name))
        middle = keyset.values_of(keyset.ordered(asked.rows, asked.keys)[500], asked.keys)
        assert asked.rows.count() > FEW
        for place, backwards in ((None, False), (middle, False), (middle, True), (None, True)):
            wanted = asked.rows if place is None else keyset.after(asked.rows, asked.keys, place, backwards)
            page = keyset.whole(keyset.ordered(wanted, asked.keys, backwards)[:51])
            assert faults(plan_of(page), asked.rows.model._meta.db_table) == [], (name, query, place, backwards)


def _the_manager_of_few_customers(bank: Bank) -> None:
    actor = as_actor(bank.people["80001"])
    for definition, name, query in LISTS[:4]:
        asked = Asked(definition(), actor, QueryDict(query), reverse(name))
        page = keyset.whole(keyset.ordered(asked.rows, asked.keys)[:51])
        assert faults(plan_of(page), asked.rows.model._meta.db_table) == [], (name, query)


def _standing_in_for_a_colleague(bank: Bank) -> None:
    """The portfolio of a colleague is read by the same indexes as one's own (ADR 0110)."""
    now = timezone.now()
    own = Customer.objects.visible_to(bank.people["80001"]).count()
    told = {"valid_from": now, "valid_until": now + timedelta(days=1), "reason": "休假"}
    with transaction.atomic():
        grant = PortfolioGrant.objects.create(user=bank.people["80001"], manager=bank.people["80003"], **told)
        log.record(actor=SYSTEM, action="portfolio.stand_in_given", target=grant.manager)
    assert Customer.objects.visible_to(bank.people["80001"]).count() == own + 200
    _the_manager_of_few_customers(bank)


def _words() -> None:
    for word in ("张三丰", "angwe", "N1234", "qx"):
        assert faults(plan_of(Customer.objects.matching(word).values("pk")), "customers_customer") == [], word


def _a_list_that_is_read_whole_is_seen(bank: Bank) -> None:
    """Branches by their path, or'd with a subquery of grants, in an order without an index."""
    granted = CustomerGrant.objects.filter(user_id=bank.people["81001"].pk).values("content_object_id")
    rows = Customer.objects.filter(Q(opening_branch__path__startswith="000/110/") | Q(pk__in=granted))
    assert any("sorts" in fault for fault in faults(plan_of(rows.order_by("region", "pk")[:51]), "customers_customer"))
