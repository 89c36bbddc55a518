"""Both profiles: what a password must be, when it is too old, which do not come back; changing one's own.

Requirements: R117, R268.
"""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import get_default_password_validators, password_validators_help_texts
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation

from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import FormerPassword, User
from crm.staff.services import passwords
from crm.staff.services.passwords import PasswordTooWeak, PasswordUsedBefore, is_due
from crm.staff.validators import breached_list_is_there, stands_in
from crm.tests.personas import PASSWORD, as_actor, browser

pytestmark = pytest.mark.django_db
OURS = "crm.staff.validators."
COMMON = [
    {"NAME": OURS + "CommonValidator"},
    {"NAME": OURS + "SimilarityValidator", "OPTIONS": {"user_attributes": ("number", "name", "name_pinyin", "email")}},
    {"NAME": OURS + "OwnDataValidator"},
    {"NAME": OURS + "HouseWordsValidator"},
]
PROFILES = {
    "mlps3": [{"NAME": OURS + "LengthValidator", "OPTIONS": {"min_length": 12}}, {"NAME": OURS + "CharacterClassesValidator"}],
    "asvs": [{"NAME": OURS + "LengthValidator", "OPTIONS": {"min_length": 15}}, {"NAME": OURS + "BreachedPasswordValidator"}],
}
STOLEN = "correct horse battery"


