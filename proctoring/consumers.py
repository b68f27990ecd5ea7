"""The sockets of the live rooms: parse, call, answer. No rule and no table is here."""

import time
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from centres.common.errors import DomainError
from proctoring.actions.devices import greet_device
from proctoring.actions.proof import needs_proof, proven
from proctoring.broadcast import herald
from proctoring.errors import Busy, NotOnDuty
from proctoring.frames import (
    answer_frame,
    board_frame,
    catch_up,
    error_frame,
    no_frame,
    snap_frame,
    wall_frame,
)
from proctoring.hub import Mailbox, hub
from proctoring.live.bucket import TokenBucket
from proctoring.live.events import PROCTOR, Fact
from proctoring.live.protocol import (
    Claim,
    Claims,
    FrameError,
    Hello,
    Known,
    Need,
    Ping,
    frame,
    parse,
)
from proctoring.queries.access import Guest, board_role, is_still_in, room_role
from proctoring.queries.ledger import current_room, epoch
from proctoring.writer import now_ms, writer

SUBPROTOCOL: Final = "proctor.v1"
REFUSED: Final = 4403
RECHECK_SECONDS: Final = 2.0
RATE: Final = 20.0
BURST: Final = 400.0


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A socket with a mailbox in the hub; it needs no channel of its own in the layer."""

    channel_layer_alias = "none"
    mailbox: Mailbox | None = None
    device: int | None = None
    is_away = False

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Straight to the handler: database connections are looked after where they are used."""
        if not self.is_away or message["type"] == "websocket.disconnect":
            await getattr(self, message["type"].replace(".", "_"))(message)

    async def open_mailbox(self) -> Mailbox:
        offered = self.scope.get("subprotocols", [])
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        self.mailbox = Mailbox(self.send, self.refresh)
        return self.mailbox

    @property
    def guest(self) -> Guest:
        key = getattr(self.scope.get("session"), "session_key", None)
        return Guest(self.scope["user"].pk or 0, key or "", self.device or 0)

    async def admit(self) -> bool:
        """Let a person in who may be here, and ask again when his rights change."""
        if not await self.may_stay():
            await self.turn_away(NotOnDuty())
            return False
        herald().welcome(self)
        return True

    async def recheck(self) -> None:
        if not self.is_away and not await self.may_stay():
            await self.turn_away(NotOnDuty())

    async def may_stay(self) -> bool:
        """Whether the person's account, sign-in, one-time code and device still stand."""
        user, session = self.scope["user"], self.scope.get("session", {})
        return bool(await database_sync_to_async(is_still_in)(user, session, self.device or 0))

    async def turn_away(self, error: DomainError) -> None:
        """Say why, then close: a browser reads no reason from a refused handshake."""
        self.is_away = True
        self.let_go()
        await self.send(no_frame("", error.code))
        await self.send(frame("bye", code=error.code, retry_after_ms=0))
        await self.close(REFUSED)

    async def disconnect(self, code: int) -> None:
        self.let_go()
        if self.mailbox is not None:
            await self.mailbox.close()

    def let_go(self) -> None:
        """Nothing more is told to this socket."""
        herald().goodbye(self)
        if self.mailbox is not None:
            hub().leave(self.mailbox)

    async def refresh(self, audience: str) -> None:
        """Send the whole state of an audience."""
        raise NotImplementedError


