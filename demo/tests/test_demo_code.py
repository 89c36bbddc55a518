"""`manage.py demo_code` tells what a demo person's app would show, and tells nothing in production.

Requirements: R266.
"""

from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from crm.staff.models import User
from crm.tests.personas import PASSWORD
from demo.codes import plant_codes, secret_for

pytestmark = pytest.mark.django_db


def told(number: str) -> str:
    out = StringIO()
    call_command("demo_code", number, stdout=out)
    return out.getvalue().strip()


def test_the_code_opens_once_and_the_next_one_is_told(client: Client, sun_yue: User) -> None:
    plant_codes([sun_yue])
    codes = []
    for _time in range(2):
        client.post("/sign-in/", {"number": "80001", "password": PASSWORD})
        codes.append(told("80001"))
        assert client.post("/sign-in/code/", {"code": codes[-1]}).status_code == 302
        client.post("/sign-out/")
    assert codes[0] != codes[1]
    with pytest.raises(CommandError, match="opens in"):
        told("80001")


@pytest.mark.parametrize("number", ["80001", "nobody"])
def test_who_has_no_demo_app_is_told_so(sun_yue: User, number: str) -> None:
    with pytest.raises(CommandError):
        told(number)


def test_production_has_none(settings: object, sun_yue: User) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError):
        told("80001")
    with pytest.raises(ImproperlyConfigured):
        secret_for("80001")
