"""Hardware tokens: imported from a list, all or none, sealed; assigned by an officer; codes by the clock and by the button open once.

Requirements: R266.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import hotp

from crm.access.actor import SYSTEM
from crm.access.errors import Refused, StepUpNeeded
from crm.factors.importers import BadList, load_tokens
from crm.factors.models import Factor
from crm.factors.services.codes import LOOK_AHEAD, step_now
from crm.factors.services.tokens import RESYNC_WINDOW, HasAnother, SerialTaken, TokenNotFree, assign_token, resynchronise_token
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.staff.services.access import OwnRights
from crm.tests.personas import PASSWORD, as_actor, browser, factor_of

pytestmark = pytest.mark.django_db
SECRET = b"12345678901234567890"  # of the examples in RFC 4226, appendix D
LIST = f"serial,secret,type,digits,counter\nT-0001,{SECRET.hex()},HOTP,6,0\nT-0002,{SECRET.hex()},totp,8,\n".encode()


def opens(person: User, code: str) -> bool:
    client = Client()
    client.post("/sign-in/", {"number": person.number, "password": PASSWORD})
    return bool(client.post("/sign-in/code/", {"code": code}).status_code == 302)


def test_a_token_with_a_button(sun_yue: User, security_officer: User) -> None:
    """The codes of RFC 4226 in order, a few presses ahead, never one back."""
    assert load_tokens(actor=SYSTEM, content=LIST) == 2
    assign_token(actor=as_actor(security_officer), serial="T-0001", person=sun_yue)
    assert opens(sun_yue, "755224")
    assert not opens(sun_yue, "755224"), "used"
    assert opens(sun_yue, "969429"), "two presses in a pocket"
    assert not opens(sun_yue, "359152"), "before the last one used"
    assert not opens(sun_yue, f"{hotp(SECRET, 4 + LOOK_AHEAD):06}"), "too far ahead"
    assert opens(sun_yue, f"{hotp(SECRET, 3 + LOOK_AHEAD):06}")


def code_of(counter: int) -> str:
    return f"{hotp(SECRET, counter):06}"


def test_a_token_that_ran_ahead(sun_yue: User, security_officer: User) -> None:
    """RFC 4226, 7.4: two codes in a row within a thousand presses; neither opens, the next one does; each try is a line."""
    load_tokens(actor=SYSTEM, content=LIST)
    assign_token(actor=as_actor(security_officer), serial="T-0001", person=sun_yue)
    client = browser(security_officer)

    def page(serial: str, first: str, second: str) -> int:
        return int(client.post("/factors/tokens/", {"serial": serial, "first": first, "second": second}).status_code)

    for serial, first, second in (
        ("T-0001", code_of(700), code_of(702)),
        ("T-0001", code_of(701), code_of(700)),
        ("T-0001", code_of(RESYNC_WINDOW), code_of(RESYNC_WINDOW + 1)),
        ("T-0001", "", ""),
        ("T-0001", "七百", "0"),
        ("T-0002", code_of(700), code_of(701)),
        ("T-9999", code_of(700), code_of(701)),
    ):
        assert page(serial, first, second) == 200
    assert Factor.objects.get(serial="T-0001").last_counter == -1
    assert not opens(sun_yue, code_of(702))
    assert page("T-0001", code_of(700), code_of(701)) == 302
    assert [opens(sun_yue, code_of(counter)) for counter in (700, 701, 702)] == [False, False, True]
    assert page("T-0001", code_of(700), code_of(701)) == 200, "used"
    lines = Event.objects.filter(action="factors.token_resynchronised")
    assert (lines.filter(result="refused").count(), lines.get(result="done").data["missed"]) == (7, 700)
    assert Notice.objects.filter(user=sun_yue, subject__contains="into step").count() == 1


def test_who_may_not_bring_a_token_into_step(sun_yue: User, security_officer: User) -> None:
    """Not for oneself, not by anybody else, not without the fresh second factor."""
    load_tokens(actor=SYSTEM, content=LIST)
    Factor.objects.filter(serial="T-0001").update(user=security_officer)
    told = {"serial": "T-0001", "first": code_of(20), "second": code_of(21)}
    with pytest.raises(OwnRights):
        resynchronise_token(actor=as_actor(security_officer), **told)
    with pytest.raises(Refused):
        resynchronise_token(actor=as_actor(sun_yue), **told)
    with pytest.raises(StepUpNeeded):
        resynchronise_token(actor=replace(as_actor(security_officer), stepped_up_at=None), **told)
    assert Factor.objects.get(serial="T-0001").last_counter == -1


def test_a_token_with_a_clock(sun_yue: User, security_officer: User) -> None:
    load_tokens(actor=SYSTEM, content=LIST)
    factor = assign_token(actor=as_actor(security_officer), serial="T-0002", person=sun_yue)
    code = f"{hotp(SECRET, step_now(factor), digits=8):08}"
    assert not opens(sun_yue, code[-6:])
    assert opens(sun_yue, code)
    assert not opens(sun_yue, code)


def test_the_officers_page(sun_yue: User, security_officer: User) -> None:
    client = browser(security_officer)
    list_file = BytesIO(LIST)
    list_file.name = "tokens.csv"
    assert client.post("/factors/tokens/", {"file": list_file}).status_code == 302
    assert client.post("/factors/tokens/", {"serial": "T-0001", "person": "80001"}).status_code == 302
    page = client.get("/factors/tokens/").content.decode()
    assert "T-0001" in page and sun_yue.name in page and SECRET.hex() not in page
    assert Factor.objects.get(serial="T-0001").user == sun_yue
    kept = Factor.objects.get(serial="T-0002")
    assert SECRET not in bytes(kept.secret or b"") and SECRET.hex().encode() not in bytes(kept.secret or b"")
    assert client.post("/factors/tokens/", {"serial": "T-0001", "person": "80003"}).status_code == 200
    assert "nobody" in client.post("/factors/tokens/", {"serial": "T-0002", "person": "99999"}).content.decode()
    actions = Event.objects.filter(actor_number=security_officer.number, action__startswith="factors.token").values_list(
        "action", flat=True
    )
    assert sorted(actions) == ["factors.token_assigned", "factors.tokens_imported"]
    later = browser(security_officer, stepped_up=False)
    assert later.get("/factors/tokens/")["Location"].startswith("/step-up/")


def test_who_may_not(sun_yue: User, security_officer: User, system_officer: User) -> None:
    load_tokens(actor=SYSTEM, content=LIST)
    with pytest.raises(OwnRights):
        assign_token(actor=as_actor(security_officer), serial="T-0001", person=security_officer)
    with pytest.raises(Refused):
        assign_token(actor=as_actor(system_officer), serial="T-0001", person=sun_yue)
    with pytest.raises(TokenNotFree):
        assign_token(actor=as_actor(security_officer), serial="T-9999", person=sun_yue)
    assert not Factor.objects.filter(user__isnull=False).exists()
    factor_of(sun_yue)
    with pytest.raises(HasAnother):
        assign_token(actor=as_actor(security_officer), serial="T-0001", person=sun_yue)
    assert Factor.objects.filter(user=sun_yue).count() == 1, "one officer alone adds nothing to what somebody has"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"serial,type\nT-1,totp\n",
        b"serial,secret,type\nT-0001,00,totp\n",
        b"serial,secret,type\nT-0001,zz,totp\n",
        LIST + b"T-0003,xyz,totp,6,\n",
        LIST + b"T-0001," + SECRET.hex().encode() + b",totp,6,\n",
        LIST + b"T-0003," + SECRET.hex().encode() + b",totp,7,\n",
        LIST + b"T-0003," + SECRET.hex().encode() + b",sha256,6,\n",
        b"\xff\xfe",
        b'serial,secret,type\n"T-0001',
    ],
)
def test_a_bad_list_imports_nothing(bank: object, content: bytes) -> None:
    """It names the line, never the secret."""
    with pytest.raises(BadList) as refused:
        load_tokens(actor=SYSTEM, content=content)
    assert SECRET.hex() not in str(refused.value)
    assert not Factor.objects.exists()


def test_the_command(bank: object, tmp_path: Path) -> None:
    (tmp_path / "tokens.csv").write_bytes(LIST)
    call_command("import_tokens", str(tmp_path / "tokens.csv"))
    assert Factor.objects.filter(user__isnull=True).count() == 2
    with pytest.raises(CommandError, match="T-0001"):
        call_command("import_tokens", str(tmp_path / "tokens.csv"))
    with pytest.raises(SerialTaken):
        load_tokens(actor=SYSTEM, content=LIST)
    with pytest.raises(CommandError):
        call_command("import_tokens", str(tmp_path / "missing.csv"))