class RoomConsumer(LiveConsumer):
    """The console of a room, or of several: `hello` names them."""

    roles: dict[int, str]
    checked: dict[int, float]

    async def connect(self) -> None:
        self.roles, self.checked = {}, {}
        self.bucket = TokenBucket.full(RATE, BURST, time.monotonic())
        await self.open_mailbox()
        await self.admit()

    async def may_stay(self) -> bool:
        """Whether every room this socket listens to is still the person's to hear."""
        self.checked.clear()
        rooms = {self.scope["url_route"]["kwargs"]["room"]}
        if self.mailbox is not None:
            rooms |= {int(name.removeprefix("room:")) for name in self.mailbox.audiences}
        held = [await self.role_in(room) for room in rooms]
        return all(held) and await super().may_stay()

    async def role_in(self, room: int) -> str:
        """The asker's role in a room, read anew every two seconds; empty for a stranger."""
        now = time.monotonic()
        if now - self.checked.get(room, -RECHECK_SECONDS) >= RECHECK_SECONDS:
            role = await database_sync_to_async(room_role)(self.scope["user"], room)
            self.roles[room], self.checked[room] = role or "", now
        return self.roles[room]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            command = parse(text_data or bytes_data or "")
        except FrameError as error:
            await self.send(no_frame(error.id, "schema", where=error.where, fault=error.code))
            return
        self.give_sign()
        if isinstance(command, Hello):
            await self.greet(command)
        elif isinstance(command, Ping):
            await self.send(frame("clock", t0=command.t0, now=now_ms()))
        elif self.device is None:
            await self.send(no_frame("", "schema", where="hello"))
        elif isinstance(command, Claims):
            await self.take(command.items)
        elif isinstance(command, Need):
            await self.bring(Known(command.room, command.since, ""))

    def give_sign(self) -> None:
        """The device of a proctor is in his rooms; a chief who looks in is not."""
        for room, role in self.roles.items():
            if role == PROCTOR:
                herald().sign(room)

    async def greet(self, hello: Hello) -> None:
        """Welcome a device and bring it up to date in every room it asks for."""
        user = self.scope["user"]
        greeting = database_sync_to_async(greet_device)
        try:
            greeted = await greeting(key=hello.device, by=user, at=timezone.now())
        except DomainError as error:
            await self.turn_away(error)
            return
        self.device = greeted.pk
        life = await database_sync_to_async(epoch)()
        same_life = hello.epoch in ("", life)
        rooms, frames = [], []
        for known in hello.rooms:
            mode, seq, text = await self.join(known if same_life else Known(known.room, 0, ""))
            rooms.append({"room": known.room, "mode": mode, "seq": seq})
            frames.append(text)
        welcome = {"epoch": life, "now": now_ms(), "t0": hello.t0, "dseq": greeted.dseq}
        for text in (frame("welcome", **welcome, rooms=rooms), *filter(None, frames)):
            await self.send(text)

    async def join(self, known: Known) -> tuple[str, int, str | None]:
        """Join the room's audience first, then read what the device lacks."""
        role = await self.role_in(known.room)
        if self.mailbox is None or self.is_away or not role:
            return "no", 0, no_frame("", NotOnDuty.code, room=known.room)
        hub().join(f"room:{known.room}", self.mailbox)
        mode, seq, text = await database_sync_to_async(catch_up)(*known)
        herald().joined(known.room, seq)
        return mode, seq, text

    async def bring(self, known: Known) -> None:
        """What a device asked for because it saw a gap."""
        _mode, _seq, text = await self.join(known)
        if text:
            await self.send(text)

    async def take(self, claims: tuple[Claim, ...]) -> None:
        """Hand claims to the writer; answer each one after it is durable."""
        if wait := self.bucket.take(len(claims), time.monotonic()):
            await self.later(claims, "busy", round(wait * 1000))
            return
        facts = await self.facts_of(claims)
        try:
            answers = await writer().write(facts)
        except Busy as busy:
            await self.later(claims, busy.code, busy.facts["retry_after_ms"])
            return
        for answer in answers:
            await self.send(answer_frame(answer))

    async def facts_of(self, claims: tuple[Claim, ...]) -> list[Fact]:
        """The claims this person may make; the others are refused one by one."""
        facts = []
        for claim in claims:
            role = await self.role_in(claim.room)
            try:
                if not role:
                    raise NotOnDuty
                known = await database_sync_to_async(proven)(claim) if needs_proof(claim) else claim
            except DomainError as error:
                await self.send(error_frame(claim.id, error, room=claim.room))
            else:
                facts.append(known.fact(self.scope["user"].pk, role, self.device))
        return facts

    async def later(self, claims: tuple[Claim, ...], code: str, wait: int) -> None:
        for claim in claims:
            await self.send(no_frame(claim.id, code, retry_after_ms=wait))

    async def refresh(self, audience: str) -> None:
        room = int(audience.removeprefix("room:"))
        known = await database_sync_to_async(current_room)(room)
        await self.send(snap_frame(room, known))


class BoardConsumer(LiveConsumer):
    """The board of one centre, or with centre 0 the wall of all: latest values only."""

    async def connect(self) -> None:
        kwargs = self.scope["url_route"]["kwargs"]
        self.exam_session, self.centre = kwargs["exam_session"], kwargs.get("centre", 0)
        mailbox = await self.open_mailbox()
        if await self.admit():
            audience = f"board:{self.exam_session}:{self.centre}"
            hub().join(audience, mailbox)
            await self.refresh(audience)

    async def may_stay(self) -> bool:
        role = await database_sync_to_async(board_role)(self.scope["user"], self.centre or None)
        return role is not None and await super().may_stay()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A board only listens; a ping is answered so that it knows the line is alive."""
        try:
            command = parse(text_data or bytes_data or "")
        except FrameError as error:
            await self.send(no_frame("", "schema", where=error.where, fault=error.code))
            return
        if isinstance(command, Ping):
            await self.send(frame("clock", t0=command.t0, now=now_ms()))

    async def refresh(self, audience: str) -> None:
        if self.centre:
            text = await database_sync_to_async(board_frame)(self.exam_session, self.centre)
        else:
            text = await database_sync_to_async(wall_frame)(self.exam_session)
        await self.send(text)
