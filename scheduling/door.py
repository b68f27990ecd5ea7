"""The narrow door of opening day, in groups: seats held, confirmed, given back; line and list.

It stands before Django, because a page's whole way through it costs more than the seat. It only
takes what it fully knows: a same-origin POST of a signed-in session. Anything else goes on to the
view at the same address, which does the same one by one.
"""

import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.http.request import validate_host
from django.utils import timezone, translation

from centres.common import errors as common_errors
from centres.common.errors import DomainError
from scheduling import booking_errors, errors
from scheduling.actions.ground import Held
from scheduling.grouping import Act, Answer, Knock, NotSignedIn, grouper
from scheduling.line_ticket import TICKET, TICKET_FOR, read_ticket, ticket_of
from scheduling.models import QueuePlace
from scheduling.queries.lines import known_line_soon

HOLD: Final = "/candidate/hold/"
CONFIRM: Final = "/candidate/confirm/"
GIVE_BACK: Final = "/candidate/give-back/"
JOIN: Final = "/candidate/queue/join/"
WAIT: Final = "/candidate/waiting/join/"
STATE: Final = "/candidate/queue/state"
ADDRESSES: Final = (HOLD, CONFIRM, GIVE_BACK, JOIN, WAIT, STATE)
LARGEST_BODY: Final = 4096
SAID_FOR: Final = 600  # seconds that a refusal can be shown on the page it leads to
GIVEN_BACK: Final = "given_back"
_SALT: Final = "scheduling.door"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]


class Reply(NamedTuple):
    """What goes back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class BookingDoor:
    """Answers the addresses above and hands every other request on."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in ADDRESSES:
            await self.app(scope, receive, send)
            return
        head = _Head(scope)
        if scope["path"] == STATE:
            await _send(send, await _state(head))
        elif not head.is_known:
            await self.app(scope, receive, send)
        else:
            body = await _body(receive)
            await _send(send, Reply(413) if body is None else await _write(head, body))


class _Head:
    """What the head of a request says, as far as the door needs it."""

    def __init__(self, scope: Scope) -> None:
        self.path, self.method = scope["path"], scope["method"]
        self.said = dict(scope["headers"])
        self.cookies = _cookies(self.said.get(b"cookie", b"").decode("latin-1"))
        self.session = self.cookies.get(settings.SESSION_COOKIE_NAME, "")
        self.wants_json = self.said.get(b"accept", b"").startswith(b"application/json")
        self.is_json = self.said.get(b"content-type", b"").startswith(b"application/json")

    @property
    def is_known(self) -> bool:
        """Whether the door may answer: signed in, and sent by a page of ours.

        Browsers say with every POST from which origin it comes; that it is ours is what keeps
        others from sending it. Where it is not said, the view's own token must.
        """
        host = self.said.get(b"host", b"").decode("latin-1")
        scheme = "https" if settings.HTTPS else "http"
        origin = self.said.get(b"origin", b"").decode("latin-1")
        safe = not settings.HTTPS or self.said.get(b"x-forwarded-proto") == b"https"
        name = host.rpartition(":")[0] if host[-1:].isdigit() and ":" in host else host
        return (
            self.method == "POST"
            and safe
            and bool(self.session)
            and origin == f"{scheme}://{host}"
            and validate_host(name, settings.ALLOWED_HOSTS)
        )

    @property
    def language(self) -> str:
        chosen = self.cookies.get(settings.LANGUAGE_COOKIE_NAME, "")
        return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _cookies(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name: value.strip('"') for name, _equals, value in pairs}


# --- writing -----------------------------------------------------------------------------------


async def _write(head: _Head, body: bytes) -> Reply:
    fields = read_fields(body, is_json=head.is_json)
    knock = knock_of(head.path, head.session, fields)
    answer = await grouper().answer(knock)
    with translation.override(head.language):
        return reply_to(answer, knock, wants_json=head.wants_json)


def read_fields(body: bytes, *, is_json: bool) -> dict[str, str]:
    """The fields of a form or of a flat JSON object; none of them when it is neither."""
    try:
        if is_json:
            read = json.loads(body)
            return {str(name): str(value) for name, value in read.items()}
        fields = parse_qs(body.decode("ascii"), max_num_fields=10)
    except (ValueError, AttributeError):
        return {}
    return {name: values[0] for name, values in fields.items()}


def knock_of(path: str, session: str, fields: dict[str, str]) -> Knock:
    """What a request asks for. A key that is none makes a hold that nobody can get."""
    number = {name: _number(fields.get(name, "")) for name in _NUMBERS}
    if path == JOIN:
        return Knock(session, sitting=number["sitting"])
    if path == WAIT:
        return Knock(
            session, sitting=number["sitting"], scope=fields.get("scope", "")[:10],
            centre=number["centre"], exam_session=number["session"],
            within_km=min(number["km"], 32_000),
        )  # fmt: skip
    room = number["room_session"]
    if path == GIVE_BACK:
        return Knock(session, room, booking=number["booking"])
    if path == CONFIRM:
        return Knock(session, room, number["confirm"])
    try:
        key = UUID(fields.get("key", ""))
    except ValueError:
        key = UUID(int=0)
    return Knock(session, room, number["seat"], key)


