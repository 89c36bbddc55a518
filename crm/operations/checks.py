"""System checks: combinations of settings that are refused before anything starts."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.checks import Warning as Warned
from django.db import DatabaseError, connection

from crm.egress.gateway import addresses_of, is_place, may_reach
from crm.fields.budget import read_limits

Rule = tuple[str, bool, str, str]


@register(Tags.security)
def production_is_safe(**_: Any) -> Iterable[CheckMessage]:
    """In production: no debugging, no demo world, no mail to files, TLS known, own keys, two database roles."""
    if settings.PRODUCTION:
        for code, fine, problem, hint in (*_web_rules(), *_session_rules(), *_data_rules()):
            if not fine:
                kind = Error if code.startswith("E") else Warned
                yield kind(problem, hint=hint, id=f"operations.{code}")


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

    yield (
        "E012",
        "*" not in settings.ALLOWED_HOSTS and not any(host.startswith(".") for host in settings.ALLOWED_HOSTS),
        "Any host name is allowed.",
        "Name the hosts in CRM_ALLOWED_HOSTS one by one, without * and without a leading dot.",
    )
    yield "E013", settings.BASE_URL.startswith("https://"), "Links in mails begin with http.", "Set CRM_BASE_URL to https://your.host."
    yield (
        "W001",
        settings.TRUSTED_PROXIES > 0,
        "The proxy's address would stand in the log instead of the caller's.",
        "Set CRM_TRUSTED_PROXIES to the number of proxies of yours that append to X-Forwarded-For.",
    )


def _session_rules() -> Iterable[Rule]:
    cookies = (settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.CSRF_COOKIE_HTTPONLY)
    yield (
        "E014",
        all(cookies) and settings.SESSION_COOKIE_SAMESITE in ("Lax", "Strict"),
        "Cookies of sessions would go over http, to scripts or to other sites.",
        "Leave the cookie settings of crm/settings.py alone.",
    )
    yield (
        "E015",
        settings.SESSION_ENGINE == "django.contrib.sessions.backends.db",
        "Sessions would be kept where they can vanish or be changed.",
        "Leave SESSION_ENGINE alone: sessions stand in PostgreSQL.",
    )
    key = settings.SECRET_KEY
    yield (
        "E016",
        len(key) >= 50 and len(set(key)) >= 10 and not key.startswith("django-insecure"),
        "secret_key in the key file is short or simple.",
        "Make one with python3 -c 'import secrets; print(secrets.token_urlsafe(48))'.",
    )
    yield (
        "E017",
        settings.SECURE_SSL_REDIRECT and settings.SECURE_HSTS_SECONDS >= 31_536_000,
        "Browsers would be let in over http.",
        "Leave SECURE_SSL_REDIRECT and SECURE_HSTS_SECONDS of crm/settings.py alone.",
    )


def _data_rules() -> Iterable[Rule]:
    databases = settings.DATABASES
    yield "E002", "demo" not in settings.INSTALLED_APPS, "The demo world is installed.", "Remove demo from INSTALLED_APPS."
    yield (
        "E003",
        not settings.EMAIL_BACKEND.endswith(("filebased.EmailBackend", "FileMail")),
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

    yield (
        "E018",
        all(network is None or network.prefixlen >= 8 for network in map(network_of, settings.EGRESS_NETWORKS)),
        "Outgoing connections would reach any address.",
        "Name networks of at most 16 million addresses in CRM_EGRESS_NETWORKS, best single ones.",
    )
    yield (
        "W002",
        not settings.ANCHORS_FILE.resolve().is_relative_to(settings.HOME),
        "The anchors of the audit log lie in CRM_HOME, where whoever changes the database can change them, too.",
        "Run tools/anchor_keeper.py under its own account; set CRM_ANCHORS_FILE and CRM_ANCHOR_KEEPER (docs/audit-log.md).",
    )


# Asked of the server: an address may name the role app and sign in as somebody who owns the tables or is above all rules. Whoever may
# take another role counts as that role; the session's own role counts beside the one it has put on.
_POWERS = """
SELECT bool_or(r.rolsuper),
       bool_or(o.oid IS NOT NULL AND pg_has_role(r.oid, o.oid, 'MEMBER')),
       bool_or(t.oid IS NOT NULL AND (has_table_privilege(r.oid, t.oid, 'UPDATE,DELETE,TRUNCATE,TRIGGER')
                                      OR has_any_column_privilege(r.oid, t.oid, 'UPDATE'))),
       bool_or(has_parameter_privilege(r.oid, 'session_replication_role', 'SET'))
