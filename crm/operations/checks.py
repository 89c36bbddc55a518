"""System checks: combinations of settings that are refused before anything starts."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

Rule = tuple[str, bool, str, str]


@register(Tags.security)
def production_is_safe(**_: Any) -> Iterable[CheckMessage]:
    """In production: no debugging, no demo world, no mail to files, TLS known, own keys, two database roles."""
    if settings.PRODUCTION:
        for code, fine, problem, hint in (*_web_rules(), *_data_rules()):
            if not fine:
                yield Error(problem, hint=hint, id=f"operations.{code}")


def _web_rules() -> Iterable[Rule]:
    yield "E001", not settings.DEBUG, "CRM_DEBUG is on.", "Unset CRM_DEBUG."
    yield (
        "E004",
        bool(settings.PROXY_HEADER),
        "The web would not know whether a request came by TLS.",
        "Set CRM_PROXY_HEADER to the header that your proxy always sets, for example X-Forwarded-Proto.",
    )
    yield "E007", bool(settings.ALLOWED_HOSTS), "No host name is allowed.", "Set CRM_ALLOWED_HOSTS, separated by commas."
    yield (
        "E008",
        not any("MD5" in hasher for hasher in settings.PASSWORD_HASHERS),
        "Passwords would be kept under a test hasher.",
        "Keep Argon2PasswordHasher first in PASSWORD_HASHERS.",
    )


def _data_rules() -> Iterable[Rule]:
    databases = settings.DATABASES
    yield "E002", "demo" not in settings.INSTALLED_APPS, "The demo world is installed.", "Remove demo from INSTALLED_APPS."
    yield (
        "E003",
        "filebased" not in settings.EMAIL_BACKEND,
        "Mails would go to files.",
        "Set CRM_MAIL_URL, for example smtp+tls://user:password@mail.example:587.",
    )
    yield (
        "E005",
        bool(settings.CRM_KEYS) and not settings.KEYS_FILE.resolve().is_relative_to(settings.HOME),
        "The keys are missing or lie inside CRM_HOME, where a backup would take them along with the data.",
        "Set CRM_KEYS_FILE to a file outside CRM_HOME.",
    )
    yield (
        "E006",
        "owner" not in databases or databases["owner"]["USER"] != databases["default"]["USER"],
        "The role app is the role owner.",
        "Use two roles: the one in CRM_DATABASE_URL must not be able to change structure or the audit log.",
    )


@register(Tags.database)
def keys_exist(**_: Any) -> Iterable[CheckMessage]:
    """Where data is touched, keys must exist: a value sealed under a throw-away key could never be opened again."""
    if not settings.CRM_KEYS:
        yield Error(
            f"There are no keys in {settings.KEYS_FILE}.",
            hint="`make run` makes them for the demo; production sets CRM_KEYS_FILE.",
            id="operations.E010",
        )
