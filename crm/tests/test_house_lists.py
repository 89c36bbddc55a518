"""Every list of the product can be made again where its small verbs need it: to show conditions, to keep a view, to find a neighbour.

Requirements: R102.
"""

import pytest
from django.urls import get_resolver

from crm.lists.definitions import all_known
from crm.tests.personas import Bank, browser

pytestmark = pytest.mark.django_db


def test_every_list_shows_what_was_typed(bank: Bank) -> None:
    """A list that only its own page can make answers nothing here but an error."""
    assert get_resolver().url_patterns  # the views, and the lists with them
    names = [listed.name for listed in all_known() if "tests" not in listed.__module__]
    assert len(names) >= 15
    person = browser(bank.people["82002"])
    for name in names:
        answer = person.post(f"/lists/{name}/show/", {"next": "/somewhere/", "of": "X-1", "size": "100"})
        assert (answer.status_code, answer["Location"]) == (302, "/somewhere/?size=100"), name
