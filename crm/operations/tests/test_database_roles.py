"""The role app works with rows; structure belongs to owner.

Requirements: R255.
"""

import pytest
from django.db import ProgrammingError, connection, transaction


@pytest.mark.django_db
def test_tests_run_as_the_role_app() -> None:
    """Whoever forgets a grant sees it in tests, not in production."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["CREATE TABLE public.mine (i int)", "DROP TABLE django_session", "TRUNCATE django_session"])
def test_app_changes_no_structure(statement: str) -> None:
    """No DDL and no TRUNCATE."""
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
