"""A sealed value is ciphertext at rest, a mask on pages, clear text only on request (R269, R281).

Requirements: R012, R270.
"""

import pickle
import uuid

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.fields import keyring
from crm.fields.blind import blind_index
from crm.fields.errors import SealBroken
from crm.fields.models import DataKey
from crm.fields.sealed import Sealed
from crm.fields.services import new_data_key, new_data_keys, seal_value
from crm.fields.tests.vault import Vault

ID = "11010519491231002X"
OTHER_ID = "440524188001010014"
MOBILE = "13812345678"
pytestmark = pytest.mark.usefixtures("vault")


def stored(row: Vault, column: str = "id_number") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM test_vault WHERE id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def make(**values: str) -> Vault:
    row: Vault = Vault.objects.create(data_key=new_data_key(), **{"id_number": ID, "mobile": MOBILE, **values})
    return row


def test_value_is_sealed_at_save_and_opens_on_its_record() -> None:
    """R269."""
    row = make()
    assert ID.encode() not in stored(row)
    again = Vault.objects.get(pk=row.pk)
    assert isinstance(again.id_number, Sealed)
    assert again.id_number.open() == ID
    assert str(again.id_number) == "110105********002X"
    assert f"{again.mobile}" == "138****5678"
    assert ID not in repr(again.id_number)


def test_saved_object_no_longer_holds_the_clear_text() -> None:
    row = make()
    assert ID.encode() not in pickle.dumps(row.__dict__["id_number"])


def test_index_and_last_four_are_filled() -> None:
    row = make()
    assert row.id_number_last4 == "002X"
    label = "tests.vault.id_number"
    assert Vault.objects.get(id_number_index=blind_index(label, " 11010519491231002x ")).pk == row.pk
    assert not Vault.objects.filter(id_number_index=blind_index(label, OTHER_ID)).exists()
    assert blind_index("tests.vault.mobile", ID) != blind_index(label, ID)


@pytest.mark.parametrize("spelling", ["138 1234 5678", "+86 138-1234-5678", "１３８１２３４５６７８", "8613812345678"])
def test_spellings_of_a_mobile_share_an_index(spelling: str) -> None:
    row = make()
    assert Vault.objects.get(mobile_index=blind_index("tests.vault.mobile", spelling)).pk == row.pk


def test_changing_the_value_takes_the_companions_along_even_with_update_fields() -> None:
    row = make()
    row.id_number = OTHER_ID
    row.save(update_fields=["id_number"])
    again = Vault.objects.get(pk=row.pk)
    assert again.id_number.open() == OTHER_ID
    assert again.id_number_last4 == "0014"
    assert bytes(again.id_number_index) == blind_index("tests.vault.id_number", OTHER_ID)


def test_emptying_a_value_empties_its_index() -> None:
    row = make()
    row.mobile = ""
    row.save(update_fields=["mobile"])
    again = Vault.objects.get(pk=row.pk)
    assert not again.mobile
    assert str(again.mobile) == ""
    assert again.mobile.open() == ""
    assert again.mobile_index is None


def test_saving_another_field_keeps_the_ciphertext() -> None:
    row = make()
    before = stored(row)
    again = Vault.objects.get(pk=row.pk)
    again.note = "called"
    again.save()
    assert stored(row) == before


def test_update_refuses_sealed_fields_and_their_companions() -> None:
    row = make()
    for values in (
        {"id_number": OTHER_ID},
        {"id_number": row.id_number},
        {"id_number": F("mobile")},
        {"id_number_index": b"0" * 16},
        {"id_number_last4": "0000"},
        {"mobile": None},
    ):
        with pytest.raises(FieldError):
            Vault.objects.filter(pk=row.pk).update(**values)
    assert Vault.objects.filter(pk=row.pk).update(note="x") == 1
    assert Vault.objects.get(pk=row.pk).id_number.open() == ID


