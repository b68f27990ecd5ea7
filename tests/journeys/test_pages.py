"""Every page of every role, in both languages: no barrier, and nothing wider than a small phone.

The pages are those of a small examination played for this purpose and served, so each is looked at
as its users find it: with people, rooms, items and results in it.
"""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from config.demo.sign_ins import PASSWORD
from tests.journeys.conftest import free_port, look_for_barriers, wait_for

pytestmark = pytest.mark.browser

SIZE = 200
NARROW: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1280, "height": 900}
STAFF = (
    "proctor", "chief", "headquarters", "observer", "examiner", "integrity", "staff", "care",
    "auditor", "admin",
)  # fmt: skip
PASSED, FAILED, ABSENT, WISHING, OFFERED = range(5)  # the order of the demo's page
OWING, WAITING = -2, -1
# Not pages of their own: what is asked with POST, by a script, or of a run that goes on or that
# nobody has asked for in the demo, or that a small one has no cause for; files; and Django's
# admin, which is not ours to lay out.
NOT_WALKED = re.compile(
    r"^(admin/|language/|healthz$|home/$|command/[^/]+/.)"
    r"|(\.pdf|\.xlsx|/state/|/find/|/sync/|/ticket/|/progress/|/accept/|/commit/|/undo/|/cancel/|/analyse/|/scale/|/propose/|/sign/"
    r"|/draft/|/cards/|/open/|/make/|/hold/|/confirm/|/approve/|/back/|/envelope/|/release/|/withdraw/)$"
    r"|(/models/start/|/compare/|/begin/|/act/|/evidence/)$"
    r"|^(sign-out/|theme/|sign-in/code/|sign-in/second-factor/)$"
    r"|/(take-in|aside|settle|explain|take-back|again|enter|call-off)/$"
    r"|/(use-again|excuse|relative|publish|drop|choose)/$|\.zip$"
    r"|/(report|crossed)\.\w+$|/(remark|keep|difference|send)/$"
    r"|/(steer|rush|decide|sent|remove|everywhere|document)/$|^candidate/(queue/(join|state)|waiting/join|give-back)"
    r"|^sign-in/account/(app|code|password)/$"
    r"|^staff/sittings/\d+/allocate/|^candidate/seats/"
)


@dataclass(frozen=True)
class Demonstration:
    """A served examination."""

    address: str


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    folder, port = tmp_path_factory.mktemp("pages"), free_port()
    environment = {
        **os.environ, "DATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "SECRET_KEY": "a" * 64, "DATA_KEY": "b" * 64, "SERVE": "0", "SIZE": str(SIZE),
    }  # fmt: skip
    environment.pop("REDIS_URL", None)
    command = [sys.executable, "manage.py", "demo"]
    told = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    log = folder / "web.log"
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
    with log.open("w") as writing:
        web = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment | {"DEMO": "1"},
            stdout=writing, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", web, log)
            yield Demonstration(f"http://127.0.0.1:{port}")
        finally:
            web.terminate()
            web.wait(10)


@contextmanager
def visit(browser: Browser, demonstration: Demonstration) -> Iterator[Page]:
    """A browser of its own."""
    context = browser.new_context(base_url=demonstration.address, viewport=NARROW, locale="th")
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def speak(context: BrowserContext, locale: str, address: str) -> None:
    context.add_cookies([{"name": "django_language", "value": locale, "url": address}])


def come_in(page: Page, username: str) -> None:
    """With the code that the demo's own page shows at this moment."""
    page.goto("/demo/")
    row = page.locator("tr", has=page.get_by_role("rowheader", name=username, exact=True))
    code = row.get_by_role("cell", name=re.compile(r"^\d{6}$")).inner_text()
    page.goto("/sign-in/")
    page.fill("#id_username", username)
    page.fill("#id_password", PASSWORD)
    page.click("main .btn.big")
    page.fill("#id_token", code)
    page.click("main .btn.big")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def card_of(page: Page, story: int) -> tuple[str, str]:
    page.goto("/demo/")
    row = page.locator("table").nth(1).locator("tbody tr").nth(story)
    code = row.get_by_role("cell", name=re.compile(r"^\w{4}-\w{4}-\w{4}$"))
    return row.locator("th").inner_text(), code.inner_text()


def come_in_with_card(page: Page, story: int) -> None:
    number, code = card_of(page, story)
    page.goto("/sign-in/card/")
    page.fill("#id_number", number)
    page.fill("#id_code", code)
    page.click("main .btn.big")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def come_in_with_account(page: Page, address: str) -> None:
    """Password, then the digits that the demo's page shows instead of sending them."""
    page.goto("/sign-in/account/")
    page.fill("#id_address", address)
    page.fill("#id_password", PASSWORD)
    page.click("main .btn.big")
    page.goto("/demo/")
    newest = page.locator("table").last.locator("tbody tr").first.inner_text()
    digits = re.search(r"\b\d{6}\b", newest)
    assert digits, newest
    page.goto("/sign-in/account/code/")
    page.fill("#id_digits", digits[0])
    page.click("main .panel .btn.big")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def look_up(page: Page, number: str, code: str) -> None:
    """A result, without signing in."""
    page.goto("/results/lookup")
    typed = page.locator("main form input:visible")
    typed.nth(0).fill(number)
    typed.nth(1).fill(code)
    typed.nth(1).press("Enter")
    page.wait_for_load_state()


