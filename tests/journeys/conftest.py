"""A served site and a real browser, for whole journeys."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as product
from django.db import connection
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from centres.models import User
from config.demo.sign_ins import code_of
from tests.conftest import CHROMIUM

PASSWORD = "a long enough password"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
PATIENCE = 30_000  # milliseconds; a busy machine is slow, and no journey says how fast it must be
expect.set_options(timeout=PATIENCE)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


def database_url() -> str:
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{named['NAME']}"
    login = f"{named['USER']}:{named['PASSWORD']}".rstrip(":")
    return f"postgres://{login}@{named['HOST']}:{named['PORT'] or 5432}/{named['NAME']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Served:
    address: str
    data_dir: Path


@pytest.fixture(scope="session")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One web process on the test database, for all journeys of this worker."""
    data_dir = tmp_path_factory.mktemp("served")
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": product.SECRET_KEY,
        "DATA_KEY": product.DATA_KEY.hex(),
    }
    command = [
        sys.executable,
        "-m",
        "daphne",
        "-v",
        "0",
        "-p",
        str(port),
        "config.asgi:application",
    ]
    log = (data_dir / "web.log").open("w")
    web = subprocess.Popen(
        command, cwd=product.BASE_DIR, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", web, data_dir / "web.log")
        yield Served(address, data_dir)
    finally:
        web.terminate()
        web.wait(10)
        log.close()


def wait_for(address: str, web: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            if web.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"the web process did not answer:\n{log.read_text()[-2000:]}")


@pytest.fixture
def site(transactional_db: None, served: Served, quiet_settings: None, settings: Any) -> str:
    """The address of the served site. Rows made by the test are seen there."""
    settings.DATA_DIR = served.data_dir
    settings.BOOKS_DIR = served.data_dir / "books"
    return served.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: while it runs it holds the event loop that other tests need."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_browser(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """open_browser(viewport=PHONE, locale="th"): a page of a browser of its own.

    A test fails on any error of a script and on any breach of the content security policy.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def make(viewport: dict[str, int] = PHONE, locale: str = "th") -> Page:
        context = browser.new_context(base_url=site, viewport=viewport, locale=locale)
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": locale, "url": site}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if "Security Policy" in said.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert not faults


def sign_in_as(page: Page, user: User) -> None:
    """Through the real doors: password, then one-time code."""
    user.set_password(PASSWORD)
    user.save()
    page.goto("/sign-in/")
    page.fill("#id_username", user.username)
    page.fill("#id_password", PASSWORD)
    page.click("main .btn.big")
    device = TOTPDevice.objects.get(user=user)
    code, _seconds = code_of(device)
    page.fill("#id_token", code)
    page.click("main .btn.big")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def look_for_barriers(page: Page) -> None:
    """Fail on any breach of WCAG 2.2 A or AA that axe can find."""
    wanted = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options={"runOnly": wanted})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
