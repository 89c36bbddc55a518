"""Rows that belong to a person: the reader's own, a colleague's in her branch, somebody's elsewhere. Planted for each reader."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from audit.models import Alarm
from crm.calendar.services import today
from crm.exports.models import ExportPermit
from crm.factors.models import Factor
from crm.jobs.models import Job
from crm.notify.models import Notice
from crm.reviews.models import Campaign, PersonReview
from crm.staff.models import User
from crm.staff.models.sign_in import StaffSession
from crm.tests.personas import Bank
from crm.tests.proofs.principals import Principal
from crm.tests.proofs.things import Thing, Things
from risk.models import Backtest

OTHERS = {"branch": "80003", "other": "80002"}


def own_things(bank: Bank, who: Principal) -> Things:
    """Return a session, a factor, a permit, a notice, an alarm, a job, a back-test and a review of each of the three."""
    things: Things = {}
    people = {"own": who.person, **{relation: bank.people[number] for relation, number in OTHERS.items()}}
    for relation, person in people.items():
        if person is not None and not (relation != "own" and person == who.person):
            for kind, reference in _of(person).items():
                things.setdefault(kind, []).append(Thing(reference, relation, person.branch, person))
    return things


def _of(person: User) -> dict[str, str]:
    now, key = timezone.now(), uuid4().hex
    job = Job.objects.create(kind="risk.backtest", title="x", requested_by=person)
    told = {"title": "x", "params": {"list": "customers.customer"}, "purpose": "review", "words": "x", "rows": 1, "most": 1}
    permit = ExportPermit.objects.create(source="list", requested_by=person, state="expired", **told)
    alarm = Alarm.objects.create(
        pattern="reveals",
        subject=person.number,
        person=person.number,
        key=key,
        measured=9,
        threshold=8,
        window_seconds=600,
        began_at=now - timedelta(minutes=9),
        ended_at=now,
        raised_at=now,
    )
    day, campaign = today(), Campaign.objects.create(due_at=now + timedelta(days=21))
    passkey: dict[str, Any] = {"kind": "passkey", "name": "x", "credential_id": key.encode(), "public_key": b"x"}
    rows: dict[str, Any] = {
        "session": StaffSession.objects.create(user=person, session_key=key),
        "factor": Factor.objects.create(user=person, confirmed_at=now, **passkey),
        "notice": Notice.objects.create(user=person, kind="inquiry.asked", key=key, subject="x", url_name="staff:home"),
        "review": PersonReview.objects.create(campaign=campaign, person=person, branch=person.branch, reviewer="branch"),
        "backtest": Backtest.objects.create(first_day=day, last_day=day, mode="known", job=job, requested_by=person),
    }
    return {kind: str(row.reference) for kind, row in rows.items()} | {
        "job": job.reference,
        "permit": permit.reference,
        "alarm": alarm.reference,
        "person": person.reference,
    }
