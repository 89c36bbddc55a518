"""A real web process for tests about what it leaves behind; it speaks to this run's database and logs as in production."""

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import Any

from django.conf import settings

from crm.staff.models import User
from crm.tests.personas import browser
from crm.tests.worker import ROOT, until


class Visitor:
    """Somebody at a browser: follows redirects, keeps cookies, sends the page's own token with a form."""

    def __init__(self, base: str, user: User | None = None) -> None:
        self.base = base
        jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        if user is not None:
            name = settings.SESSION_COOKIE_NAME
            jar.set_cookie(_cookie(name, browser(user).cookies[name].value))

    def get(self, path: str, **parameters: str) -> tuple[str, str]:
        """The address one ends at, and the page."""
        return self._open(f"{path}?{urllib.parse.urlencode(parameters)}" if parameters else path, None)

    def post(self, path: str, token_from: str, **values: str) -> tuple[str, str]:
        """The same after sending a form of the page `token_from`."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', token_from)
        assert token is not None
        return self._open(path, urllib.parse.urlencode({**values, "csrfmiddlewaretoken": token[1]}).encode())

    def _open(self, path: str, body: bytes | None) -> tuple[str, str]:
        try:
            with self.opener.open(urllib.request.Request(self.base + path, data=body), timeout=120) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.url, refused.read().decode()


def _cookie(name: str, value: str) -> Cookie:
    # The jar writes a host without a dot so.
    place: dict[str, Any] = {"domain": "localhost.local", "domain_specified": False, "domain_initial_dot": False}
    return Cookie(0, name, value, None, False, **place, path="/", path_specified=True, secure=False, expires=None, discard=True,
                  comment=None, comment_url=None, rest={})  # fmt: skip


@contextmanager
def web(log: Path, *, threads: int = 2) -> Iterator[str]:
    """The base address of a web process that writes its log at INFO into this file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "crm.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", str(threads)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        environment = {**os.environ, "CRM_LOG_LEVEL": "INFO"}
        process = subprocess.Popen([*command, "--no-control-socket"], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(lambda: process.poll() is not None or _answers(port), 180, "the web process answers")
        assert process.poll() is None, log.read_text()[-3000:]
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    # The master listens before its worker has loaded anything.
    with suppress(OSError):
        return bool(urllib.request.urlopen(f"http://localhost:{port}/health/", timeout=5).status == 200)
    return False
