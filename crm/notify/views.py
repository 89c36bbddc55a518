"""The reader's notices, the bell, and the mails that could not be delivered."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.errors import NotVisible
from crm.access.gate import gated, signed_in_page
from crm.access.services import actor_of
from crm.notify import services
from crm.notify.choices import MailState
from crm.notify.models import Notice
from crm.notify.words import address_of, body_of, subject_of

PAGE = 30
OWN = "everybody reads their own notices and no others"


@signed_in_page(OWN)
def notices(request: HttpRequest) -> HttpResponse:
    """The reader's notices, newest first; ``?unread=1`` only those not opened, ``?page=2`` older ones."""
    unread_only = request.GET.get("unread") == "1"
    rows = Notice.objects.filter(user=actor_of(request).user_id)
    if unread_only:
        rows = rows.unread()
    page = _page(request)
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "notices": [_shown(notice) for notice in found[:PAGE]],
        "unread": services.unread(request.user),
        "unread_only": unread_only,
        "page": page,
        "older": page + 1 if len(found) > PAGE else None,
        "newer": page - 1 if page > 1 else None,
    }
    return render(request, "notify/notices.html", context)


@signed_in_page(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, reference: str) -> HttpResponse:
    """One notice, where a mail leads; opening it (POST) marks it as read and leads on to the page that it is about.

    Looking alone changes nothing: browsers and mail filters follow links before anybody has read them.
    """
    row = Notice.objects.filter(user=actor_of(request).user_id, reference=reference).first()
    if row is None:
        raise NotVisible("notify.view_notice", detail=reference)
    if request.method != "POST":
        return render(request, "notify/notice.html", _shown(row))
    services.mark_read(actor=actor_of(request), reference=reference)
    return redirect(address_of(row) or reverse("notify:notices"))


@signed_in_page(OWN)
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Marks one notice (``reference``) or all of them as read."""
    services.mark_read(actor=actor_of(request), reference=request.POST.get("reference") or None)
    return redirect("notify:notices")


@signed_in_page(OWN, polling=True)
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with the number of unread notices, asked for by every page now and then."""
    state = {"url": reverse("notify:notices"), "unread": services.unread(request.user)}
    return render(request, "ui/bell.html", {"state": state})


@gated("notify.view_mail")
def mails(request: HttpRequest) -> HttpResponse:
    """Mails that are late or could not be delivered, with the mail server's answer. No text of any notice."""
    rows = Notice.objects.select_related("user")
    late = rows.filter(mail_state=MailState.OWED, mail_attempts__gt=0).order_by("mail_next_at")
    context = {
        "failed": rows.filter(mail_state=MailState.FAILED)[:PAGE],
        "late": late[:PAGE],
        "failed_count": rows.filter(mail_state=MailState.FAILED).count(),
        "late_count": late.count(),
    }
    return render(request, "notify/mails.html", context)


@gated("notify.change_mail")
@require_POST
def mails_again(request: HttpRequest) -> HttpResponse:
    """Tries all undelivered mails anew."""
    services.mail_again(actor=actor_of(request))
    return redirect("notify:mails")


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    try:
        page = int(text) if text.isascii() and text.isdigit() else 1
        MinValueValidator(1)(page)
        MaxValueValidator(1_000)(page)
    except (ValidationError, ValueError):
        return 1
    return page


def _shown(row: Notice) -> dict[str, object]:
    return {
        "notice": row,
        "subject": subject_of(row),
        "body": body_of(row),
        "mail_failed": row.mail_state == MailState.FAILED,
    }
