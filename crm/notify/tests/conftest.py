"""A mail server on loopback, and no registrations left over."""

from collections.abc import Iterator
from typing import Any

import pytest

from crm.notify import alarms, attachments, escalation
from crm.notify.tests.smtp import Post, post_office


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    """A real SMTP server that the product sends to."""
    with post_office() as office:
        settings.EMAIL_BACKEND = "crm.egress.mail.Mail"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.DEFAULT_FROM_EMAIL = "CRM <crm@bank.test>"
        settings.BASE_URL = "https://crm.bank.test"
        yield office


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test registers what it needs."""
    monkeypatch.setattr(attachments, "_providers", {})
    monkeypatch.setattr(escalation, "_rules", {})
    monkeypatch.setattr(alarms, "_checks", {})
