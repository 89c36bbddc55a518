"""A business write without a line in the log fails its transaction (the witness of crm/tests/witness.py)."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from crm.access.actor import SYSTEM
from crm.log import services as log
from crm.log.actions import ActionKind, declare
from crm.tests import witness
from crm.tests.witness import BUSINESS, UNWITNESSED, witnessed

declare({"house.tested": ActionKind("Tested", "operations")})


def _rename_branches() -> None:
    branch = apps.get_model("staff", "Branch")
    branch.objects.update(name="renamed")


@pytest.fixture
def branch(transactional_db: None) -> None:
    apps.get_model("staff", "Branch").objects.create(code="999", name="Test", level="head", path="999/")


def test_a_write_without_a_line_fails(branch: None) -> None:
    with witnessed(), pytest.raises(DatabaseError, match="without a line in the log"), transaction.atomic():
        _rename_branches()
    assert not apps.get_model("staff", "Branch").objects.filter(name="renamed").exists()


def test_a_write_with_a_line_passes(branch: None) -> None:
    with witnessed(), transaction.atomic():
        _rename_branches()
        log.record(actor=SYSTEM, action="house.tested")
    assert apps.get_model("staff", "Branch").objects.filter(name="renamed").exists()


def _as_a_service(act: Callable[[], None]) -> None:
    """Call as customers/services.py would: the frame's file name is what tells."""
    exec(compile("act()", str(witness.ROOT / "customers" / "services.py"), "exec"), {"act": act})


def test_services_are_watched_whoever_calls_them(branch: None) -> None:
    """A task or a command that calls a verb is watched as a request is; what a test arranges by itself is not."""
    _rename_branches()
    with pytest.raises(DatabaseError, match="without a line in the log"):
        _as_a_service(_rename_branches)


@pytest.mark.django_db
def test_each_verb_answers_for_itself() -> None:
    """In a test that is one transaction, the line of one verb does not cover for the next."""
    with transaction.atomic():
        log.record(actor=SYSTEM, action="house.tested")
    apps.get_model("staff", "Branch").objects.create(code="999", name="Test", level="head", path="999/")
    with pytest.raises(DatabaseError, match="without a line in the log"), transaction.atomic():
        _as_a_service(_rename_branches)
    assert not apps.get_model("staff", "Branch").objects.filter(name="renamed").exists()


def test_rooms_of_verbs() -> None:
    assert witness.is_verb(str(witness.ROOT / "risk" / "services" / "screening.py"))
    assert witness.is_verb(str(witness.ROOT / "reports" / "tasks.py"))
    assert not witness.is_verb(str(witness.ROOT / "customers" / "models.py"))
    assert not witness.is_verb(str(witness.ROOT / "risk" / "tests" / "services" / "x.py"))
    assert not witness.is_verb("/usr/lib/python3/services.py")


@pytest.mark.django_db
def test_every_business_table_has_its_witness() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'zz_witness'")
        watched = {str(row[0]) for row in cursor.fetchall()}
    business = {m._meta.db_table for m in apps.get_models(include_auto_created=True) if m._meta.app_label in BUSINESS and m._meta.managed}
    assert business - watched == set(UNWITNESSED)
