"""Lines of the migrations stand in every test's log already; tests look at those written since."""

from collections.abc import Callable

import pytest
from django.db.models import QuerySet

from crm.log.models import Event

NewLines = Callable[[], "QuerySet[Event]"]


@pytest.fixture
def new_lines(transactional_db: None) -> NewLines:
    """The lines written since the test began."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return lambda: Event.objects.filter(pk__gt=newest).order_by("pk")
