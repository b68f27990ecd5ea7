"""The frames a console may send and hear: version 1, one JSON object per WebSocket message.

Up:   `hello` `ev` `held` `need` `seen` `ping`
Down: `welcome` `snap` `evs` `ok` `no` `clock` `wall` `bye`

`parse` turns a frame into a command or raises FrameError with a code and the place of the
fault; nothing else of the server ever reads raw JSON from a device.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from proctoring.live.events import ROLES, Body, Fact

VERSION: Final = 1
MAX_FRAME: Final = 128 * 1024
MAX_EVENTS: Final = 200
MAX_NUMBER: Final = 2**53 - 1
MAX_ROOMS: Final = 64
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDENTITY: Final = re.compile(r"\d[\d -]{11,16}\d")


class FrameError(Exception):
    """A frame that is not in the language; `code` says why, `where` which part."""

    def __init__(self, code: str, where: str = "", id_: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code
        self.where = where
        self.id = id_


class Claim(NamedTuple):
    """A fact as a device sends it: who sent it is known to the server alone."""

    id: str
    room: int
    type: str
    body: Body
    at: int
    dseq: int
    base: int

    def fact(self, actor: int, role: str, device: int | None) -> Fact:
        """The fact, with who states it, in which role, on which device."""
        return Fact(*self[:5], actor, role, device, self.dseq, self.base)


class Known(NamedTuple):
    """What a device already holds of a room: events up to `since`, ending in `head`."""

    room: int
    since: int
    head: str


@dataclass(frozen=True, slots=True)
class Hello:
    device: str
    epoch: str
    rooms: tuple[Known, ...]
    t0: int
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    items: tuple[Claim, ...]


class Kept(NamedTuple):
    """An event as the server once told it, with the proof that it did."""

    seq: int
    id: str
    type: str
    body: Body
    at: int
    actor: int | None
    role: str
    proof: str

    def words(self) -> dict[str, Any]:
        """What was told, without the proof."""
        return dict(zip(self._fields[:-1], self[:-1], strict=True))


@dataclass(frozen=True, slots=True)
class Held:
    """What a device still holds of a room that a restored database may lack."""

    room: int
    events: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Need:
    room: int
    since: int


@dataclass(frozen=True, slots=True)
class Seen:
    room: int
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    t0: int


Command = Hello | Claims | Held | Need | Seen | Ping
Reader = Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _positive(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_NUMBER


def _minutes(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 600


def _bool(value: Any) -> bool:
    return type(value) is bool


def _uuid(value: Any) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def _code(limit: int) -> Reader:
    """Text made by a machine, such as a hash."""
    return lambda value: isinstance(value, str) and len(value) <= limit and value.isprintable()


def _text(limit: int) -> Reader:
    """Text of at most `limit` characters that holds no thirteen-digit identity number."""

    def reads(value: Any) -> bool:
        fits = isinstance(value, str) and len(value) <= limit and "\x00" not in value
        return fits and IDENTITY.search(value) is None

    return reads


def _word(*words: str) -> Reader:
    return lambda value: isinstance(value, str) and value in words


INCIDENT_KINDS: Final = (
    "phone", "note_found", "talking", "ill", "noise", "power", "paper", "identity", "help", "other",
)  # fmt: skip
OUT_REASONS: Final = ("toilet", "ill", "centre")
_SEAT: Final[dict[str, Reader]] = {"booking": _positive}
_WHY: Final[dict[str, Reader]] = {"why?": _text(300)}
# A command from above carries a number of its own, which the room acknowledges as read.
_FROM_ABOVE: Final[dict[str, Reader]] = {"command?": _uuid}

# What each kind of event may carry; a name ending in ? may be left out.
BODIES: Final[dict[str, dict[str, Reader]]] = {
    "seat.check_in": {**_SEAT, "card?": _code(200)},
    "seat.id_verify": {**_SEAT, "match": _bool, **_WHY},
    "seat.refuse": {**_SEAT, **_WHY},
    "seat.seat": _SEAT,
    "seat.move": {**_SEAT, "seat": _text(6), **_WHY},
    "seat.out": {**_SEAT, "reason?": _word(*OUT_REASONS)},
    "seat.back": _SEAT,
    "seat.absent": _SEAT,
    "seat.start": _SEAT,
    "seat.submit": {**_SEAT, "sheet?": _text(20)},
    "seat.withdraw": {**_SEAT, **_WHY},
    "seat.suspect": {**_SEAT, **_WHY},
    "seat.disqualify": {**_SEAT, "second": _positive, **_WHY},
    "seat.extra_time": {**_SEAT, "minutes": _minutes, **_WHY},
    "room.open": {},
    "room.brief": {},
    "room.start": {"everybody?": _bool, **_FROM_ABOVE},
    "room.pause": {**_WHY, **_FROM_ABOVE},
    "room.resume": {**_WHY, **_FROM_ABOVE},
    "room.extend": {"minutes": _minutes, **_WHY, **_FROM_ABOVE},
    "room.evacuate": {**_WHY, **_FROM_ABOVE},
    "room.notice": {"text": _text(300), **_FROM_ABOVE},
    "room.return": _WHY,
    "room.time_up": {},
    "room.reconcile": {},
    "room.seal": {"second": _positive},
    "room.close": {},
    "room.abort": _WHY,
    "incident.open": {"kind": _word(*INCIDENT_KINDS), "booking?": _positive, "note?": _text(500)},
    "incident.note": {"incident": _uuid, "note": _text(500)},
    "incident.close": {"incident": _uuid, "note?": _text(500)},
    "note.read": {"note": _uuid},
    "correct": {"of": _positive, "booking?": _positive, **_WHY},
}


def parse(text: str | bytes) -> Command:
    """The command of one frame, or FrameError: not_json, too_big, version, frame or schema."""
    return command(_decoded(text))


def command(frame: Mapping[str, Any]) -> Command:
    """The command of one decoded frame."""
    kind = frame.get("t")
    if not isinstance(kind, str) or kind not in READERS:
        raise FrameError("frame", "t")
    return READERS[kind](frame)


def _decoded(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_FRAME:
        raise FrameError("too_big")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError("not_json") from error
    if not isinstance(frame, dict):
        raise FrameError("not_json")
    return frame


def _field(frame: Mapping[str, Any], name: str, reads: Reader, default: Any = None) -> Any:
    value = frame.get(name, default)
    if not reads(value):
        raise FrameError("schema", name)
    return value


def _hello(frame: Mapping[str, Any]) -> Hello:
    if frame.get("v") != VERSION:
        raise FrameError("version", "v")
    rooms = frame.get("rooms")
    if not isinstance(rooms, list) or not 1 <= len(rooms) <= MAX_ROOMS:
        raise FrameError("schema", "rooms")
    return Hello(
        _field(frame, "device", _uuid),
        _field(frame, "epoch", _code(64), ""),
        tuple(_known(room) for room in rooms),
        _field(frame, "t0", _whole, 0),
        _field(frame, "ticket", _code(96), ""),
    )


def _known(value: Any) -> Known:
    if not isinstance(value, dict):
        raise FrameError("schema", "rooms")
    return Known(
        _field(value, "room", _positive),
        _field(value, "since", _whole, 0),
        _field(value, "head", _code(64), ""),
    )


def _claims(frame: Mapping[str, Any]) -> Claims:
    """One event in the frame itself, or up to 200 in its `events`."""
    items = frame.get("events", [frame])
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_EVENTS:
        raise FrameError("schema", "events")
    return Claims(tuple(claim(item) for item in items))


def claim(item: Any) -> Claim:
    """One claimed event, every part of it checked."""
    if not isinstance(item, dict):
        raise FrameError("schema", "events")
    id_ = _field(item, "id", _uuid)
    try:
        return Claim(
            id_,
            _field(item, "room", _positive),
            _field(item, "type", _kind),
            body_of(item["type"], item.get("body", {})),
            _field(item, "at", _whole),
            _field(item, "dseq", _positive),
            _field(item, "base", _whole),
        )
    except FrameError as error:
        raise FrameError(error.code, error.where, id_) from error


def _kind(value: Any) -> bool:
    return isinstance(value, str) and value in BODIES


def body_of(type_: str, body: Any) -> Body:
    """The body of an event of this type: exactly the fields its kind may carry."""
    if not isinstance(body, dict):
        raise FrameError("schema", "body")
    fields = BODIES[type_]
    for name, reads in fields.items():
        plain = name.rstrip("?")
        if plain in body:
            if not reads(body[plain]):
                raise FrameError("schema", f"body.{plain}")
        elif plain == name:
            raise FrameError("schema", f"body.{plain}")
    for name in body:
        if name not in fields and f"{name}?" not in fields:
            raise FrameError("schema", "body")
    return body


def _held(frame: Mapping[str, Any]) -> Held:
    items = frame.get("events")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_EVENTS:
        raise FrameError("schema", "events")
    return Held(_field(frame, "room", _positive), tuple(_kept(item) for item in items))


def _kept(item: Any) -> Kept:
    """One event told before; that its body is what it was, its proof alone can say."""
    if not isinstance(item, dict):
        raise FrameError("schema", "events")
    id_ = _field(item, "id", _uuid)
    try:
        return Kept(
            _field(item, "seq", _positive),
            id_,
            _field(item, "type", _kind),
            _field(item, "body", lambda value: isinstance(value, dict)),
            _field(item, "at", _whole),
            _field(item, "actor", lambda value: value is None or _positive(value)),
            _field(item, "role", _word(*ROLES)),
            _field(item, "proof", _code(64)),
        )
    except FrameError as error:
        raise FrameError(error.code, error.where, id_) from error


def _need(frame: Mapping[str, Any]) -> Need:
    return Need(_field(frame, "room", _positive), _field(frame, "since", _whole))


def _seen(frame: Mapping[str, Any]) -> Seen:
    return Seen(_field(frame, "room", _positive), _field(frame, "seq", _whole))


def _ping(frame: Mapping[str, Any]) -> Ping:
    return Ping(_field(frame, "t0", _whole))


READERS: Final[dict[str, Callable[[Mapping[str, Any]], Command]]] = {
    "hello": _hello,
    "ev": _claims,
    "held": _held,
    "need": _need,
    "seen": _seen,
    "ping": _ping,
}


def frame(kind: str, **fields: Any) -> str:
    """One frame to a device, as text."""
    return json.dumps({"t": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