def test_bulk_create_seals_and_fills() -> None:
    keys = new_data_keys(20)
    numbers = [f"62220210011162457{n:02d}" for n in range(20)]
    Vault.objects.bulk_create(
        Vault(data_key=key, reference=f"V-{n}", id_number=number) for n, (key, number) in enumerate(zip(keys, numbers, strict=True))
    )
    rows = list(Vault.objects.order_by("pk"))
    assert [row.id_number.open() for row in rows] == numbers
    assert [row.id_number_last4 for row in rows] == [number[-4:] for number in numbers]
    assert all(bytes(row.id_number_index) == blind_index("tests.vault.id_number", row.id_number.open()) for row in rows)


def test_bulk_update_takes_the_companions_along() -> None:
    rows = [make(), make()]
    for row in rows:
        row.id_number = OTHER_ID
        row.mobile = ""
    Vault.objects.bulk_update(rows, ["id_number", "mobile"])
    for row in Vault.objects.all():
        assert row.id_number.open() == OTHER_ID
        assert row.id_number_last4 == "0014"
        assert bytes(row.id_number_index) == blind_index("tests.vault.id_number", OTHER_ID)
        assert row.mobile_index is None
        assert not row.mobile


def test_lookups_on_a_sealed_field_are_refused() -> None:
    for lookup in ({"id_number": ID}, {"id_number__contains": "1101"}, {"id_number__in": [ID]}, {"id_number__lower": ID}):
        with pytest.raises(FieldError):
            list(Vault.objects.filter(**lookup))
    make(mobile="")
    assert Vault.objects.filter(mobile__isnull=True).count() == 1


def test_comparing_with_text_is_refused_not_false() -> None:
    row = make()
    with pytest.raises(TypeError):
        assert row.id_number == ID


def test_values_give_no_clear_text_and_do_not_open() -> None:
    make()
    (value,) = Vault.objects.values_list("id_number", flat=True)
    assert str(value) == "****"
    with pytest.raises(SealBroken):
        value.open()


def test_copying_a_value_to_another_record_seals_it_anew() -> None:
    first, second = make(), make(id_number=OTHER_ID)
    second.id_number = Vault.objects.get(pk=first.pk).id_number
    second.save()
    assert Vault.objects.get(pk=second.pk).id_number.open() == ID
    assert stored(first) != stored(second)


def test_refresh_and_deferred_loading() -> None:
    row = make()
    lazy = Vault.objects.only("reference").get(pk=row.pk)
    assert lazy.id_number.open() == ID
    row.refresh_from_db()
    assert row.id_number.open() == ID
    assert row.id_number_last4 == "002X"


def test_a_record_without_data_key_is_refused_in_words() -> None:
    with pytest.raises(SealBroken, match=r"data key|数据密钥"):
        Vault(id_number=ID).save()


def test_seal_value_writes_what_the_model_reads() -> None:
    key, seal_id = new_data_key(), uuid.uuid4()
    data = seal_value(key, "tests.vault.id_number", seal_id, ID)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO test_vault (seal_id, data_key_id, id_number, id_number_last4) VALUES (%s, %s, %s, '')",
            [seal_id, key.pk, data],
        )
    assert Vault.objects.get(seal_id=seal_id).id_number.open() == ID


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_whatever_is_sealed_is_opened(text: str) -> None:
    """Oracle: the text itself."""
    row = Vault(data_key=new_data_key(), id_number=text)
    row.save()
    assert Vault.objects.get(pk=row.pk).id_number.open() == text
    assert stored(row)[22:].find(text.encode()) == -1 or len(text) < 3


def test_masks_of_a_page_cost_one_query_for_all_keys(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for _number in range(5):
        make()
    keyring.cache.clear()
    with django_assert_num_queries(2):
        assert [str(row.id_number) for row in Vault.objects.all()] == ["110105********002X"] * 5
    keyring.cache.clear()
    with django_assert_num_queries(1):
        assert len([str(row.mobile) for row in Vault.objects.with_keys()]) == 5


def test_only_wrapped_keys_are_stored() -> None:
    """R269: the root key is never in the database."""
    key = DataKey.objects.get(pk=make().data_key_id)
    assert len(bytes(key.wrapped)) == 1 + 12 + 32 + 16
    assert keyring.root_keys().roots[key.root_version] not in bytes(key.wrapped)
