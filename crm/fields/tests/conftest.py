"""Fixtures for sealed fields."""

from collections.abc import Iterator

import pytest

from crm.fields import keyring
from crm.fields.tests.vault import create_table


@pytest.fixture
def vault(db: None) -> Iterator[None]:
    """The table `test_vault` and an empty cache of data keys."""
    keyring.cache.clear()
    create_table()
    yield
    keyring.cache.clear()
