"""Readable differences of the configuration in the auditor's admin; never a sealed field, never a token.

Requirements: R314.
"""

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from audit.providers import keep_differences
from crm.fields.sealed import sealed_fields
from crm.staff.models import Branch, ClientSecret, ServiceClient, User
from crm.tests.personas import Bank, browser
from customers.models import Customer

pytestmark = pytest.mark.django_db
LIST = "admin:auditlog_logentry_changelist"


def test_what_is_kept_and_what_never() -> None:
    labels = {model._meta.label for model in auditlog.get_models()}
    assert labels == {
        "staff.Branch",
        "staff.ClientSecret",
        "staff.ServiceClient",
        "money.Rate",
        "calendar.BusinessDay",
        "transactions.Source",
    }
    assert [model for model in auditlog.get_models() if sealed_fields(model)] == []
    with pytest.raises(ImproperlyConfigured, match="sealed"):
        keep_differences(Customer)


def test_the_auditor_reads_the_former_and_the_new_value(bank: Bank, auditor: User, audit_officer: User, sun_yue: User) -> None:
    branch: Branch = bank.branches["310001"]
    former = branch.name
    branch.name = "上海外滩支行"
    branch.save()
    for reader in (auditor, audit_officer):
        page = browser(reader).get(reverse(LIST)).content.decode()
        assert f"{former} → 上海外滩支行" in page
    assert browser(sun_yue).get(reverse(LIST)).status_code == 403
    entry = LogEntry.objects.filter(action=LogEntry.Action.UPDATE).latest("id")
    assert browser(auditor).get(reverse("admin:auditlog_logentry_row", args=[f"000{entry.pk}"])).status_code == 404
    assert browser(auditor).post(reverse(LIST)).status_code == 403


def test_a_secret_leaves_no_trace(auditor: User) -> None:
    client = ServiceClient.objects.create(code="mobile-bank", name="Mobile")
    secret = ClientSecret.objects.create(client=client, secret_hash="0123456789abcdef" * 4)
    secret.secret_hash, client.name = "fedcba9876543210" * 4, "Mobile banking"
    secret.save()
    client.save()
    kept = "".join(str(entry.changes) for entry in LogEntry.objects.all())
    assert "Mobile banking" in kept
    assert "0123456789abcdef" not in kept
    assert "fedcba9876543210" not in kept
