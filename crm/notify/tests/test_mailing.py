"""Mail is owed on the row and leaves through a real mail server, once, in the reader's language."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from crm.access.actor import SYSTEM, Actor
from crm.access.services import require
from crm.jobs import queue
from crm.jobs.testing import drain
from crm.log.models import Event
from crm.notify import attachments, mailing, services
from crm.notify.attachments import MailAttachment, MailFile, UnknownProvider
from crm.notify.choices import MailState
from crm.notify.models import Notice
from crm.notify.tests.smtp import Post
from crm.staff.models import User
from crm.tests.personas import browser


def tell(*people: User, key: str = "a", **more: Any) -> list[Notice]:
    return services.notify(
        recipients=people,
        kind="tests.kind",
        subject="Business days",
        body="%(count)s rows",
        params={"count": 3},
        url_name="notify:notices",
        key=key,
        **more,
    )


def send(notice: Notice) -> bool:
    return mailing.send(actor=SYSTEM, notice_id=notice.pk)


def due(notice: Notice) -> None:
    Notice.objects.filter(pk=notice.pk).update(mail_next_at=timezone.now() - timedelta(seconds=1))


def test_one_mail_per_notice_with_the_way_to_its_page(sun_yue: User, post: Post) -> None:
    (notice,) = tell(sun_yue)
    assert send(notice)
    assert not send(notice)
    (mail,) = post.mails
    assert mail["To"] == "80001@bank.test"
    assert mail["Message-ID"] == f"<{notice.reference}@bank.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert f"https://crm.bank.test/notices/{notice.reference}/" in text
    assert "3 rows" in text
    notice.refresh_from_db()
    assert (notice.mail_state, notice.mail_attempts) == (MailState.SENT, 1)
    assert notice.mailed_at is not None


def test_each_reader_in_her_own_language(sun_yue: User, zhou_min: User, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.filter(pk=sun_yue.pk).update(language="en")
    User.objects.filter(pk=zhou_min.pk).update(language="zh-hans")
    monkeypatch.setattr("crm.notify.words.gettext", lambda msgid: f"{translation.get_language()} {msgid}")
    for notice in tell(sun_yue, zhou_min):
        send(notice)
    subjects = {mail["To"]: mail["Subject"] for mail in post.mails}
    assert subjects == {"80001@bank.test": "en Business days", "82001@bank.test": "zh-hans Business days"}


def test_a_refusing_mail_server_is_tried_again_later_and_again(sun_yue: User, post: Post) -> None:
    post.refuse = True
    (notice,) = tell(sun_yue)
    waits = []
    for _attempt in range(3):
        began = timezone.now()
        assert not send(notice)
        notice.refresh_from_db()
        waits.append(round((notice.mail_next_at - began).total_seconds()))
        assert not send(notice)  # not due yet
        due(notice)
    assert waits == list(mailing.BACKOFF[:3])
    assert (post.attempts, notice.mail_attempts, notice.mail_state) == (3, 3, MailState.OWED)
    assert "451" in notice.mail_error
    post.refuse = False
    assert send(notice)
    assert len(post.mails) == 1
    notice.refresh_from_db()
    assert (notice.mail_state, notice.mail_error) == (MailState.SENT, "")


def test_a_mail_server_that_is_away_is_the_same(sun_yue: User, post: Post, settings: Any) -> None:
    settings.EMAIL_PORT = 1
    (notice,) = tell(sun_yue)
    assert not send(notice)
    notice.refresh_from_db()
    assert "ConnectionRefusedError" in notice.mail_error


def test_after_a_day_it_is_undeliverable_visible_and_can_be_sent_again(sun_yue: User, system_officer: User, post: Post) -> None:
    assert 20 * 3600 < sum(mailing.BACKOFF) < 28 * 3600
    post.refuse = True
    (notice,) = tell(sun_yue)
    Notice.objects.filter(pk=notice.pk).update(mail_attempts=len(mailing.BACKOFF))
    assert not send(notice)
    notice.refresh_from_db()
    assert notice.mail_state == MailState.FAILED
    line = Event.objects.get(action="notice.mail_failed")
    assert (line.target_ref, line.result) == (notice.reference, "failed")
    page = browser(system_officer).get("/notices/mails/").content.decode()
    assert notice.reference in page
    assert "451" in page
    assert browser(sun_yue).get("/notices/mails/").status_code == 403
    own = browser(sun_yue).get("/notices/").content.decode()
    assert "451" in own
    post.refuse = False
    assert browser(system_officer).post("/notices/mails/again/").status_code == 302
    assert send(notice)


def test_who_has_left_gets_no_mail(sun_yue: User, post: Post) -> None:
    (notice,) = tell(sun_yue)
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    assert not send(notice)
    notice.refresh_from_db()
    assert (post.attempts, notice.mail_state) == (0, MailState.NONE)


def report(reader: Actor, params: Mapping[str, Any]) -> MailFile:
    require(reader, "jobs.view_job")
    return MailFile(filename="风险日报 1.csv", content=f"{reader.number},{params['day']}".encode(), content_type="text/csv")


def test_an_attachment_is_made_for_its_reader_when_the_mail_leaves(sun_yue: User, zhou_min: User, post: Post) -> None:
    attachments.register("tests.report", report)
    for notice in tell(sun_yue, zhou_min, attachments=[MailAttachment(provider="tests.report", params={"day": "2026-11-20"})]):
        assert send(notice)
    found = {mail["To"]: [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()] for mail in post.mails}
    assert found == {f"{number}@bank.test": [("风险日报 1.csv", f"{number},2026-11-20")] for number in ("80001", "82001")}


def test_who_has_lost_the_right_does_not_get_the_file(sun_yue: User, post: Post) -> None:
    attachments.register("tests.report", report)
    (notice,) = tell(sun_yue, attachments=[MailAttachment(provider="tests.report", params={"day": "2026-11-20"})])
    sun_yue.assignments.all().delete()
    assert not send(notice)
    notice.refresh_from_db()
    assert (post.attempts, notice.mail_state, notice.mail_error) == (0, MailState.FAILED, "jobs.view_job")
    assert Event.objects.filter(action="notice.mail_failed").count() == 1


def test_a_provider_that_nobody_registered_is_refused_at_once(sun_yue: User) -> None:
    with pytest.raises(UnknownProvider):
        tell(sun_yue, attachments=[MailAttachment(provider="tests.none", params={})])
    assert Notice.objects.count() == 0


def test_a_provider_that_fails_is_tried_again(sun_yue: User, post: Post) -> None:
    def broken(reader: Actor, params: Mapping[str, Any]) -> MailFile:
        raise OSError("no space")

    attachments.register("tests.report", broken)
    (notice,) = tell(sun_yue, attachments=[MailAttachment(provider="tests.report", params={})])
    assert not send(notice)
    notice.refresh_from_db()
    assert (notice.mail_state, notice.mail_attempts) == (MailState.OWED, 1)


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_sends_one_mail(sun_yue: User, post: Post) -> None:
    with queue.captured():
        (notice,) = tell(sun_yue)
    results: list[bool] = []

    def worker() -> None:
        results.append(send(notice))
        connection.close()

    threads = [threading.Thread(target=worker) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]
    assert len(post.mails) == 1


@pytest.mark.django_db(transaction=True)
def test_the_sweep_sends_what_a_lost_message_left_and_twice_changes_nothing(sun_yue: User, post: Post) -> None:
    with queue.captured() as lost:
        tell(sun_yue)
    assert len(lost) == 1
    assert services.send_owed() == 0  # its own message is on the way
    Notice.objects.update(mail_next_at=timezone.now() - services.LOST_AFTER)
    for _time in range(2):
        with queue.captured() as calls:
            services.send_owed()
        drain(calls)
    assert len(post.mails) == 1
    assert services.send_owed() == 0


def test_mails_that_never_leave_are_told_of_once_a_day(sun_yue: User, zhou_min: User, system_officer: User, post: Post) -> None:
    """Those who look after mail know, by page and mail; a mail about failed mails that fails itself tells nobody."""
    post.refuse = True
    for notice in tell(sun_yue, zhou_min):
        Notice.objects.filter(pk=notice.pk).update(mail_attempts=len(mailing.BACKOFF))
        due(notice)
        assert not send(notice)
    told = Notice.objects.get(kind="notify.mail_failed", user=system_officer)
    assert (told.url_name, told.mail_state) == ("notify:mails", MailState.OWED)
    people = Notice.objects.filter(kind="notify.mail_failed").count()
    Notice.objects.filter(pk=told.pk).update(mail_attempts=len(mailing.BACKOFF))
    due(told)
    send(told)
    assert Notice.objects.filter(kind="notify.mail_failed").count() == people == 2, "the system officer and operations"


@pytest.mark.django_db
def test_a_mail_that_is_sent_again_after_a_crash_is_one_file(settings: Any, tmp_path: Path, sun_yue: User) -> None:
    """Killed between the file and the commit: the second attempt replaces the first, and half a file is never seen (R339)."""
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "crm.notify.mail_files.FileMail", str(tmp_path)
    (notice,) = tell(sun_yue)
    (tmp_path / f".{notice.reference}@localhost.1").write_text("From: half a dra")  # what a killed attempt may leave
    assert send(notice)
    Notice.objects.filter(pk=notice.pk).update(mail_state=MailState.OWED)
    assert send(notice)
    (mail,) = tmp_path.iterdir()  # nothing of the killed attempt, either
    assert mail.name == f"{notice.reference}@localhost.log"
    assert mail.read_text().rstrip().endswith("-" * 79)