def pattern(address: str) -> str:
    """The address without its query, every number in it written as 0."""
    return re.sub(r"\d+", "0", urlsplit(address).path)


def links(page: Page) -> list[str]:
    found = page.evaluate(
        "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
    )
    here = urlsplit(page.url).netloc
    full = [urljoin(page.url, address) for address in found]
    return [urldefrag(a).url for a in full if urlsplit(a).netloc == here]


@dataclass
class Walk:
    """One visitor's way through every page that a link leads to; what is wrong is noted."""

    page: Page
    seen: set[str]
    faults: list[str]

    def from_here(self, *also: str) -> None:
        """One page of each pattern of addresses; those that others saw, for their links only."""
        here = [self.page.url, *(urljoin(self.page.url, address) for address in also)]
        waiting, known = deque(here), {pattern(address) for address in here}
        while waiting:
            address = waiting.popleft()
            if pattern(address) not in self.seen:
                self.look_at(address)
            else:
                self.page.goto(address)
            self.seen.add(pattern(address))
            for link in links(self.page):
                if pattern(link) not in known and not NOT_WALKED.search(urlsplit(link).path[1:]):
                    known.add(pattern(link))
                    waiting.append(link)

    def look_at(self, address: str) -> None:
        """In Thai on a small phone, in English on a desk."""
        for locale, size in (("th", NARROW), ("en", WIDE)):
            speak(self.page.context, locale, address)
            self.page.set_viewport_size(size)
            answer = self.page.goto(address)
            if answer is None or not answer.ok:
                self.faults.append(f"{address} answers {answer and answer.status}")
                return
            self.look_here()

    def look_here(self) -> None:
        """At what is shown now."""
        where = f"{self.page.url} ({self.page.locator('html').get_attribute('lang')})"
        if self.page.locator("h1").count() != 1:
            self.faults.append(f"{where} has not one heading")
        try:
            look_for_barriers(self.page)
        except AssertionError as barrier:
            self.faults.append(str(barrier))
        self.page.set_viewport_size(NARROW)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            self.faults.append(f"{where} is {width} wide")


def test_every_page_of_every_role_can_be_used_by_everybody(
    browser: Browser, demonstration: Demonstration
) -> None:
    seen: set[str] = set()
    faults: list[str] = []
    with visit(browser, demonstration) as page:
        page.goto("/")
        Walk(page, seen, faults).from_here("/results/lookup", "/sign-in/", "/demo/")
        look_up(page, *card_of(page, PASSED))
        Walk(page, seen, faults).look_here()
    for username in STAFF:
        with visit(browser, demonstration) as page:
            come_in(page, username)
            page.goto("/account/")
            Walk(page, seen, faults).from_here()
    for story in (PASSED, WISHING, FAILED, ABSENT):
        with visit(browser, demonstration) as page:
            come_in_with_card(page, story)
            walk = Walk(page, seen, faults)
            walk.look_at(f"{demonstration.address}/candidate/")
            walk.look_at(f"{demonstration.address}/my/result/")
            walk.from_here("/candidate/", "/candidate/wishes/")
            if story == PASSED:
                walk.from_here("/candidate/card/")
    for story in (OFFERED, OWING, WAITING):
        with visit(browser, demonstration) as page:
            come_in_with_card(page, story)
            Walk(page, seen, faults).from_here("/candidate/", "/candidate/queue/")
    with visit(browser, demonstration) as page:
        come_in_with_account(page, "newcomer0@example.com")
        Walk(page, seen, faults).from_here("/register/")
    pages = {f"/{route}" for route in routes() if not NOT_WALKED.search(route)}
    missed = [f"{address} was never reached" for address in sorted(pages - seen)]
    assert not faults + missed, "\n".join(faults + missed)


def routes() -> set[str]:
    """Every address that the system answers, but the admin's, with 0 for what varies."""

    def within(entries: Sequence[object], before: str) -> Iterator[str]:
        for entry in entries:
            route = before + str(getattr(entry, "pattern", ""))
            if isinstance(entry, URLPattern):
                yield re.sub(r"<[^>]+>", "0", route)
            elif isinstance(entry, URLResolver) and not route.startswith("admin"):
                yield from within(entry.url_patterns, route)

    return set(within(get_resolver().url_patterns, ""))
