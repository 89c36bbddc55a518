"""The nightly mail carries an anchor that the auditor's program reads out of it. Requirements: R313."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from audit import services
from crm.access.actor import SYSTEM
from crm.log import anchors
from crm.notify import mailing
from crm.notify.models import Notice
from crm.tests.house import ROOT
from crm.tests.personas import Bank

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_mail_holds_the_anchor_whole(bank: Bank, settings: Any, tmp_path: Path) -> None:
    """Once a day to those who may verify; not a figure of it hidden or broken over two lines."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"
    services.mail_anchor()
    assert not Notice.objects.filter(kind="audit.anchor").exists()  # nothing is anchored yet
    line = anchors.write_anchor()
    services.mail_anchor()
    services.mail_anchor()
    told = Notice.objects.filter(kind="audit.anchor").order_by("user__number")
    assert list(told.values_list("user__number", flat=True)) == ["86001", "88001"]
    mailing.send(actor=SYSTEM, notice_id=told[0].pk)
    [sent] = [one for one in mail.outbox if "86001@bank.test" in one.to]
    kept = tmp_path / "mail.eml"
    kept.write_bytes(sent.message().as_bytes())
    [read] = runpy.run_path(str(ROOT / "tools" / "verify_audit.py"))["read_anchors"]([kept])
    assert read == json.loads(json.dumps(line))
