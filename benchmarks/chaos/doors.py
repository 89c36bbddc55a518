"""The partner's side: every request is repeated until it is answered, as a partner would."""

import http.client
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any

from django_otp.oath import hotp

from benchmarks.chaos.product import PATIENCE
from benchmarks.chaos.world import CLERK, PARTNER, PARTNER_SECRET, PASSWORD, SECRET

PAUSE = 0.1
LONGEST_REQUEST = 60
TOKEN_LASTS = 600
STEP = 30
"""Seconds that a code of the clerk's app is shown."""


@dataclass
class Tally:
    """What the partners saw, of all threads together."""

    open: int = 0
    answered: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    bad: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request as open while it is."""
        with self.lock:
            self.open += 1
        began = time.monotonic()
        try:
            yield
        finally:
            with self.lock:
                self.open -= 1
                self.slowest = max(self.slowest, time.monotonic() - began)

    def saw(self, status: str) -> None:
        """Count an answer, or the lack of one."""
        with self.lock:
            self.statuses[status] += 1
            self.answered += status.startswith("2")


class Refused(Exception):
    """The product answered that it will never take this."""


class Partner:
    """A system that speaks to the API."""

    def __init__(self, port: int, tally: Tally) -> None:
        self.base = f"http://localhost:{port}/api/v1/"
        self.tally = tally
        self.token, self.renew_at = "", 0.0

    def post(self, path: str, body: Any) -> Any:
        """Return the answer to one request, repeated until there is one."""
        self.ready()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self._sent(path, json.dumps(body).encode(), headers)

    def ready(self) -> "Partner":
        """Have a token that lasts; asking for one is a request with a line of its own, which must not meet an armed point."""
        if time.monotonic() > self.renew_at:
            self.renew_at = time.monotonic() + TOKEN_LASTS / 2
            form = {"grant_type": "client_credentials", "client_id": PARTNER, "client_secret": PARTNER_SECRET}
            self.token = self._sent("token/", urllib.parse.urlencode(form).encode(), {})["access_token"]
        return self

    def _sent(self, path: str, body: bytes, headers: dict[str, str]) -> Any:
        deadline = time.monotonic() + PATIENCE
        request = urllib.request.Request(self.base + path, body, headers)
        while True:
            try:
                with self.tally.request(), urllib.request.urlopen(request, timeout=LONGEST_REQUEST) as answer:
                    found = json.load(answer)
            except urllib.error.HTTPError as error:
                self._unhappy(error)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.tally.saw(type(getattr(error, "reason", error)).__name__)
            else:
                self.tally.saw("200")
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} was not answered")
            time.sleep(PAUSE)

    def _unhappy(self, error: urllib.error.HTTPError) -> None:
        """503 with Retry-After is the promised answer; any other 5xx is kept to be looked at; 4xx is final."""
        words = error.read()[:400].decode(errors="replace")
        clear = error.code == 503 and error.headers.get("Retry-After")
        self.tally.saw(str(error.code) if clear else f"{error.code} unclear")
        if error.code < 500:
            raise Refused(f"{error.code}: {words}")
        if not clear:
            with self.tally.lock:
                self.tally.bad.append(f"{error.code}: {words}")

    def record(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send a list; one result for each."""
        results: list[dict[str, Any]] = self.post("transactions/", rows)["results"]
        self._count(*(result["outcome"] for result in results))
        return results

    def record_one(self, row: dict[str, Any]) -> dict[str, Any]:
        """Send a single one."""
        result: dict[str, Any] = self.post("transactions/", row)
        self._count(result["outcome"])
        return result

    def decide(self, row: dict[str, Any]) -> dict[str, Any]:
        """Have one decided at once."""
        answer: dict[str, Any] = self.post("decisions/", row)
        self._count(f"decided {answer['verdict']['label']}")
        return {"external_id": row["external_id"], **answer["transaction"]}

    def report(self, reference: str, body: dict[str, str]) -> None:
        """Report what became of one."""
        self.post(f"transactions/{reference}/status/", body)
        self._count("status")

    def _count(self, *outcomes: str) -> None:
        with self.tally.lock:
            self.tally.outcomes.update(outcomes)


class Clerk:
    """Somebody at a browser, who loads a page again when it did not come."""

    def __init__(self, port: int, tally: Tally) -> None:
        self.base = f"http://localhost:{port}"
        self.tally = tally
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.last_step = 0

    def get(self, path: str) -> str:
        """Return a page, signed in."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self._once(path, None, "")
            if found is not None and "/sign-in" in found[0]:
                self._sign_in(found[1])
            elif found is not None:
                return found[1]
            time.sleep(PAUSE)
        raise TimeoutError(f"{path} was not answered")

    def send(self, path: str, page: str, boundary: str = "", **values: Any) -> None:
        """Send the form of a page once; whether it was taken is seen on the next page."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        fields = {**values, "csrfmiddlewaretoken": token[1] if token else ""}
        if not boundary:
            self._once(path, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")
            return
        parts = b"".join(_part(boundary, name, value) for name, value in fields.items())
        self._once(path, parts + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}")

    def _sign_in(self, page: str) -> None:
        """Send number and password, then the next code. A code opens once, so after a lost answer one waits for another."""
        now = int(time.time()) // STEP
        step = max(now - 1, self.last_step + 1)
        if step > now + 1:
            return
        self.send("/sign-in/", page, number=CLERK, password=PASSWORD)
        half = self._once("/sign-in/next/", None, "")
        if half is not None and 'name="code"' in half[1]:
            self.last_step = step
            self.send("/sign-in/code/", half[1], code=str(hotp(SECRET, step)).zfill(6))

    def _once(self, path: str, body: bytes | None, kind: str) -> tuple[str, str] | None:
        headers = {"Content-Type": kind} if kind else {}
        try:
            request = urllib.request.Request(self.base + path, body, headers)
            with self.tally.request(), self.opener.open(request, timeout=LONGEST_REQUEST) as answer:
                found = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.tally.saw(f"page {error.code}")
            return None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.tally.saw(type(getattr(error, "reason", error)).__name__)
            return None
        self.tally.saw("200 page")
        return found


def _part(boundary: str, name: str, value: Any) -> bytes:
    if isinstance(value, tuple):
        file_name, content = value
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: text/csv\r\n\r\n'
        return bytes(head.encode() + content + b"\r\n")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
