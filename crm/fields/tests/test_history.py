"""Row history: every version, whoever writes and however; sealed columns open; nobody but the trigger writes; the engine is not touched.

Requirements: R259.
"""

import ast
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pghistory
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.fields.errors import SealBroken
from crm.fields.history import SUFFIX, CurrentTransactionId, Version, acts_behind, as_of, baseline, histories, history_of
from crm.fields.sealed import sealed_fields
from crm.log import services as log
from crm.log.actions import ActionKind, declare
from crm.staff.models import Role, RoleAssignment, RolePermission, User
from crm.tests.house import name_of, sources, tree
from crm.tests.personas import Bank
from customers.models import Customer, CustomerGrant, PortfolioGrant
from products.models import Account
from risk.models import Rule, RuleSet, RuleVersion

pytestmark = pytest.mark.django_db

declare({"history.tested": ActionKind("Tested", "operations")})


def labels(row: Any) -> list[str]:
    return [version.pgh_label for version in history_of(row)]


def test_what_keeps_a_history() -> None:
    """The records, the role table, the grants and the rules (docs/adr/0044)."""
    assert set(histories()) == {
        Customer,
        CustomerGrant,
        PortfolioGrant,
        Account,
        Role,
        RolePermission,
        RoleAssignment,
        Rule,
        RuleVersion,
        RuleSet,
    }


def test_a_model_without_history_says_so(sun_yue: User) -> None:
    with pytest.raises(LookupError, match="tracked"):
        history_of(sun_yue)


def test_insert_update_and_delete_are_versions(zhang_wei: Customer) -> None:
    """An update through save, update() and bare SQL; one that changes nothing is none."""
    assert labels(zhang_wei) == ["insert"]
    zhang_wei.occupation = "farming"
    zhang_wei.save()
    Customer.objects.filter(pk=zhang_wei.pk).update(income_band="50k_120k")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET segment = 'private' WHERE id = %s", [zhang_wei.pk])
    Customer.objects.filter(pk=zhang_wei.pk).update(segment="private")
    versions = list(history_of(zhang_wei))
    assert [version.pgh_label for version in versions] == ["insert", "update", "update", "update"]
    assert [version.segment for version in versions][-2:] == ["retail", "private"]
    assert versions[1].occupation == "farming"


def test_a_deleted_row_leaves_its_last_state(zhou_min: User) -> None:
    row = RoleAssignment.objects.get(user=zhou_min)
    assert labels(row) == ["insert"]
    key = row.pk
    row.delete()
    row.pk = key
    assert labels(row) == ["insert", "delete"]


def test_as_of_shows_what_stood_at_a_moment(zhang_wei: Customer, bank: Bank) -> None:
    moments: list[datetime] = [timezone.now()]
    for segment in ("private", "merchant"):
        Customer.objects.filter(pk=zhang_wei.pk).update(segment=segment)
        moments.append(timezone.now())
    assert [as_of(Customer, moment).get(pgh_obj=zhang_wei.pk).segment for moment in moments] == ["retail", "private", "merchant"]
    role = Role.objects.create(code="short-lived")
    there = timezone.now()
    RolePermission.objects.create(role=role, permission="customers.view_customer", reach="all")
    role.permissions.all().delete()
    key = role.pk
    role.delete()
    assert as_of(Role, there).filter(pgh_obj=key).exists()
    assert not as_of(Role, timezone.now()).filter(pgh_obj=key).exists()
    assert not as_of(Role, moments[0]).filter(pgh_obj=key).exists()


def test_the_role_table_of_the_first_day_is_there() -> None:
    """Stock roles are loaded after the migrations: each has its first version."""
    now = as_of(RolePermission, timezone.now())
    assert now.count() == RolePermission.objects.count() > 0


def test_sealed_columns_are_kept_as_ciphertext_and_open(zhang_wei: Customer) -> None:
    """The seal is bound to the seal id, which every version carries; a value of another customer still does not open."""
    former = zhang_wei.mobile.open()
    zhang_wei.mobile = "13911112222"
    zhang_wei.save()
    first, last = history_of(zhang_wei)
    assert (first.mobile.open(), last.mobile.open()) == (former, "13911112222")
    assert first.id_number.open() == zhang_wei.id_number.open()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(h::text, '') FROM customers_customerhistory h")
        (dump,) = cursor.fetchone()
    assert former not in dump
    assert "13911112222" not in dump
    first.seal_id = type(first.seal_id)(int=1)
    with pytest.raises(SealBroken):
        first.mobile.open()


