"""Chromium for tests that must see a page: `from crm.ui.tests.browser import chromium, open_page` in the test module.

`open_page(path, user=…, width=1366, theme="light", language="zh-hans", scripts=True)` answers a Playwright page that is signed in; at
the end the test fails on any policy violation, console error or page error. Skipped with a sentence where there is no Chromium.
"""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from playwright.sync_api import Browser, Page, sync_playwright

from crm.tests.personas import browser

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WATCH = """document.addEventListener("securitypolicyviolation", e =>
    console.error("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber))"""
HEIGHTS = {390: 844, 1366: 768, 1920: 1080}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


_serve = StaticFilesHandlerMixin.serve


def _serve_to_be_kept(handler: StaticFilesHandlerMixin, request: HttpRequest) -> HttpResponseBase:
    """Styles and scripts are kept by the browser from page to page, as in production, where their names carry their digests."""
    answer = _serve(handler, request)
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


StaticFilesHandlerMixin.serve = _serve_to_be_kept  # type: ignore[method-assign,assignment]


def executable() -> str | None:
    """Where Chromium is, if it is."""
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module: each module imports this fixture, and two drivers in one process cannot stand beside each other."""
    path = executable()
    if path is None:
        pytest.skip("There is no Chromium here: `apt-get install chromium libatomic1 fonts-wqy-microhei` brings it.")
    # While the driver's event loop runs, Django keeps this thread's connections in another place: what was opened before it would stay
    # open behind the database's back when the test's database is renewed, and be found dead by the next module.
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
    connections.close_all()


@pytest.fixture
def open_page(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open a page of the product as somebody."""
    contexts: list[Any] = []
    heard: list[str] = []

    def go(
        path: str, *, user: Any = None, width: int = 1366, theme: str = "light", language: str = "zh-hans", scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 768)},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
            base_url=live_server.url,
        )
        contexts.append(context)
        cookies = [(settings.LANGUAGE_COOKIE_NAME, language)]
        if user is not None:
            client = browser(user)
            cookies.append((settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value))
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("console", lambda said: heard.append(f"{said.text} {said.location}") if is_complaint(said) else None)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert heard == [], f"the browser complained: {heard}"


def is_complaint(said: Any) -> bool:
    """Whether the console speaks of an error of the page; a text without a head asks for /favicon.ico, which no page of ours names."""
    return said.type == "error" and not str(said.location.get("url", "")).endswith("/favicon.ico")


def fits(page: Page) -> bool:
    """Whether the page does not scroll sideways."""
    return not page.evaluate(SIDEWAYS)
