"""Forms as somebody would fill them in: what a form does not say itself is given by the name of its field."""

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm.tests.personas import PASSWORD
from crm.tests.proofs.html_forms import Form
from transactions.tests.test_files import line, text

Sent = dict[str, str | SimpleUploadedFile]
# What fields are given by their names where the page gives nothing; other texts are given WORDS.
WORDS = "核实资金来源"
GIVEN = {
    "number": "99871",
    "name": "测试客户",
    "code": "proof-fields",
    "id_number": "110101199003077571",
    "mobile": "13700099871",
    "email": "proof@mail.test",
    "birth_date": "1990-03-07",
    "gender": "male",
    "region": "北京市东城区",
    "person": "80003",
    "manager": "80001",
    "counterparty_account": "6217000012345678",
    "current": PASSWORD,
    "password": "Green-Harbour-4711",
    "repeated": "Green-Harbour-4711",
    "core_number": "6217009987",
    "rate": "60",
    "value": "1",
    "amount": "1.00",
    "currency": "CNY",
    "networks": "10.0.0.0/8",
    "branches": "",
    "sources": "mobile",
}
DATES = ("from", "until", "day", "date", "due", "on", "since", "at", "to")


def filled(form: Form, given: dict[str, str] | None = None) -> Sent:
    """Return what somebody sends with this form who wants it taken; ``given`` by name where a row of this world is meant."""
    known = given or {}
    values: Sent = {}
    for name, value in form.values.items():
        chosen = next((one for one in form.options[name] if one), "") if name in form.options else ""
        offered = name in form.options or form.kinds.get(name) in ("checkbox", "radio")
        values[name] = value or (chosen if offered else known.get(name) or plausible(name, form.kinds.get(name, "text")))
    for name in form.files:
        values[name] = SimpleUploadedFile("day.csv", text(line(1)), "text/csv")
    return values


def plausible(name: str, kind: str) -> str:
    """Return a value for an empty field."""
    tomorrow = timezone.localtime() + timedelta(days=1)
    if name in GIVEN:
        return GIVEN[name]
    if kind == "date":
        return f"{tomorrow:%Y-%m-%d}"
    if kind == "datetime-local":
        return f"{tomorrow:%Y-%m-%dT%H:%M}"
    if kind == "number":
        return "1"
    if kind == "email":
        return GIVEN["email"]
    if name.rpartition("_")[2] in DATES:
        return f"{tomorrow:%Y-%m-%d %H:%M}"
    return "" if kind == "hidden" else WORDS
