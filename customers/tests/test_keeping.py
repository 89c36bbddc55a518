"""Legal holds, placed by one and lifted by two; the end of a person's data, decided by two, refused while anything must be kept.

Requirements: R269, R270, R293.
"""

import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from django.urls import reverse

from crm.access.errors import Refused
from crm.approvals.models import ChangeRequest
from crm.approvals.services import OwnRequest, decide
from crm.fields import cipher, erasure, keyring
from crm.fields.errors import KeyDestroyed, KeysUnusable
from crm.fields.history import history_of
from crm.fields.models import DataKey
from crm.fields.services import AlreadyDestroyed
from crm.log.models import Event
from crm.operations.checks import FLOORS, nothing_is_kept_too_short
from crm.operations.pytest_plugin import RUN
from crm.operations.servers.postgres import SUPERUSER
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer, LegalHold
from customers.services import keeping
from products.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def prospect(chen_jing: Customer) -> Customer:
    """Somebody without accounts, so that nothing has to be kept."""
    assert not Account.objects.filter(customer=chen_jing).exists()
    return chen_jing


def approve(who: User, request: ChangeRequest) -> ChangeRequest:
    request.refresh_from_db()
    return decide(actor=as_actor(who), request=request, approve=True, reason="looked at", shown_hash=request.shown_hash)


def hold(who: User, customer: Customer, account: str = "") -> LegalHold:
    return keeping.place_hold(
        actor=as_actor(who), customer=customer, authority="人民法院", document="(2026)沪01执88号", reason="preservation", account=account
    )


def erased(bank: Bank, customer: Customer) -> ChangeRequest:
    asked = keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=customer, reason="asked for it")
    return approve(bank.people["82002"], asked)


def test_erasing_closes_every_sealed_value_and_empties_the_rest(bank: Bank, prospect: Customer) -> None:
    """R293: record, versions and search; two people, their lines in the log."""
    name, mobile = prospect.name, prospect.mobile.open()
    assert erased(bank, prospect).state == "applied"
    gone = Customer.objects.get(pk=prospect.pk)
    for field in (gone.id_number, gone.mobile):
        with pytest.raises(KeyDestroyed):
            field.open()
    assert (gone.name, gone.birth_date, gone.mobile_last4, gone.id_number_index) == ("*", None, "", None)
    for version in history_of(gone):
        assert (version.name, version.mobile_last4) == ("*", "")
        with pytest.raises(KeyDestroyed):
            version.mobile.open()
    assert set(Event.objects.filter(customer=gone.reference).values_list("action", flat=True)) >= {"customer.erased", "data_key.destroyed"}
    assert Event.objects.get(action="customer.erased").approver == "82002"
    page = browser(bank.people["81001"]).get(reverse("customers:customer", args=[gone.reference])).content.decode()
    assert name not in page
    assert mobile[-4:] not in page
    with pytest.raises(AlreadyDestroyed):
        keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=gone, reason="again")


@pytest.mark.parametrize("case", ["hold", "account", "closed account"])
def test_what_must_be_kept_is_not_erased(bank: Bank, case: str, prospect: Customer, salary_account: Account) -> None:
    """The one who asks reads one sentence, whatever stands against it."""
    customer = prospect if case == "hold" else salary_account.customer
    if case == "hold":
        hold(bank.people["82001"], customer)
    elif case == "closed account":
        Account.objects.filter(customer=customer).update(closed_at="2024-02-01", status="closed")
    with pytest.raises(erasure.MustBeKept) as refusal:
        keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=customer, reason="asked for it")
    assert "hold" not in str(refusal.value)
    assert "account" not in str(refusal.value)
    assert customer.mobile.open()


def test_a_hold_placed_after_the_question_still_stands_against_it(bank: Bank, prospect: Customer) -> None:
    asked = keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=prospect, reason="asked for it")
    hold(bank.people["82001"], prospect)
    with pytest.raises(erasure.MustBeKept):
        approve(bank.people["82002"], asked)
    assert Customer.objects.get(pk=prospect.pk).mobile.open()


def test_nobody_erases_alone(bank: Bank, prospect: Customer) -> None:
    asked = keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=prospect, reason="asked for it")
    with pytest.raises(Refused):
        approve(bank.people["81001"], asked)
    with pytest.raises(Refused):
        keeping.ask_erasure(actor=as_actor(bank.people["80001"]), customer=prospect, reason="not hers to ask")


def test_a_hold_is_lifted_by_two_neither_of_whom_placed_it_alone(bank: Bank, prospect: Customer) -> None:
    placed = hold(bank.people["82001"], prospect)
    assert keeping.is_held(prospect)
    asked = keeping.ask_lift_hold(actor=as_actor(bank.people["82001"]), hold=placed, reason="order withdrawn")
    assert keeping.is_held(prospect)
    with pytest.raises((OwnRequest, Refused)):
        approve(bank.people["82001"], asked)
    approve(bank.people["82002"], asked)
    assert not keeping.is_held(prospect)
    assert erased(bank, prospect).state == "applied"