FROM pg_roles r
LEFT JOIN pg_class t ON t.oid IN (to_regclass('log_event'), to_regclass('log_leaf'), to_regclass('log_seal'))
LEFT JOIN pg_roles o ON o.oid = t.relowner
WHERE r.rolname IN (current_user, session_user)
"""
_NAMES = (
    "is a superuser",
    "is the owner of the audit log or may become it",
    "may change lines of the audit log",
    "may switch triggers off",
)


def powers_of(cursor: Any) -> list[str]:
    """What the role that this cursor is signed in as may do and the role app must not, in words; empty for a bound role."""
    cursor.execute(_POWERS)
    return [name for name, held in zip(_NAMES, cursor.fetchone(), strict=True) if held]


@register(Tags.security)
def role_app_is_bound(**_: Any) -> Iterable[CheckMessage]:
    """In production: the database is asked whether the role that web and worker sign in as could change what was written."""
    # While `migrate` signs in as owner there is nothing to ask.
    if not settings.PRODUCTION or connection.settings_dict["USER"] != settings.APP_ROLE:
        return
    try:
        with connection.cursor() as cursor:
            powers = powers_of(cursor)
    except DatabaseError as error:
        yield Error(f"The database could not be asked about the role app: {error}", hint="Start it first.", id="operations.E011")
        return
    finally:
        connection.close()  # a web server forks after this
    if powers:
        yield Error(
            f"The role in CRM_DATABASE_URL {', '.join(powers)}.",
            hint="Sign in as a role that has no more than `migrate` grants it.",
            id="operations.E009",
        )


# What the law asks for at least: the operator's manual 7.3 (system logs, audit), AML Law 2024 article 34 (customers, transactions).
FLOORS = {"SYSTEM_LOG_DAYS": (183, "days"), "AUDIT_DAYS": (366, "days"), "EVIDENCE_YEARS": (10, "years")}


@register(Tags.security)
def nothing_is_kept_too_short(**_: Any) -> Iterable[CheckMessage]:
    """In every environment: no setting keeps logs or evidence for a shorter time than its floor."""
    for name, (floor, unit) in FLOORS.items():
        if getattr(settings, name) < floor:
            yield Error(f"{name} is below its floor of {floor} {unit}.", hint=f"Set CRM_{name} to {floor} or more.", id="operations.E019")


@register(Tags.security)
def rights_are_reviewed(**_: Any) -> Iterable[CheckMessage]:
    """In every environment: rights are reviewed at least once a year, and a review has time to end before the next one begins."""
    if not 28 <= settings.RIGHTS_REVIEW_DAYS <= 366:
        yield Error(
            "RIGHTS_REVIEW_DAYS lies outside of 28 to 366 days.",
            hint="Set CRM_RIGHTS_REVIEW_DAYS to 91 for every quarter, to 366 at most.",
            id="operations.E020",
        )


@register(Tags.security, "text")
def texts_are_readable(**_: Any) -> Iterable[CheckMessage]:
    """In every environment: a text that means nothing is told by its name, with what to write, before anything reads it."""
    hints = dict(settings.UNREADABLE)
    try:
        read_limits(settings.REVEALS_A_DAY)
    except ValueError:
        hints["CRM_REVEALS_A_DAY"] = "Write a number for every role, then role=number for others, for example 50,risk-officer=200."
    if None in map(network_of, settings.EGRESS_NETWORKS):
        hints["CRM_EGRESS_NETWORKS"] = "Write networks separated by commas, for example 10.2.3.0/24,fd00:2::/64."
    if not all(is_place(text) for text in settings.EGRESS_ALLOWED):
        hints["CRM_EGRESS_ALLOW"] = "Write host:port separated by commas, for example core.bank.example:443."
    for name, hint in sorted(hints.items()):
        yield Error(f"The text in {name} cannot be read.", hint=hint, id="operations.E021")


@register(Tags.security)
def mail_server_is_within_reach(**_: Any) -> Iterable[CheckMessage]:
    """In production: a mail server that is named by a private address stands in the networks that may be reached."""
    if settings.PRODUCTION and _is_address(settings.EMAIL_HOST) and not _may_reach(settings.EMAIL_HOST):
        yield Error("The mail server has a private address that the product may not reach.", hint=_MAIL_HINT, id="operations.E022")


@register(Tags.security, deploy=True)
def mail_server_is_within_reach_by_name(**_: Any) -> Iterable[CheckMessage]:
    """With ``check --deploy``: the same for a name, which is looked up now; one that has no address here says nothing."""
    if not settings.PRODUCTION or not settings.EMAIL_HOST or _is_address(settings.EMAIL_HOST):
        return
    found = addresses_of(settings.EMAIL_HOST, settings.EMAIL_PORT)
    if found and not any(map(_may_reach, found)):
        yield Warned("The name of the mail server leads to a private address only.", hint=_MAIL_HINT, id="operations.W003")


_MAIL_HINT = "Name the network of the mail server in CRM_EGRESS_NETWORKS, for example 10.2.3.4/32."


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _may_reach(address: str) -> bool:
    return None in map(network_of, settings.EGRESS_NETWORKS) or may_reach(address)  # unreadable networks have an error of their own


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that a text names, None for other text."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def refuse_unsafe(**_: Any) -> None:
    """End this process when a security check fails; Celery runs the checks but does not look at what they say."""
    tags = [Tags.security] if settings.PRODUCTION else ["keys", "text"]
    if problems := [str(found) for found in run_checks(tags=tags) if found.is_serious()]:
        raise SystemExit("\n".join(problems))


@register(Tags.database)
def keys_exist(**_: Any) -> Iterable[CheckMessage]:
    """Where data is touched, keys must exist: a value sealed under a throw-away key could never be opened again."""
    if not settings.CRM_KEYS:
        yield Error(
            f"There are no keys in {settings.KEYS_FILE}.",
            hint="`make run` makes them for the demo; production sets CRM_KEYS_FILE.",
            id="operations.E010",
        )
