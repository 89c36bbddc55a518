"""Fixtures of every test: the database of this worker, fresh after each test that commits."""

import gc
import os
from collections.abc import Iterator

import psycopg
import pytest
from django.core.handlers.base import BaseHandler
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis

from crm.fields import keyring
from crm.operations.pytest_plugin import RUN
from crm.operations.testing import PREPARATIONS
from crm.tests import witness

pytest_plugins = [
    "crm.tests.personas",
    "customers.tests.personas",
    "products.tests.personas",
    "transactions.tests.personas",
    "portal.tests.personas",
]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A copy of the migrated database for this worker; tests work in it as the role app."""
    RUN.start()
    RUN.renew_database()
    yield
    connections.close_all()


def _renew_database(case: TransactionTestCase) -> None:
    """Instead of TRUNCATE, which the audit log refuses and which would also empty the seeded tables."""
    connections.close_all()
    RUN.renew_database()
    # Ids begin again: a key remembered from the former database would seal what no other process can open.
    keyring.forget()


TransactionTestCase._fixture_teardown = _renew_database  # type: ignore[attr-defined]
# How long one example takes says something about the machine, not about the product.
hypothesis.register_profile("house", deadline=None)
hypothesis.load_profile("house")
PREPARATIONS.append(witness.install)
transaction.Atomic = witness.Committing  # type: ignore[misc]
connection_created.connect(witness.on_connection_created)
_get_response = BaseHandler.get_response


def _witnessed_response(handler: BaseHandler, request: HttpRequest) -> HttpResponseBase:
    with witness.witnessed():
        return _get_response(handler, request)


BaseHandler.get_response = _witnessed_response  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first: begun last, it would keep one core busy and the others waiting."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_collection_finish() -> None:
    """What the product is made of is never garbage: looking at it again and again took a tenth of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture
def superuser() -> Iterator[psycopg.Connection]:
    """A session beside Django's as the database's superuser, for tests that play the intruder (with `transaction=True`)."""
    with RUN.postgres.connect(RUN.database) as session:
        yield session


@pytest.fixture(scope="session", autouse=True)
def allow_async_unsafe() -> None:
    """Playwright's synchronous interface runs an event loop in the test's thread; Django would refuse the database there."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