def test_an_account_can_be_held_alone(bank: Bank, salary_account: Account, prospect: Customer) -> None:
    customer = salary_account.customer
    hold(bank.people["82001"], customer, salary_account.reference)
    assert keeping.is_held(customer, salary_account.reference)
    assert not keeping.is_held(customer, "A-22222222")
    with pytest.raises(keeping.UnknownAccount):
        hold(bank.people["82001"], prospect, salary_account.reference)


def test_the_pages(bank: Bank, prospect: Customer) -> None:
    """Place, ask to lift, ask to erase, by form; who holds the wrong role gets 403, who is out of scope 404."""
    officer, manager = browser(bank.people["82001"]), browser(bank.people["81001"])
    holds = reverse("customers:customer_holds", args=[prospect.reference])
    typed = {"authority": "公安机关", "document": "沪公(2026)7号", "reason": "investigation", "account": ""}
    assert officer.post(holds, typed).status_code == 302
    placed = LegalHold.objects.get()
    assert placed.reference in officer.get(holds).content.decode()
    assert officer.post(reverse("customers:hold_lift", args=[placed.reference]), {"reason": "withdrawn"}).status_code == 302
    erase = reverse("customers:customer_erase", args=[prospect.reference])
    page = manager.post(erase, {"reason": "asked for it"})
    assert (page.status_code, "must be kept" in page.content.decode()) == (200, True)
    assert manager.get(holds).status_code == 403
    assert browser(bank.people["81002"]).get(erase).status_code == 404


def test_versions_of_the_living_stay(prospect: Customer) -> None:
    """The function that empties versions does it for nobody whose data key is there."""
    with pytest.raises(DatabaseError, match="has not been erased"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT customers_forget_versions(%s)", [prospect.pk])


@pytest.mark.parametrize("name", FLOORS)
def test_no_setting_keeps_for_too_short(name: str) -> None:
    """R311, R312: the floors hold in every environment, and the refusal says the least that is allowed."""
    floor, _unit = FLOORS[name]
    with override_settings(**{name: floor}):
        assert list(nothing_is_kept_too_short()) == []
    with override_settings(**{name: floor - 1}):
        [problem] = nothing_is_kept_too_short()
    assert str(floor) in str(problem.hint)


def open_in_dump(server: str, rows: str, customer: Customer) -> str:
    """Restore the rows of the dump into an empty schema beside, and open the mobile with the keys of now."""
    with psycopg.connect(server) as session:
        session.execute("CREATE SCHEMA older")
        for table in ("fields_datakey", "customers_customer"):
            session.execute(f"CREATE TABLE older.{table} (LIKE public.{table})")
        for line in rows.splitlines():
            if line.startswith("INSERT INTO public."):
                session.execute(line.replace("INSERT INTO public.", "INSERT INTO older.", 1))
        row = session.execute(
            "SELECT k.root_version, k.wrapped, c.mobile, c.seal_id FROM older.customers_customer c"
            " JOIN older.fields_datakey k ON k.id = c.data_key_id WHERE c.id = %s",
            [customer.pk],
        ).fetchone()
        assert row is not None
        session.rollback()
    version, wrapped, mobile, seal_id = row
    aead = AESGCM(cipher.unwrap(keyring.root_key(version), version, wrapped))
    return cipher.decrypt(aead, "customers.customer.mobile", seal_id, mobile)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_older_dump_is_closed_once_the_root_version_is_retired(
    bank: Bank, prospect: Customer, li_na: Customer, tmp_path: Path, settings: Any
) -> None:
    """R270: dumped, erased, restored elsewhere: opens until the version that wrapped the key there is retired, and never after."""
    keys = tmp_path / "keys.json"
    keys.write_bytes(settings.KEYS_FILE.read_bytes())
    keys.chmod(0o600)
    settings.KEYS_FILE = keys
    binary, server = RUN.postgres._binary("pg_dump"), RUN.postgres.url(SUPERUSER, RUN.database)
    tables = ["-t", "fields_datakey", "-t", "customers_customer"]
    dumped = subprocess.run(
        [str(binary), "--inserts", "--section=data", *tables, "--dbname", server], capture_output=True, check=True, text=True
    )
    erased(bank, prospect)

    assert open_in_dump(server, dumped.stdout, prospect).isdigit(), (
        "a dump from before holds what was erased since, while its root version lives"
    )
    call_command("rotate_keys", "--new-root")
    assert open_in_dump(server, dumped.stdout, prospect).isdigit()
    call_command("rotate_keys", "--retire", "1")
    with pytest.raises(KeysUnusable):
        open_in_dump(server, dumped.stdout, prospect)
    assert DataKey.objects.get(destroyed_at=None).root_version == 2
    keyring.forget()
    assert Customer.objects.get(pk=li_na.pk).mobile.open(), "everybody else opens as before"
