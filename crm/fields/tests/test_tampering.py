"""A stored value that is not its record's own is refused in words (issue 2, acceptance 7)."""

import pytest
from django.db import connection

from crm.fields.errors import KeyDestroyed, SealBroken
from crm.fields.services import new_data_key
from crm.fields.tests.vault import Vault

pytestmark = pytest.mark.usefixtures("vault")
ID, OTHER_ID = "11010519491231002X", "440524188001010014"


def pair(*, same_key: bool) -> tuple[Vault, Vault]:
    key = new_data_key()
    first = Vault.objects.create(data_key=key, id_number=ID, mobile="13812345678")
    second = Vault.objects.create(data_key=key if same_key else new_data_key(), id_number=OTHER_ID, mobile="13987654321")
    return first, second


def sql(statement: str, *values: bytes | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


SWAP = """UPDATE test_vault a SET id_number = b.id_number FROM test_vault b WHERE a.id <> b.id"""
SWAP_WITH_KEYS = """UPDATE test_vault a SET id_number = b.id_number, data_key_id = b.data_key_id
                      FROM test_vault b WHERE a.id <> b.id"""


@pytest.mark.parametrize("same_key", [True, False])
@pytest.mark.parametrize("statement", [SWAP, SWAP_WITH_KEYS])
def test_two_ciphertexts_swapped_by_sql_are_refused_in_words(same_key: bool, statement: str) -> None:
    first, second = pair(same_key=same_key)
    sql(statement)
    for row in Vault.objects.filter(pk__in=[first.pk, second.pk]):
        with pytest.raises(SealBroken) as caught:
            row.id_number.open()
        assert "tests.vault.id_number" in str(caught.value)
        assert len(str(caught.value)) > len("tests.vault.id_number") + 10
        # The page shows that something is wrong instead of somebody else's number.
        assert "****" not in str(row.id_number)
        if statement == SWAP:
            assert str(row.mobile).endswith(("5678", "4321"))


def test_a_value_moved_to_another_field_of_the_same_record_is_refused() -> None:
    first, _second = pair(same_key=True)
    sql("UPDATE test_vault SET mobile = id_number WHERE id = %s", first.pk)
    with pytest.raises(SealBroken):
        Vault.objects.get(pk=first.pk).mobile.open()


@pytest.mark.parametrize("position", [0, 1, 9, 12, 25, -1])
def test_a_changed_byte_is_refused(position: int) -> None:
    first, _second = pair(same_key=True)
    data = bytearray(bytes(first.id_number.data or b""))
    data[position] ^= 1
    sql("UPDATE test_vault SET id_number = %s WHERE id = %s", bytes(data), first.pk)
    with pytest.raises(SealBroken):
        Vault.objects.get(pk=first.pk).id_number.open()


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + b"0" * 60, b"plain text that somebody wrote by hand"])
def test_bytes_of_another_layout_are_refused(data: bytes) -> None:
    first, _second = pair(same_key=True)
    sql("UPDATE test_vault SET id_number = %s WHERE id = %s", data, first.pk)
    with pytest.raises(SealBroken):
        Vault.objects.get(pk=first.pk).id_number.open()


def test_a_destroyed_key_erases_the_value() -> None:
    from crm.fields import keyring

    first, _second = pair(same_key=False)
    sql("UPDATE fields_datakey SET wrapped = '', destroyed_at = now() WHERE id = %s", first.data_key_id)
    keyring.cache.clear()
    row = Vault.objects.get(pk=first.pk)
    with pytest.raises(KeyDestroyed):
        row.id_number.open()
    assert "1101" not in str(row.id_number)
