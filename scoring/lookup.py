"""The door to results: number and code in, one page out, from the mapped book alone.

No database, no session, no sign-in. A wrong number and a wrong code get the same answer after the
same work. Nothing secret is in an address: number and code come in the body of a POST.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from centres.common.identity import AccessCodeWrong, derived_key, typed_code, typed_number
from scoring.book.pointer import Released, pointer_mark, read_pointer
from scoring.book.sealed import Book, NoSuchResult
from scoring.facts import BOOK_PEPPER, Edition, Personal, Result

ADDRESS: Final = "/results/lookup"
LARGEST_BODY: Final = 4096
PLACE: Final = "[the result stands here]"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]


class TooManyTries(Exception):
    """Too many tries for one number or from one network; `wait` seconds until the next."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


# --- the books that are out -----------------------------------------------------------------------


@dataclass(frozen=True)
class OpenBook:
    book: Book
    released: Released
    edition: Edition

    def result_of(self, number: str, code: str) -> Result:
        body = self.book.read(
            number, code, pepper=derived_key(BOOK_PEPPER), release_key=self.released.release_key
        )
        return Result(self.edition, Personal.from_bytes(body))


class Shelf:
    """The released books, mapped; looks at the pointer on every question and follows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark: object = None
        self._open: list[OpenBook] = []
        self._turn = threading.Lock()

    def books(self) -> list[OpenBook]:
        """The books that are out at this moment."""
        mark = pointer_mark(self.folder)
        if mark != self._mark:
            with self._turn:
                if mark != self._mark:
                    self._open = [self._map(released) for released in read_pointer(self.folder)]
                    self._mark = mark
        return self._open

    def _map(self, released: Released) -> OpenBook:
        book = Book(self.folder / released.book)
        return OpenBook(book, released, Edition.from_bytes(book.preface(released.release_key)))

    def find(self, number: str, code: str) -> Result:
        """The result of this number and code. NoSuchResult, whichever of the two was wrong."""
        found: Result | None = None
        for book in self.books():  # all of them, so that the answer takes the same time
            try:
                found = book.result_of(number, code)
            except NoSuchResult:
                continue
        if found is None:
            raise NoSuchResult
        return found


shelves: dict[Path, Shelf] = {}


def shelf() -> Shelf:
    """The shelf of this installation."""
    folder = Path(settings.BOOKS_DIR)
    return shelves.setdefault(folder, Shelf(folder))


# --- guessing is slow -----------------------------------------------------------------------------


@dataclass
class Bucket:
    """Tokens that come back with time. One try takes one token."""

    size: float
    per_second: float
    most_keys: int = 200_000
    _kept: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, key: str, now: float) -> None:
        """Take one token. TooManyTries when there is none."""
        tokens, since = self._kept.pop(key, (self.size, now))
        tokens = min(self.size, tokens + (now - since) * self.per_second)
        allowed = tokens >= 1
        self._kept[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._kept) > self.most_keys:
            self._kept.popitem(last=False)
        if not allowed:
            raise TooManyTries((1 - tokens) / self.per_second)


# By number first: Thai phones share addresses, so a network may ask a hundred times as often.
by_number = Bucket(size=5, per_second=5 / 60)
by_network = Bucket(size=600, per_second=10)


def network_of(address: str) -> str:
    """The network a guesser would have to leave: /24 of IPv4, /48 of IPv6."""
    try:
        bits = 24 if ip_address(address).version == 4 else 48
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{bits}", strict=False))


# --- the answer -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What goes back: an HTTP status, a page, how long to wait, and a language to remember."""

    status: int
    page: bytes
    retry_after: int = 0
    language: str = ""


def ask(number: str, code: str, *, address: str, now: float) -> Result:
    """Find a result. NoSuchResult or TooManyTries."""
    number = typed_number(number)[:20]
    by_network.take(network_of(address), now)
    by_number.take(number, now)
    try:
        return shelf().find(number, typed_code(code))
    except AccessCodeWrong:
        return shelf().find(number, "")


