"""A living sample book behind a real server, and people who look at it through a real browser.

The sample book is loaded once; each file of tests is served a copy of its own, so that what one file does
to its book is never seen by another, whatever their order.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright: pip install -e '.[browser]'")

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

from tests.daytime import zone_of_late_morning

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def _and_arrive(act: Callable[..., None]) -> Callable[..., None]:
    """The same act, and then wait until the page that it led to is whole.

    Playwright's own click returns when another page has begun to arrive; what is read of it in that moment is nothing.
    """

    @wraps(act)
    def acted(of: Page | Locator, *arguments: Any, **options: Any) -> None:
        act(of, *arguments, **options)
        (of.page if isinstance(of, Locator) else of).wait_for_load_state()

    return acted


for _hand in (Page, Locator):
    for _act in ("click", "press"):
        setattr(_hand, _act, _and_arrive(getattr(_hand, _act)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@dataclass(frozen=True, slots=True)
class House:
    """The server's address, the password of each role, and the lender's zone."""

    address: str
    passwords: dict[str, str]
    zone: str = "Asia/Shanghai"


@dataclass
class Visitor:
    """Somebody at a browser. `complaints` are what the browser says of the page: scripts that failed, rules that were broken."""

    house: House
    page: Page
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        # An answer of 4xx to a form that is to be mended is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        self.page.goto(self.house.address + path)
        return self.page

    def log_in(self, role: str) -> Page:
        self.go("/login")
        self.page.fill("[name=username]", role)
        self.page.fill("[name=password]", self.house.passwords[role])
        self.page.click("main button.primary")
        self.page.wait_for_url(self.house.address + "/")
        return self.page

    def loan(self, view: str) -> str:
        """The path of the first loan of a list."""
        self.go(f"/loans{view}")
        path = self.page.locator("tbody a").first.get_attribute("href")
        assert path is not None
        return path


Visit = Callable[..., Visitor]


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample book as it was loaded: the database that is copied, the password of each role, and the lender's zone."""

    database: str
    passwords: dict[str, str]
    zone: str


@pytest.fixture(scope="session")
def sample(database_server: Any) -> Iterator[Sample]:
    from django.db import connection

    from holdfast.database.connection import point_django_at, transaction
    from holdfast.sample import load

    name, zone = database_server.copy(), zone_of_late_morning()
    urls = database_server.urls(name)
    before = os.environ.pop("DATABASE_URL", None)
    os.environ["DATABASE_URL"] = urls.owner
    point_django_at(urls.app)
    try:
        with transaction() as db:
            logins = load(db, zone=zone)
    finally:
        connection.close()
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before
    yield Sample(name, {login[0]: login[2] for login in logins}, zone)
    database_server.drop(name)


@pytest.fixture(scope="module")
def house(database_server: Any, sample: Sample) -> Iterator[House]:
    """A copy of the sample book, with web server and worker."""
    name = database_server.copy(sample.database)
    try:
        with served(database_server.urls(name).owner) as address:
            yield House(address, sample.passwords, sample.zone)
    finally:
        database_server.drop(name)


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """Web server and worker of that database, for as long as the block runs; their address."""
    port = _free_port()
    command = [sys.executable, "-m", "holdfast.cli.main", "serve", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database_url}, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(house: House, browser: Browser) -> Iterator[Visit]:
    """Somebody at a browser of a given width and language, logged in in a role; at the end the browser must have had nothing to say."""
    visitors: list[Visitor] = []

    def arrive(role: str | None = None, *, width: int = 1440, language: str = "en", dark: bool = False) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 768 else 900},
            locale={"zh": "zh-CN", "en": "en-GB"}[language],
            color_scheme="dark" if dark else "light",
        )
        visitor = Visitor(house, context.new_page())
        visitor.page.set_default_timeout(60_000)
        visitor.page.on("console", visitor.hear)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitors.append(visitor)
        if role is not None:
            visitor.log_in(role)
        return visitor

    yield arrive
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.page.context.close()
    assert complaints == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
