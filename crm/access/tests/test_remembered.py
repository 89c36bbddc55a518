"""What a page asks of access is asked once, and a right given or taken holds at the next page (R263)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.access import granted
from crm.access.remembered import reading, remembered
from crm.access.tests.test_grants import grant
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer, CustomerGrant

pytestmark = pytest.mark.django_db


def test_grants_and_branches_are_asked_once_a_page(zhang_wei: Customer, li_na: Customer, branch_manager: User) -> None:
    grant(branch_manager, li_na)
    client = browser(branch_manager)
    client.get(reverse("customers:customer_list"))
    with CaptureQueriesContext(connection) as found:
        text = client.get(reverse("customers:customer_list")).content.decode()
    assert zhang_wei.core_number in text
    assert li_na.core_number in text
    grants = [query for query in found.captured_queries if 'FROM "customers_customergrant"' in query["sql"]]
    branches = [query["sql"] for query in found.captured_queries if query["sql"].startswith('SELECT "staff_branch"."id" AS')]
    trees = [sql for sql in branches if '"parent_id"' not in sql]  # the others fill the selects of two filters
    assert len(grants) == 1
    assert len(trees) <= 1


def test_a_grant_that_ended_is_gone_at_the_next_page(li_na: Customer, branch_manager: User) -> None:
    row: CustomerGrant = grant(branch_manager, li_na)
    client = browser(branch_manager)
    page = reverse("customers:customer", args=[li_na.reference])
    assert client.get(page).status_code == 200
    CustomerGrant.objects.filter(pk=row.pk).update(valid_from=timezone.now() - timedelta(days=2), valid_until=timezone.now())
    assert client.get(page).status_code == 404


def test_outside_of_pages_every_question_is_asked_anew() -> None:
    answers = iter(range(10))
    assert [remembered("key", lambda: next(answers)) for _turn in range(2)] == [0, 1]
    with reading():
        assert [remembered("key", lambda: next(answers)) for _turn in range(2)] == [2, 2]
        assert remembered("other", lambda: next(answers)) == 3
    assert remembered("key", lambda: next(answers)) == 4


def test_what_writes_is_answered_by_the_rights_of_that_moment(li_na: Customer, branch_manager: User, rf: Any) -> None:
    """A POST remembers nothing, so a right withdrawn between its two looks counts at once."""
    from crm.access.middleware import ActorMiddleware

    row = grant(branch_manager, li_na)
    seen: list[bool] = []

    def view(request: Any) -> Any:
        from django.http import HttpResponse

        for _turn in range(2):
            seen.append(Customer.objects.visible_to(as_actor(branch_manager)).filter(pk=li_na.pk).exists())
            CustomerGrant.objects.filter(pk=row.pk).delete()
        return HttpResponse()

    for method, expected in (("post", [True, False]),):
        request = getattr(rf, method)("/")
        request.user, request.session, request.id = branch_manager, browser(branch_manager).session, "r"
        ActorMiddleware(view)(request)
        assert seen == expected


def test_many_grants_are_asked_by_the_statement_itself_with_the_same_answer(
    zhang_wei: Customer, chen_jing: Customer, li_na: Customer, other_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for customer in (zhang_wei, chen_jing):
        grant(other_manager, customer)
    listed = set(Customer.objects.visible_to(other_manager).values_list("pk", flat=True))
    monkeypatch.setattr(granted, "MOST_LISTED", 1)
    found = granted.granted_to(Customer, other_manager, "customers.view_customer")
    assert found is not None
    assert (found.keys, found.many is None) == ([], False)
    assert set(Customer.objects.visible_to(other_manager).values_list("pk", flat=True)) == listed
    assert listed == {zhang_wei.pk, chen_jing.pk, li_na.pk}


def test_somebody_without_grants_has_no_condition_for_them(zhang_wei: Customer, sun_yue: User) -> None:
    assert granted.granted_to(Customer, sun_yue, "customers.view_customer") is None
    assert "customergrant" not in str(Customer.objects.visible_to(sun_yue).query)


def test_somebody_without_a_branch_sees_no_branch(zhang_wei: Customer, branch_manager: User) -> None:
    User.objects.get_queryset().filter(pk=branch_manager.pk).update(branch=None)
    assert not Customer.objects.visible_to(User.objects.get(pk=branch_manager.pk)).exists()
