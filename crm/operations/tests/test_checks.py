"""Production refuses what is unsafe.

Requirements: R271, R278, R347.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.test import override_settings

from crm.operations.checks import (
    keys_exist,
    mail_server_is_within_reach,
    mail_server_is_within_reach_by_name,
    powers_of,
    production_is_safe,
    role_app_is_bound,
    texts_are_readable,
)
from crm.operations.pytest_plugin import RUN
from crm.operations.servers.postgres import APP, OWNER, SUPERUSER

SAFE: dict[str, Any] = {
    "PRODUCTION": True,
    "DEBUG": False,
    "INSTALLED_APPS": [app for app in settings.INSTALLED_APPS if app != "demo"],
    "EMAIL_BACKEND": "crm.egress.mail.Mail",
    "PROXY_HEADER": "X-Forwarded-Proto",
    "KEYS_FILE": Path("/etc/crm/keys.json"),
    "ALLOWED_HOSTS": ["crm.example"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "BASE_URL": "https://crm.example",
    "TRUSTED_PROXIES": 1,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECRET_KEY": "Zx9-eq2_Lp7vTn4RwYb6KcUoHs1Fd8GmJa3iQe5XtBkVyPr0-42",
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "EGRESS_NETWORKS": ["10.2.0.0/16"],
    "ANCHORS_FILE": Path("/var/lib/crm-anchors/anchors.jsonl"),
}
UNSAFE: dict[str, dict[str, Any]] = {
    "operations.E001": {"DEBUG": True},
    "operations.E002": {"INSTALLED_APPS": settings.INSTALLED_APPS},
    "operations.E003": {"EMAIL_BACKEND": "crm.notify.mail_files.FileMail"},
    "operations.E004": {"PROXY_HEADER": ""},
    "operations.E005": {"KEYS_FILE": settings.HOME / "secrets" / "keys.json"},
    "operations.E007": {"ALLOWED_HOSTS": []},
    "operations.E012": {"ALLOWED_HOSTS": ["crm.example", "*"]},
    "operations.E013": {"BASE_URL": "http://crm.example"},
    "operations.E014": {"SESSION_COOKIE_SECURE": False},
    "operations.E015": {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"},
    "operations.E016": {"SECRET_KEY": "secret"},
    "operations.E017": {"SECURE_HSTS_SECONDS": 60},
    "operations.E018": {"EGRESS_NETWORKS": ["0.0.0.0/0"]},
    "operations.W001": {"TRUSTED_PROXIES": 0},
    "operations.W002": {"ANCHORS_FILE": settings.HOME / "audit" / "anchors.jsonl"},
    "operations.E008": {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]},
}


def _found(**changes: Any) -> set[str | None]:
    with override_settings(**(SAFE | changes)):
        return {message.id for message in production_is_safe()}


def test_safe_settings_pass() -> None:
    assert _found() == set()


@pytest.mark.parametrize("code", UNSAFE)
def test_each_unsafe_setting_is_refused(code: str) -> None:
    assert _found(**UNSAFE[code]) == {code}


@pytest.mark.parametrize("code", UNSAFE)
def test_each_refusal_says_what_to_do(code: str) -> None:
    with override_settings(**(SAFE | UNSAFE[code])):
        assert all(message.hint and len(message.hint) > 12 for message in production_is_safe())


def test_one_role_for_all_is_refused() -> None:
    same = {"default": {"USER": "crm"}, "owner": {"USER": "crm"}}
    # The connections themselves must stay, so the setting is looked at by itself.
    with override_settings(**SAFE):
        before, settings.DATABASES = settings.DATABASES, same
        try:
            assert {message.id for message in production_is_safe()} == {"operations.E006"}
        finally:
            settings.DATABASES = before


def test_the_demo_may_do_all_that() -> None:
    assert _found(PRODUCTION=False, DEBUG=True) == set()


UNREADABLE = {
    "CRM_REVEALS_A_DAY": "fifty,risk-officer=200",
    "CRM_PROBES_A_DAY": "5_0",
    "CRM_JUDGING_DELAY": "１２",
    "CRM_SIGN_INS_PER_ADDRESS": "-1",
    "CRM_RIGHTS_REVIEW_DAYS": "every quarter",
    "CRM_TRUSTED_PROXIES": "yes",
    "CRM_SYSTEM_LOG_DAYS": "1e3",
    "CRM_AUDIT_DAYS": "3 years",
    "CRM_EVIDENCE_YEARS": "99999999999999999999",
    "CRM_EGRESS_NETWORKS": "10.0.0.0/33,bank",
    "CRM_EGRESS_ALLOW": "core.bank.test",
    "CRM_MAIL_URL": "mail.bank.example:587",
    "CRM_BANK_ZONE": "Peking",
    "CRM_LOG_LEVEL": "loud",
    "CRM_PASSWORD_PROFILE": "strong",
    "PORT": "http",
}


def test_texts_that_cannot_be_read_are_told_one_by_one() -> None:
    """R271: no traceback: each is named, with what to write, and never the text itself, which may hold a password."""
    for process in (["django", "check"], ["celery", "-A", "crm.celery", "worker", "-c", "1"]):
        ended = _starts(*process, DJANGO_SETTINGS_MODULE="crm.settings", **UNREADABLE)
        said = ended.stderr + ended.stdout
        assert ended.returncode != 0
        assert "Traceback" not in said, said
        assert [name for name in UNREADABLE if f"The text in {name} cannot be read." not in said] == []
        assert said.count("HINT: Write") == len(UNREADABLE)
        assert [text for text in UNREADABLE.values() if len(text) > 5 and text in said] == []


def test_readable_texts_are_fine() -> None:
    with override_settings(REVEALS_A_DAY="50, auditor=9", EGRESS_NETWORKS=["10.2.3.4/32", "fd00::/64"], EGRESS_ALLOWED=["[::1]:443"]):
        assert list(texts_are_readable()) == []


@pytest.mark.parametrize(
    ("host", "networks", "found"),
    [
        ("10.2.3.4", [], "operations.E022"),
        ("10.2.3.4", ["10.2.3.0/24"], ""),
        ("fd00::1", ["10.2.3.0/24"], "operations.E022"),
        ("8.8.8.8", [], ""),
        ("localhost", [], "operations.W003"),
        ("localhost", ["127.0.0.0/8", "::1/128"], ""),
        ("mail.invalid", [], ""),
        ("10.2.3.4", ["bank"], ""),
    ],
)
def test_a_mail_server_on_a_private_address_needs_its_network(host: str, networks: list[str], found: str) -> None:
    with override_settings(**SAFE | {"EMAIL_HOST": host, "EGRESS_NETWORKS": networks}):
        told = [*mail_server_is_within_reach(), *mail_server_is_within_reach_by_name()]
    assert [message.id for message in told] == ([found] if found else [])
    assert all("CRM_EGRESS_NETWORKS" in str(message.hint) for message in told)


def test_missing_keys_are_told() -> None:
    with override_settings(CRM_KEYS={}):
        assert [message.id for message in keys_exist()] == ["operations.E010"]


@pytest.mark.django_db
def test_the_role_app_of_the_tests_is_bound() -> None:
    with override_settings(**SAFE):
        assert list(role_app_is_bound()) == []


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (OWNER, "is the owner of the audit log or may become it"),
        (SUPERUSER, "is a superuser"),
    ],
)
def test_a_role_that_could_change_the_log_is_known(django_db_setup: None, role: str, words: str) -> None:
    """R255: whatever the address calls it, the server knows who signed in."""
    with psycopg.connect(RUN.postgres.url(role, RUN.database)) as session, session.cursor() as cursor:
        assert words in powers_of(cursor)
        if role == SUPERUSER:
            cursor.execute(f"SET ROLE {APP}")  # a costume: the session can take it off again
            assert words in powers_of(cursor)


def test_a_grant_too_many_is_known(django_db_setup: None) -> None:
    with psycopg.connect(RUN.postgres.url(SUPERUSER, RUN.database)) as session, session.cursor() as cursor:
        cursor.execute(f"GRANT UPDATE (reason) ON log_event TO {APP}")
        cursor.execute(f"SET SESSION AUTHORIZATION {APP}")
        assert powers_of(cursor) == ["may change lines of the audit log"]
        session.rollback()


def _starts(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *words]
    return subprocess.run(
        command, check=False, cwd=settings.BASE_DIR, env={**os.environ, **environment}, capture_output=True, text=True, timeout=90
    )


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_worker_and_beat_obey_the_checks(django_db_setup: None, process: str, tmp_path: Path) -> None:
    """R271: they touch all data, so they start no more than the web does."""
    extra = ["-s", str(tmp_path / "schedule"), "--pidfile", ""] if process == "beat" else ["-c", "1"]
    owner = {"CRM_ENV": "production", "CRM_DATABASE_URL": RUN.postgres.url(OWNER, RUN.database)}
    ended = _starts("celery", "-A", "crm.celery", process, *extra, **owner)
    assert ended.returncode != 0
    assert "operations.E009" in ended.stderr + ended.stdout
    assert "operations.E004" in ended.stderr + ended.stdout


def test_a_production_environment_passes_the_whole_check(django_db_setup: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R271: `check --deploy` has nothing to say about the settings that docs/deployment.md tells to make."""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # of the browser tests
    keys = tmp_path / "keys.json"
    keys.write_text(settings.KEYS_FILE.read_text())
    keys.chmod(0o600)
    environment = {
        "CRM_ENV": "production",
        "CRM_HOME": str(tmp_path / "home"),
        "CRM_KEYS_FILE": str(keys),
        "CRM_ANCHORS_FILE": str(tmp_path / "anchors.jsonl"),
        "CRM_ALLOWED_HOSTS": "crm.bank.example",
        "CRM_BASE_URL": "https://crm.bank.example",
        "CRM_PROXY_HEADER": "X-Forwarded-Proto",
        "CRM_TRUSTED_PROXIES": "1",
        "CRM_MAIL_URL": "smtp+tls://crm:secret@mail.bank.example:587",
        "CRM_DATABASE_URL": RUN.postgres.url(APP, RUN.database),
    }
    ended = _starts("django", "check", "--deploy", "--fail-level", "WARNING", DJANGO_SETTINGS_MODULE="crm.settings", **environment)
    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout
    more = {"CRM_MAIL_URL": "smtps://10.2.3.4:465", "CRM_EGRESS_NETWORKS": "10.2.3.4/32", "CRM_EGRESS_ALLOW": "core.bank.example:443"}
    more |= {
        "CRM_REVEALS_A_DAY": "20,risk-officer=100",
        "CRM_PROBES_A_DAY": "100",
        "CRM_PASSWORD_PROFILE": "mlps3",
        "CRM_LOG_LEVEL": "WARNING",
    }
    deploy = ("django", "check", "--deploy", "--fail-level", "WARNING")
    ended = _starts(*deploy, DJANGO_SETTINGS_MODULE="crm.settings", **(environment | more))
    assert "no issues" in ended.stdout, ended.stderr
    ended = _starts(*deploy, DJANGO_SETTINGS_MODULE="crm.settings", **(environment | more | {"CRM_EGRESS_NETWORKS": ""}))
    assert "operations.E022" in ended.stderr
    # ASVS 5.0, 3.3.1 and 3.3.3.
    names = (
        "from django.conf import settings as s; print(*(getattr(s, f'{n}_COOKIE_NAME') for n in 'SESSION CSRF LANGUAGE DEVICE'.split()))"
    )
    ended = _starts("django", "shell", "-v", "0", "-c", names, DJANGO_SETTINGS_MODULE="crm.settings", **environment)
    assert [name.startswith("__Host-crm_") for name in ended.stdout.split()] == [True] * 4, ended.stderr
