"""Production refuses what is unsafe.

Requirements: R271, R278, R347.
"""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from crm.operations.checks import keys_exist, production_is_safe

SAFE: dict[str, Any] = {
    "PRODUCTION": True,
    "DEBUG": False,
    "INSTALLED_APPS": [app for app in settings.INSTALLED_APPS if app != "demo"],
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "PROXY_HEADER": "X-Forwarded-Proto",
    "KEYS_FILE": Path("/etc/crm/keys.json"),
    "ALLOWED_HOSTS": ["crm.example"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
}
UNSAFE: dict[str, dict[str, Any]] = {
    "operations.E001": {"DEBUG": True},
    "operations.E002": {"INSTALLED_APPS": settings.INSTALLED_APPS},
    "operations.E003": {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"},
    "operations.E004": {"PROXY_HEADER": ""},
    "operations.E005": {"KEYS_FILE": settings.HOME / "secrets" / "keys.json"},
    "operations.E007": {"ALLOWED_HOSTS": []},
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


def test_missing_keys_are_told() -> None:
    with override_settings(CRM_KEYS={}):
        assert [message.id for message in keys_exist()] == ["operations.E010"]
