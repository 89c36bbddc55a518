"""Actors for the tests of the lowest floor, which knows no people."""

from crm.log.verification import CommandActor

SUN_YUE = CommandActor(
    number="80001", name="孙悦", kind="staff", role="relationship-manager", origin="web", user_id=1, session="key", address="10.0.0.8",
    request_id="r-1",
)  # fmt: skip
