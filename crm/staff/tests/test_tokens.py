"""One-time tokens: once, for one person, with a password that meets the rules; the first officers come by them."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from crm.access.actor import anonymous
from crm.approvals.services import decide
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import OneTimeToken, User
from crm.staff.services import officers
from crm.staff.services.access import Asked, ask_for_token
from crm.staff.services.passwords import PasswordTooWeak
from crm.staff.services.people import create_person, enrol
from crm.staff.services.tokens import TokenInvalid, redeem_token
from crm.tests.personas import Bank, as_actor

pytestmark = pytest.mark.django_db
GOOD = "Green-Lamp-2031"


def approved(asked: Asked | None, officer: User) -> str:
    """The whole token, when both officers have handed over their halves."""
    assert asked is not None
    done = decide(actor=as_actor(officer), request=asked.request, approve=True, reason="agreed", shown_hash=asked.request.shown_hash)
    assert done.disclosure is not None
    return f"{asked.half} {done.disclosure.text}"


@pytest.fixture
def newcomer(security_officer: User, second_security_officer: User, bank: Bank) -> tuple[User, str]:
    person, asked = create_person(
        actor=as_actor(security_officer),
        number="80010",
        name="单雄",
        roles=["relationship-manager"],
        branch=bank.branches["110001"],
        reason="joins the branch",
    )
    return person, approved(asked, second_security_officer)


def redeem(number: str, token: str, password: str = GOOD) -> User:
    return redeem_token(actor=anonymous(), number=number, token=token, password=password)


def test_a_token_sets_one_password_once(newcomer: tuple[User, str]) -> None:
    person, token = newcomer
    assert not person.is_enrolled
    assert redeem("80010", token.lower()).check_password(GOOD)
    with pytest.raises(TokenInvalid):
        redeem("80010", token)
    assert Event.objects.filter(action="staff.token_refused", result="refused").count() == 1


def test_only_the_hash_is_kept(newcomer: tuple[User, str]) -> None:
    row = OneTimeToken.objects.get(user=newcomer[0])
    assert newcomer[1] not in f"{row.__dict__}"
    assert not any(newcomer[1] in f"{event.data}" for event in Event.objects.all())


def test_it_is_for_one_person_and_for_a_time(newcomer: tuple[User, str], sun_yue: User) -> None:
    with pytest.raises(TokenInvalid):
        redeem("80001", newcomer[1])
    OneTimeToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TokenInvalid):
        redeem("80010", newcomer[1])


def test_neither_half_opens_anything_alone(newcomer: tuple[User, str]) -> None:
    first, second = newcomer[1].split()
    for part in (first, second, f"{second} {first}", f"{first} {first}"):
        with pytest.raises(TokenInvalid):
            redeem("80010", part)
    assert redeem("80010", f"{first}{second}".replace("-", "").lower()).is_enrolled


def test_a_new_token_kills_the_old_one(newcomer: tuple[User, str], security_officer: User, second_security_officer: User) -> None:
    person, old = newcomer
    asked = ask_for_token(actor=as_actor(security_officer), person=person, reason="the paper is lost")
    new = approved(asked, second_security_officer)
    with pytest.raises(TokenInvalid):
        redeem("80010", old)
    assert redeem("80010", new) == person


@pytest.mark.parametrize("password", ["Short-7", "only-small-letters", "Password12345", "Xiong-80010-abc", "ShanXiong-2031x"])
def test_weak_passwords_are_refused_and_the_token_lives(newcomer: tuple[User, str], password: str) -> None:
    """R268: length, classes, common ones, own data."""
    with pytest.raises(PasswordTooWeak):
        redeem("80010", newcomer[1], password)
    assert redeem("80010", newcomer[1]).is_enrolled


def test_a_new_password_ends_open_sessions(sun_yue: User, security_officer: User, second_security_officer: User) -> None:
    client = Client()
    client.force_login(sun_yue)
    assert client.get("/").status_code == 200
    asked = ask_for_token(actor=as_actor(security_officer), person=sun_yue, reason="forgotten")
    redeem("80001", approved(asked, second_security_officer))
    assert client.get("/").status_code == 302


def test_nothing_works_before_two_officers_exist(client: Client) -> None:
    officers.forget()
    assert client.get("/").status_code == 302
    assert client.get("/sign-in/")["Location"] == "/sign-in/token/"
    somebody = Client()
    somebody.force_login(enrol(number="80001", name="孙悦", password=GOOD))
    assert somebody.get("/").status_code == 503
    lines = first_officers()
    for line in lines:
        assert not officers.is_open_for_business()
        number, _name, token = line.split()
        form = {"number": number, "token": token, "password": GOOD, "repeated": GOOD}
        assert client.post("/sign-in/token/", form).status_code == 302
    assert client.get("/sign-in/").status_code == 200
    with pytest.raises(CommandError, match="Two security officers exist"):
        first_officers()
    officers.forget()


def test_the_command_again_renews_what_was_not_used(client: Client) -> None:
    officers.forget()
    first = [line.split()[2] for line in first_officers()]
    second = [line.split()[2] for line in first_officers()]
    assert not set(first) & set(second)
    with pytest.raises(TokenInvalid):
        redeem("85001", first[0])
    assert User.objects.count() == 2


def test_the_command_line_helps_while_the_officers_are_too_few(security_officer: User, second_security_officer: User) -> None:
    with pytest.raises(CommandError, match="Two other security officers"):
        replace("85003", "陈静")
    token = replace("85002")
    assert redeem("85002", token) == second_security_officer
    User.objects.filter(number="85002").update(is_active=False)
    assert redeem("85003", replace("85003", "陈静")).role_codes() == ["security-officer"]
    told = Notice.objects.filter(user=security_officer, kind="staff.token").values_list("params__number", flat=True)
    assert sorted(told) == ["85002", "85002", "85003", "85003"]


def replace(*person: str) -> str:
    out = StringIO()
    call_command("replace_officer", *person, stdout=out)
    return out.getvalue().splitlines()[0].split()[2]


def first_officers() -> list[str]:
    out = StringIO()
    call_command("first_officers", "85001", "韩松", "85002", "杨帆", stdout=out)
    return out.getvalue().splitlines()[:2]