@pytest.fixture
def profile(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Settings as `CRM_PASSWORD_PROFILE` makes them."""
    lines = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in (STOLEN, *map(str, range(2_000))))
    (tmp_path / "stolen.txt").write_text("\n".join(f"{line}:3" for line in lines) + "\n")
    settings.PASSWORD_PROFILE = request.param
    settings.AUTH_PASSWORD_VALIDATORS = PROFILES[request.param] + COMMON
    settings.BREACHED_PASSWORDS_FILE = str(tmp_path / "stolen.txt")
    return str(request.param)


def set_password(person: User, password: str) -> None:
    """As a verb does it, with its line."""
    with transaction.atomic():
        passwords.set_password(person, password)
        log.record(actor=as_actor(person), action="staff.password_set", target=person)


@pytest.mark.parametrize(
    ("profile", "password", "fits"),
    [
        ("mlps3", "Tall-Ships-19", True),
        ("mlps3", "Tall-Ship-1", False),
        ("mlps3", "tall-ships-nineteen", False),
        ("mlps3", "Password123!", False),
        ("mlps3", "Tall-Yinhang-19", False),
        ("mlps3", "Ships-of-Jiangnan-19", False),
        ("mlps3", "Tall-80001-Ships", False),
        ("mlps3", "Sunyue-Ships-19", False),
        ("asvs", "tall ships nineteen", True),
        ("asvs", "Tall-Ships-19", False),
        ("asvs", STOLEN, False),
        ("asvs", "tall ships in the harbour of 银行", False),
        ("asvs", "tall ships 80001 nineteen", False),
        ("asvs", "海上大船十九艘一路平安顺风顺水", True),
    ],
    indirect=["profile"],
)
def test_each_profile(sun_yue: User, settings: Any, profile: str, password: str, *, fits: bool) -> None:
    """R268: length, classes, common ones, own data, words of the house; with asvs the list of stolen ones and no classes."""
    settings.PASSWORD_WORDS = [*settings.PASSWORD_WORDS, "jiangnan"]
    User.objects.filter(pk=sun_yue.pk).update(name_pinyin="sunyue")
    sun_yue.refresh_from_db()
    if fits:
        set_password(sun_yue, password)
        assert sun_yue.check_password(password)
    else:
        with pytest.raises(PasswordTooWeak):
            set_password(sun_yue, password)
        assert sun_yue.check_password(PASSWORD)


@pytest.mark.parametrize(("profile", "comes_back"), [("mlps3", False), ("asvs", True)], indirect=["profile"])
def test_the_last_five_do_not_come_back(sun_yue: User, profile: str, *, comes_back: bool) -> None:
    """Under mlps3; their hashes alone are kept, and the sixth is free again."""
    used = [f"Tall-Ships-Sailing-{number}" for number in range(5)]
    for password in used:
        set_password(sun_yue, password)
    for password in used:
        if comes_back:
            set_password(sun_yue, password)
        else:
            with pytest.raises(PasswordUsedBefore):
                set_password(sun_yue, password)
    set_password(sun_yue, "Blue-Kettle-47-long")
    if not comes_back:
        set_password(sun_yue, used[0])
    assert FormerPassword.objects.count() == 4
    assert not FormerPassword.objects.filter(password__contains="Ships").exists()


@pytest.mark.parametrize(("profile", "due"), [("mlps3", True), ("asvs", False)], indirect=["profile"])
def test_an_old_password_leads_to_one_page_and_nowhere_else(sun_yue: User, profile: str, *, due: bool) -> None:
    User.objects.filter(pk=sun_yue.pk).update(password_changed_at=timezone.now() - timedelta(days=91))
    sun_yue.refresh_from_db()
    assert is_due(sun_yue) is due
    client = browser(sun_yue)
    for path in ("/", "/customers/", "/sessions/", "/notices/", "/nowhere/"):
        answer = client.get(path)
        # An address that is not there never reaches a view.
        assert (answer.get("Location") == "/password/") is (due and path != "/nowhere/"), path
    assert client.get("/customers/", headers={"HX-Request": "true"}).status_code == (401 if due else 200)
    assert client.get("/password/").status_code == 200
    if due:
        assert change(client).status_code == 302
        assert client.get("/").status_code == 200


def change(client: Client, current: str = PASSWORD, password: str = "Tall-Ships-Sailing-19") -> Any:
    return client.post("/password/", {"current": current, "password": password, "repeated": password})


def test_changing_the_own_password_keeps_this_session_and_ends_the_others(sun_yue: User) -> None:
    here, there = browser(sun_yue), browser(sun_yue)
    assert change(here).status_code == 302
    assert [client.get("/").status_code for client in (here, there)] == [200, 302]
    sun_yue.refresh_from_db()
    assert sun_yue.check_password("Tall-Ships-Sailing-19")
    assert Event.objects.filter(action="staff.password_set", actor_number="80001").count() == 1


def test_the_present_password_is_asked_for_and_cannot_be_guessed(sun_yue: User) -> None:
    client = browser(sun_yue)
    for _attempt in range(5):
        assert change(client, current="wrong").status_code == 200
    assert change(client).status_code == 200, "the sixth is not looked at"
    assert Event.objects.filter(action="staff.password_refused").count() == 6
    sun_yue.refresh_from_db()
    assert sun_yue.check_password(PASSWORD)


def test_a_fresh_second_factor_is_asked_for(sun_yue: User) -> None:
    client = browser(sun_yue, stepped_up=False)
    assert client.get("/password/")["Location"].startswith("/step-up/")
    change(client)
    sun_yue.refresh_from_db()
    assert sun_yue.check_password(PASSWORD)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1_000])
def test_the_list_is_searched_by_halving(tmp_path: Path, count: int) -> None:
    """Every line is found, first and last too, and nothing else; with and without a last line feed."""
    names = [hashlib.sha1(str(number).encode()).hexdigest().upper() for number in range(count)]
    for end in ("", "\n"):
        path = tmp_path / "list"
        path.write_text("\n".join(f"{name}:{len(name)}" for name in sorted(names)) + (end if names else ""))
        assert all(stands_in(path, name) for name in names)
        assert not any(stands_in(path, hashlib.sha1(f"x{number}".encode()).hexdigest().upper()) for number in range(50))


def test_production_with_asvs_needs_the_list(settings: Any) -> None:
    settings.PRODUCTION, settings.PASSWORD_PROFILE, settings.BREACHED_PASSWORDS_FILE = True, "asvs", "/nowhere"
    assert [found.id for found in breached_list_is_there()] == ["staff.E001"]
    settings.PASSWORD_PROFILE = "mlps3"
    assert list(breached_list_is_there()) == []
    assert passwords.rotates()


def test_the_rules_address_people_politely() -> None:
    """The framework's own Chinese says 你."""
    with translation.override("zh-hans"):
        said = " ".join(password_validators_help_texts(get_default_password_validators()))
    assert "你" not in said and "个字符" in said