_NUMBERS: Final = (
    "sitting", "room_session", "seat", "confirm", "booking", "centre", "session", "km",
)  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def reply_to(answer: Answer, knock: Knock, *, wants_json: bool) -> Reply:
    """The answer as the sender reads it: JSON, or the way to the page that shows it."""
    if isinstance(answer, NotSignedIn):
        there = f"/sign-in/card/?{urlencode({'next': page_of(knock), 'unsent': 1})}"
        return _json({"code": "not_signed_in", "next": there}, 401) if wants_json else _go(there)
    if isinstance(answer, DomainError):
        if wants_json:
            return _json({"code": answer.code, "message": str(answer)}, answer.status)
        return _go(f"{page_of(knock)}?{urlencode({'said': said_by(answer)})}")
    cookie = _ticket(answer, knock.session) if isinstance(answer, QueuePlace) else ()
    if not wants_json:
        return _go(_next_page(knock), *cookie)
    if isinstance(answer, Held):
        return _json({"booking": answer.booking, "seat": answer.label, "state": answer.state,
                      "until": answer.until}, 200)  # fmt: skip
    return _json({"joined_at": answer.joined_at}, 200, *cookie)


def page_of(knock: Knock) -> str:
    """The page that shows what became of a request."""
    match knock.act:
        case Act.JOIN_LINE:
            return "/candidate/queue/"
        case Act.JOIN_LIST:
            return "/candidate/waiting/"
        case Act.GIVE_BACK:
            return "/candidate/"
    return f"/candidate/seats/{knock.room_session}/"


def _next_page(knock: Knock) -> str:
    """Where somebody goes on whose wish was granted."""
    if knock.act is Act.GIVE_BACK:
        given = signing.dumps([GIVEN_BACK, {}], salt=_SALT, compress=True)
        return f"/candidate/?{urlencode({'said': given})}"
    return "/candidate/" if knock.act is Act.CONFIRM else page_of(knock)


def said_by(refusal: DomainError) -> str:
    """A refusal as a signed word that an address can carry; nobody else can put words there."""
    facts = json.loads(json.dumps(refusal.facts, cls=DjangoJSONEncoder))
    return signing.dumps([refusal.code, facts], salt=_SALT, compress=True)


def is_given_back(signed: str) -> bool:
    """Whether an address says that a seat was given back just now."""
    return _said(signed) == (GIVEN_BACK, {})


def _said(signed: str) -> tuple[str, dict[str, Any]]:
    try:
        code, facts = signing.loads(signed, salt=_SALT, max_age=SAID_FOR)
    except signing.BadSignature:
        return "", {}
    return code, facts


def refusal_said(signed: str) -> DomainError | None:
    """The refusal that an address carries; None when it carries none, or an old one."""
    code, facts = _said(signed)
    known = {one.code: one for module in _MODULES for one in _errors_in(module)}
    if code not in known:
        return None
    return known[code](**{name: _moment(value) for name, value in facts.items()})


_MODULES: Final = (common_errors, errors, booking_errors)


def _errors_in(module: Any) -> list[type[DomainError]]:
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, DomainError)
    ]


def _moment(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


# --- the line, from memory ---------------------------------------------------------------------


def _ticket(place: QueuePlace, session: str) -> tuple[tuple[bytes, bytes], ...]:
    """The header that gives a browser its place in hand."""
    secure = "; Secure" if settings.HTTPS else ""
    life = f"Path=/; Max-Age={TICKET_FOR}; HttpOnly; SameSite=Lax{secure}"
    cookie = f"{TICKET}={ticket_of(place, session)}; {life}"
    return ((b"set-cookie", cookie.encode()),)


async def _state(head: _Head) -> Reply:
    """Where the holder of a ticket stands. No database, no session; at most a second old."""
    if head.method not in ("GET", "HEAD"):
        return Reply(405)
    ticket = read_ticket(head.cookies.get(TICKET, ""), head.session)
    if ticket is None:
        return _json({"code": "no_ticket"}, 404)
    sitting, order = ticket
    at = timezone.now()
    line = await known_line_soon(sitting, at, time.monotonic())
    if line is None:
        return _json({"code": "no_queue"}, 404)
    standing = line.standing(order, at)
    return _json(
        {
            "position": standing.position, "ahead": standing.ahead, "people": standing.people,
            "is_drawn": standing.is_drawn, "is_in": standing.is_in, "turn_at": standing.turn_at,
            "opens_at": standing.opens_at, "per_minute": standing.per_minute,
            "now": at,
        },
        200,
    )  # fmt: skip


# --- sending -----------------------------------------------------------------------------------

_HEADERS: Final = (
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"vary", b"Cookie"),
)


def _json(said: dict[str, Any], status: int, *headers: tuple[bytes, bytes]) -> Reply:
    body = json.dumps(said, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
    kind = (b"content-type", b"application/json; charset=utf-8")
    busy = ((b"retry-after", b"2"),) if status == 429 else ()
    return Reply(status, body, (kind, *busy, *headers))


def _go(address: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(303, b"", ((b"location", address.encode()), *headers))


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


async def _send(send: Send, reply: Reply) -> None:
    length = (b"content-length", str(len(reply.body)).encode())
    headers = [*_HEADERS, length, *reply.headers]
    if settings.HTTPS:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
