"""Holding customers and accounts for the length of a transaction: always customers first, always in primary-key order."""

from collections.abc import Collection, Iterable
from datetime import date

from django.db import transaction

from crm.database.prepared import run, run_for
from customers.models import Customer
from products.choices import STANDING, FreezeKind
from products.models import Account, Freeze

_CUSTOMERS = f"SELECT id FROM {Customer._meta.db_table} WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_ACCOUNTS = f"SELECT id, status, closed_at FROM {Account._meta.db_table} WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# Counting the customers first has them locked before the account is looked at; a lock that was waited for is read as it then stands.
_BOTH = f"""
WITH first AS MATERIALIZED (SELECT id FROM {Customer._meta.db_table} WHERE id = %(customer)s::bigint FOR NO KEY UPDATE)
SELECT a.id, a.status, a.closed_at FROM (SELECT count(*) FROM first) held CROSS JOIN {Account._meta.db_table} a
 WHERE a.id = %(account)s::bigint FOR NO KEY UPDATE OF a"""
_SHARING = f"""
SELECT DISTINCT customer_id FROM {Freeze._meta.db_table}
 WHERE account_id IS NULL AND kind = %(kind)s::text AND state = ANY(%(standing)s::text[]) AND customer_id = ANY(%(ids)s::bigint[])"""


def hold(customer_ids: Iterable[int], account_ids: Iterable[int]) -> dict[int, tuple[str, date | None]]:
    """Hold them until the end of the transaction; returns status and closing day of each account as they now stand.

    ``FOR UPDATE`` would deadlock with the foreign keys of rows being inserted, ``FOR NO KEY UPDATE`` does not. Plain SQL: thousands
    of rows are locked without building an object for each.
    """
    customers, accounts = sorted(set(customer_ids)), sorted(set(account_ids))
    if len(customers) == len(accounts) == 1:
        rows = run(_BOTH, {"customer": customers[0], "account": accounts[0]})
        return {pk: (status, closed_at) for pk, status, closed_at in rows}
    if customers:
        run_for(_CUSTOMERS, customers)
    if not accounts:
        return {}
    return {pk: (status, closed_at) for pk, status, closed_at in run_for(_ACCOUNTS, accounts)}


def hold_beside_judging(customer_ids: Collection[int], account_ids: Collection[int]) -> dict[int, tuple[str, date | None]]:
    """Hold the accounts alone, so that a file is loaded while its former rows, of the same customers, are judged; returns as `hold`.

    What must not happen meanwhile holds accounts too: freezes are placed and lifted, statuses changed and accounts closed under them.
    Judging holds customers. A row that it did not see is judged itself later, and whoever should have seen it owes again then. Only an
    amount frozen on a whole customer is shared by accounts: such customers are held as well.
    """
    shared = _sharing(customer_ids)
    while True:
        mark = transaction.savepoint()
        accounts = hold(shared, account_ids)
        since = _sharing(customer_ids) - shared
        if not since:
            transaction.savepoint_commit(mark)
            return accounts
        # Placed between the two looks. The accounts are let go first: whoever holds these customers by now may want them.
        transaction.savepoint_rollback(mark)
        shared |= since


def _sharing(customer_ids: Collection[int]) -> set[int]:
    standing = [state.value for state in STANDING]
    rows = run(_SHARING, {"ids": sorted(customer_ids), "kind": FreezeKind.AMOUNT.value, "standing": standing}, prepare=False)
    return {customer for (customer,) in rows}