def answer(number: str, code: str, *, address: str, language: str, now: float) -> Answer:
    """The whole answer to one question, as a page in the asker's language."""
    with translation.override(language):
        try:
            result = ask(number, code, address=address, now=now)
        except NoSuchResult:
            return Answer(404, form_page(problem="unknown", number=number))
        except TooManyTries as often:
            wait = int(often.wait) + 1
            return Answer(429, form_page(problem="often", number=number, wait=wait), wait)
        return Answer(200, result_page(result))


def form_page(**context: Any) -> bytes:
    """The page that asks for number and code, in the active language."""
    released = bool(pointer_mark(Path(settings.BOOKS_DIR)) and shelf().books())
    return _page("scoring/lookup.html", is_released=released, **context)


def result_page(result: Result) -> bytes:
    """A result in the frame of every page. The frame is made once for each language."""
    before, after = _frame(translation.get_language() or "th", settings.DEMO)
    return before + render_to_string("scoring/_result.html", {"result": result}).encode() + after


@lru_cache(maxsize=16)
def _frame(language: str, demo: bool) -> tuple[bytes, bytes]:
    """What stands before and after a result on its page, in the language that is active."""
    before, _place, after = _page("scoring/lookup_result.html", place=PLACE).partition(
        PLACE.encode()
    )
    return before, after


def _page(template: str, **context: Any) -> bytes:
    frame = {"theme": "light", "lookup_address": ADDRESS, "is_demo": settings.DEMO}
    return render_to_string(template, frame | context).encode()


HEADERS: Final = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        b" form-action 'self'; frame-ancestors 'none'",
    ),
    (b"vary", b"Cookie"),
)


class ResultLookup:
    """Answers /results/lookup itself and hands every other address on."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == ADDRESS and not _is_open_air(scope):
            reply = await self._reply(scope, receive)
            await _send(send, reply, with_body=scope["method"] != "HEAD")
        else:
            await self.app(scope, receive, send)

    async def _reply(self, scope: Scope, receive: Receive) -> Answer:
        language = language_of(scope["headers"])
        if scope["method"] in ("GET", "HEAD"):
            chosen = _chosen_language(scope["query_string"])
            with translation.override(chosen or language):
                return Answer(200, form_page(), language=chosen)
        if scope["method"] != "POST":
            return Answer(405, b"")
        body = await _body(receive)
        if body is None:
            return Answer(413, b"")
        fields = _fields(body)
        number, code = (fields.get(name, [""])[0] for name in ("number", "code"))
        address = (scope.get("client") or ("", 0))[0]
        return answer(number, code, address=address, language=language, now=time.monotonic())


def _is_open_air(scope: Scope) -> bool:
    """Whether a code would travel unencrypted where it must not; the pages then point to HTTPS."""
    by = dict(scope["headers"]).get(b"x-forwarded-proto", b"https")
    return bool(settings.HTTPS) and by != b"https"


def _chosen_language(query: bytes) -> str:
    """A language asked for by the switch on the page; nothing else is ever read from an address."""
    asked = _fields(query).get("language", [""])[0]
    return asked if asked in dict(settings.LANGUAGES) else ""


def _fields(text: bytes) -> dict[str, list[str]]:
    """The fields of a form; none of them when there are more than any honest form has."""
    try:
        return parse_qs(text.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return {}


async def _body(receive: Receive) -> bytes | None:
    """The whole body of a request; None when it is larger than any honest one."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY or message["type"] == "http.disconnect":
            return None
    return body


async def _send(send: Send, reply: Answer, *, with_body: bool) -> None:
    headers = [*HEADERS, (b"content-length", str(len(reply.page)).encode())]
    if settings.HTTPS:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    if reply.retry_after:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    if reply.language:
        cookie = f"{settings.LANGUAGE_COOKIE_NAME}={reply.language}; Path=/; SameSite=Lax"
        headers.append((b"set-cookie", cookie.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.page if with_body else b""})


def language_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The language of the reader's cookie; Thai unless it is one of the others we speak."""
    spoken = {code for code, _name in settings.LANGUAGES}
    for name, value in headers:
        if name == b"cookie":
            cookie = SimpleCookie(value.decode("latin-1")).get(settings.LANGUAGE_COOKIE_NAME)
            if cookie and cookie.value in spoken:
                return cookie.value
    return settings.LANGUAGE_CODE