def test_every_sealed_column_of_a_tracked_model_is_sealed_in_its_history() -> None:
    for model, history in histories().items():
        assert {field.label for field in sealed_fields(history)} == {field.label for field in sealed_fields(model)}


def test_who_and_why_stand_in_the_log(zhang_wei: Customer) -> None:
    with transaction.atomic():
        Customer.objects.filter(pk=zhang_wei.pk).update(segment="private")
        log.record(actor=SYSTEM, action="history.tested", target=zhang_wei, reason="asked for")
    lines = acts_behind(history_of(zhang_wei).last())
    assert "asked for" in {line.reason for line in lines}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE customers_customerhistory SET segment = 'private'",
        "DELETE FROM customers_customerhistory",
        "INSERT INTO customers_customermove (pgh_created_at, pgh_label) VALUES (now(), 'x')",
        "TRUNCATE staff_rolepermissionhistory",
        "ALTER TABLE customers_customer DISABLE TRIGGER ALL",
    ],
)
def test_the_role_app_reads_history_and_no_more(zhang_wei: Customer, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_no_setting_of_the_session_switches_it_off(zhang_wei: Customer) -> None:
    """Stock functions of pgtrigger obey `pgtrigger.ignore`; ours do not ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(tgname) FROM pg_trigger WHERE tgrelid = 'customers_customer'::regclass AND NOT tgisinternal")
        (names,) = cursor.fetchone()
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + ",".join(names) + "}"])
        cursor.execute("UPDATE customers_customer SET segment = 'private' WHERE id = %s", [zhang_wei.pk])
    assert labels(zhang_wei) == ["insert", "update"]


def test_nothing_is_put_before_our_statements() -> None:
    """A context of pghistory prepends a statement to each of ours, the engine's prepared ones too: nobody opens one."""
    assert not [name for name in settings.MIDDLEWARE if "pghistory" in name]
    assert all("pgh_context" not in {field.name for field in history._meta.fields} for history in histories().values())
    users = {name_of(path) for path in sources(outside=True) if "pghistory" in path.read_text()}
    assert users <= {"crm/settings.py", "crm/fields/history.py"}
    assert not any(
        isinstance(node, ast.Attribute) and node.attr == "context" and isinstance(node.value, ast.Name) and node.value.id == "pghistory"
        for path in sources()
        for node in ast.walk(tree(path))
    )
    wrappers = [str(wrapper) for wrapper in connection.execute_wrappers]
    assert not [wrapper for wrapper in wrappers if "pghistory" in wrapper]


CHANGES = {"CustomerMove", "CustomerFormer", "AccountFormer", "UserFormer"}


def test_histories_are_built_alike() -> None:
    """No unique column, no index but the row's: a version costs one narrow index entry."""
    for history in [*histories().values(), *[m for m in pghistory.core.event_models() if m.__name__ in CHANGES]]:
        assert issubclass(history, Version)
        assert history.__name__.endswith(SUFFIX) or history.__name__ in CHANGES
        assert [field.name for field in history._meta.fields if (field.unique or field.db_index) and not field.primary_key] == []
        assert [index.fields for index in history._meta.indexes] == [["pgh_obj", "pgh_id"]]
    assert CurrentTransactionId().output_field.get_internal_type() == "BigIntegerField"


@pytest.mark.django_db(transaction=True)
def test_what_is_there_is_the_baseline(zhang_wei: Customer, superuser: psycopg.Connection) -> None:
    """The migration's step writes the rows that are there once, sealed values included."""
    superuser.execute("DELETE FROM customers_customerhistory")
    editor: Any = SimpleNamespace(connection=connection, execute=superuser.execute)
    baseline("customers", "Customer").code(cast(Any, apps), editor)
    superuser.commit()
    (version,) = history_of(zhang_wei)
    assert version.pgh_label == "baseline"
    assert version.mobile.open() == zhang_wei.mobile.open()
    assert as_of(Customer, timezone.now()).get(pgh_obj=zhang_wei.pk).name == zhang_wei.name
