"""The auditor's rooms and a change request in a browser: nothing scrolls sideways, no console error, no policy violation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from audit import services
from crm.access.actor import SYSTEM
from crm.approvals.models import ChangeRequest
from crm.log import services as log
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor
from crm.ui.tests.browser import chromium, fits, open_page  # noqa: F401
from customers.models import Customer
from products.services import ask_to_lift, place_freeze

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pages(bank: Bank, zhang_wei: Customer, settings: Any, tmp_path: Any) -> list[tuple[str, User]]:
    """Each page with somebody who may see it, filled."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"
    officer, supervisor, auditor = (bank.people[number] for number in ("82001", "82002", "86001"))
    freeze = place_freeze(actor=as_actor(officer), customer=zhang_wei, kind="payment_stop", reason="短时间内大量转入后转出")
    request: ChangeRequest = ask_to_lift(actor=as_actor(officer), freeze=freeze, reason="客户已说明资金来源")
    with transaction.atomic():
        line = log.record(
            actor=as_actor(officer),
            action="customer.changed",
            target=zhang_wei,
            reason="客户来电要求更新联系方式",
            data={"before": {"mobile": "138****5678"}, "after": {"mobile": "139****1234"}, "version": 2},
        )
    services.verify_log(actor=SYSTEM)
    return [
        (reverse("audit:event_list"), auditor),
        (reverse("audit:event_list") + "?actor=nobody", auditor),
        (reverse("audit:event", args=[line.uid]), auditor),
        (reverse("audit:request", args=["none"]), auditor),
        (reverse("audit:chain"), auditor),
        (reverse("admin:index"), auditor),
        (reverse("admin:customers_customer_changelist"), auditor),
        (reverse("admin:customers_customer_row", args=[zhang_wei.reference]), auditor),
        (reverse("admin:audit_event_changelist"), auditor),
        (reverse("approvals:request_list") + "?to_decide=on", supervisor),
        (request.get_absolute_url(), supervisor),
        (request.get_absolute_url(), officer),
    ]


@pytest.mark.parametrize(
    ("width", "theme", "language"), [(1366, "light", "zh-hans"), pytest.param(390, "dark", "en", marks=pytest.mark.slow)]
)
def test_pages(open_page: Callable[..., Any], pages: list[tuple[str, User]], width: int, theme: str, language: str) -> None:  # noqa: F811
    sideways = []
    for user in {user.pk: user for _path, user in pages}.values():
        User.objects.filter(pk=user.pk).update(language=language, theme=theme)
        page = open_page("/", user=user, width=width, theme=theme, language=language)
        for path in [path for path, reader in pages if reader == user]:
            page.goto(path)
            assert page.locator("h1").count() == 1, path
            if not fits(page):
                sideways.append(path)
        page.context.close()
    assert sideways == []


def test_deciding_without_scripts(open_page: Callable[..., Any], pages: list[tuple[str, User]]) -> None:  # noqa: F811
    """The decision works without JavaScript."""
    path, supervisor = pages[-2]
    page = open_page(path, user=supervisor, scripts=False, language="en")
    page.locator("textarea[name=reason]").fill("核对无误")
    page.locator("button[value=approve]").click()
    page.wait_for_load_state()
    request = ChangeRequest.objects.get()
    assert request.state == "applied"
