"""A notice in its reader's words."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext

from crm.notify.models import Notice


def language_of(user: Any) -> str:
    """The language the person chose, else the product's first one."""
    return getattr(user, "language", "") or settings.LANGUAGE_CODE


def filled(msgid: str, params: Mapping[str, Any]) -> str:
    """The text in the active language with its parameters; a parameter ``{"msgid": …}`` is translated itself."""
    if not msgid:
        return ""
    values = {name: gettext(value["msgid"]) if isinstance(value, dict) and "msgid" in value else value for name, value in params.items()}
    return gettext(msgid) % values if values else gettext(msgid)


def subject_of(notice: Notice) -> str:
    """The subject in the active language, one line."""
    return " ".join(filled(notice.subject, notice.params).split())


def body_of(notice: Notice) -> str:
    """The text in the active language."""
    return filled(notice.body, notice.params)


def address_of(notice: Notice) -> str:
    """The path of the page it is about; empty when there is none."""
    if not notice.url_name:
        return ""
    try:
        return reverse(notice.url_name, args=notice.url_args)
    except NoReverseMatch:
        return ""


def mail_of(notice: Notice) -> tuple[str, str]:
    """Subject and text of the mail in the reader's language, with the full address of the notice's page."""
    from django.template.loader import render_to_string

    with translation.override(language_of(notice.user)):
        address = reverse("notify:notice", args=[notice.reference])
        context = {"body": body_of(notice), "address": settings.BASE_URL.rstrip("/") + address, "subject": subject_of(notice)}
        return subject_of(notice), render_to_string("notify/mail.txt", context)
