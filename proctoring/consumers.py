"""The sockets of the live rooms: parse, call, answer. No rule and no table is here."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from channels.db import database_sync_to_async

from centres.common.errors import DomainError
from proctoring.actions.proof import check_right, needs_proof, proven
from proctoring.actions.returns import returning
from proctoring.broadcast import herald
from proctoring.errors import Busy, NotOnDuty, NotUnderstood
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
from proctoring.live.events import IN_ROOM, Fact
from proctoring.live.protocol import (
    Claim,
    Claims,
    Command,
    FrameError,
    Held,
    Hello,
    Kept,
    Known,
    Need,
    Ping,
    frame,
    parse,
)
from proctoring.queries.access import Guest, board_role, is_still_in
from proctoring.queries.ledger import current_room
from proctoring.reception import News, reception
from proctoring.writer import now_ms, writer

SUBPROTOCOL: Final = "proctor.v1"
REFUSED: Final = 4403
RECHECK_SECONDS: Final = 2.0
HELLO_SECONDS: Final = 15.0
RATE: Final = 20.0  # claims a second of one device, on average
BURST: Final = 400.0
FRAME_RATE: Final = 20.0  # frames of any kind
FRAME_BURST: Final = 200.0
MOST_EXCESS: Final = 100
FLOOD_WAIT_MS: Final = 30_000
GAP_RETRY_MS: Final = 2_000

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]


class LiveConsumer:
    """A socket with a mailbox in the hub. It hears no channel layer, so it needs no task for each
    frame: one coroutine takes the frames of a line one after another.
    """

    guest = Guest(0, "", 0)
    mailbox: Mailbox | None = None
    is_away = False
    rooms: tuple[int, ...] = ()

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self.base_send = scope, send

    @classmethod
    async def serve(cls, scope: Scope, receive: Receive, send: Send) -> None:
        """One line from its first byte to its last; an ASGI application."""
        line = cls(scope, send)
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                if message["type"] == "websocket.connect":
                    await line.connect()
                elif not line.is_away:
                    await line.receive(message.get("text") or message.get("bytes") or "")
        finally:
            await line.disconnect()

    async def connect(self) -> None:
        """Open the line."""
        raise NotImplementedError

    async def receive(self, text: str | bytes) -> None:
        """Take one frame."""
        raise NotImplementedError

    async def open_mailbox(self) -> Mailbox:
        offered = self.scope.get("subprotocols", [])
        chosen = SUBPROTOCOL if SUBPROTOCOL in offered else None
        await self.base_send({"type": "websocket.accept", "subprotocol": chosen})
        self.mailbox = Mailbox(self.send, self.refresh)
        self.flood = TokenBucket.full(FRAME_RATE, FRAME_BURST, time.monotonic())
        self.excess = 0
        return self.mailbox

    def send(self, text: str) -> Coroutine[Any, Any, None]:
        """One frame to the socket, by the shortest way."""
        return self.base_send({"type": "websocket.send", "text": text})

    async def is_flooding(self) -> bool:
        """Whether this frame is one too many: it is not even read, and much more ends the line."""
        if not self.flood.take(1, time.monotonic()):
            return False
        self.excess += 1
        if self.excess == MOST_EXCESS:
            await self.turn_away(Busy(), retry_after_ms=FLOOD_WAIT_MS)
        return True

    async def turn_away(self, error: DomainError, retry_after_ms: int = 0) -> None:
        """Say why, then close: a browser reads no reason from a refused handshake."""
        self.is_away = True
        self.let_go()
        again = {"retry_after_ms": retry_after_ms} if retry_after_ms else {}
        await self.send(error_frame("", error, **again))
        await self.send(frame("bye", code=error.code, retry_after_ms=retry_after_ms))
        await self.base_send({"type": "websocket.close", "code": REFUSED})

    async def disconnect(self) -> None:
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

    async def recheck(self, roles: Mapping[int, str] | None) -> None:
        """Something that the guest's rights rest on has changed."""
        raise NotImplementedError


class RoomConsumer(LiveConsumer):
    """The console of a room, or of several: `hello` names them, and shows a ticket."""

    stub: tuple[int, int] | None = None
    patience: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        self.roles: dict[int, str] = {}
        self.checked: dict[int, float] = {}
        self.bucket = TokenBucket.full(RATE, BURST, time.monotonic())
        await self.open_mailbox()
        loop = asyncio.get_running_loop()
        self.patience = loop.call_later(HELLO_SECONDS, self.lose_patience)

    def lose_patience(self) -> None:
        """Nobody holds a line open without saying who he is."""
        self.leaving = asyncio.ensure_future(self.turn_away(NotUnderstood()))

    def be_patient(self) -> None:
        """He has said who he is, or is gone."""
        if self.patience is not None:
            self.patience.cancel()

    def let_go(self) -> None:
        self.be_patient()
        super().let_go()

    async def recheck(self, roles: Mapping[int, str] | None) -> None:
        """These are the guest's roles now.

        None when his account, sign-in or device no longer stands.
        """
        if self.is_away:
            return
        if roles is None or not all(roles.get(room) for room in self.rooms):
            await self.turn_away(NotOnDuty())
        else:
            self.roles = dict(roles)
            self.checked.clear()

    async def role_in(self, room: int) -> str:
        """The guest's role in a room as of two seconds ago at most; empty for a stranger."""
        if room in self.rooms and herald().vouches(self):
            return self.roles[room]
        now = time.monotonic()
        if now - self.checked.get(room, -RECHECK_SECONDS) >= RECHECK_SECONDS:
            self.roles[room] = await reception().role_of(self.guest.user, room)
            self.checked[room] = now
        return self.roles[room]

    async def receive(self, text: str | bytes) -> None:
        if await self.is_flooding():
            return
        try:
            command = parse(text)
        except FrameError as error:
            await self.send(no_frame(error.id, "schema", where=error.where, fault=error.code))
            return
        try:
            await self.follow(command)
        except Busy as busy:
            await self.send(no_frame("", busy.code, retry_after_ms=busy.facts["retry_after_ms"]))
        if self.guest.device and not isinstance(command, Hello):
            self.give_sign()

    async def follow(self, command: Command) -> None:
        """Do what a frame asks for."""
        if isinstance(command, Hello):
            await self.greet(command)
        elif isinstance(command, Ping):
            await self.send(frame("clock", t0=command.t0, now=now_ms()))
        elif not self.guest.device:
            await self.send(no_frame("", "schema", where="hello"))
        elif isinstance(command, Claims):
            await self.take(command.items)
        elif isinstance(command, Held):
            await self.take_back(command)
        elif isinstance(command, Need):
            await self.bring(Known(command.room, command.since, ""))

    def give_sign(self) -> None:
        """The device of a proctor is in his rooms; a chief who looks in is not.

        And whoever speaks after a welcome has read it: his next ticket arrived.
        """
        if self.stub is not None:
            reception().settle(self.stub)
            self.stub = None
        for room in self.rooms:
            if self.roles.get(room) in IN_ROOM:
                herald().sign(room)

    async def greet(self, hello: Hello) -> None:
        """Welcome a device that shows its ticket, and bring it up to date in every room."""
        self.be_patient()
        try:
            entrance = await reception().admit(hello)
        except DomainError as error:
            await self.turn_away(error, error.facts.get("retry_after_ms", 0))
            return
        if self.is_away or self.mailbox is None:
            return
        device = entrance.admitted
        self.guest, self.stub = device.guest, device.stub
        self.roles |= device.roles
        rooms = [{"room": n.room, "mode": n.mode, "seq": n.seq} for n in entrance.news]
        times = {"epoch": entrance.epoch, "now": now_ms(), "t0": hello.t0}
        await self.send(
            frame("welcome", **times, dseq=device.dseq, ticket=device.next, rooms=rooms)
        )
        for news in entrance.news:
            if device.roles[news.room]:
                await self.join(news)
            else:
                await self.send(no_frame("", NotOnDuty.code, room=news.room))
        if not self.is_away:
            herald().welcome(self)

    async def join(self, news: News) -> None:
        """Hear a room from now on; what was written since its news was read is read anew."""
        if self.mailbox is None or self.is_away:
            return
        hub().join(f"room:{news.room}", self.mailbox)
        self.rooms = tuple({*self.rooms, news.room})
        if herald().told_of(news.room) > news.seq:
            known = Known(news.room, news.seq, "")
            news = News(news.room, *await database_sync_to_async(catch_up)(*known))
        herald().joined(news.room, news.seq)
        if news.text:
            await self.send(news.text)

    async def bring(self, known: Known) -> None:
        """What a device asked for because it saw a gap."""
        if known.room not in self.rooms or not await self.role_in(known.room):
            await self.send(no_frame("", NotOnDuty.code, room=known.room))
            return
        _mode, _seq, text = await database_sync_to_async(catch_up)(*known)
        if text:
            await self.send(text)

    async def take(self, claims: tuple[Claim, ...]) -> None:
        """Hand claims to the writer; answer each one after it is durable."""
        if wait := self.bucket.take(len(claims), time.monotonic()):
            await self.later(claims, "busy", round(wait * 1000))
            return
        try:
            answers = await writer().write(await self.facts_of(claims))
        except Busy as busy:
            await self.later(claims, busy.code, busy.facts["retry_after_ms"])
            return
        for answer in answers:
            await self.send(answer_frame(answer))

    async def take_back(self, held: Held) -> None:
        """What the device still holds and a restored database lacks, in its old order."""
        if wait := self.bucket.take(len(held.events), time.monotonic()):
            await self.later(held.events, "busy", round(wait * 1000))
            return
        if held.room not in self.rooms or not await self.role_in(held.room):
            await self.send(no_frame("", NotOnDuty.code, room=held.room))
            return
        facts, answers, has_gap = await database_sync_to_async(returning)(held)
        if has_gap and reception().waits_for_others(held.room):
            await self.later(held.events, "busy", GAP_RETRY_MS)
            return
        try:
            answers += await writer().write(facts)
        except Busy as busy:
            await self.later(held.events, busy.code, busy.facts["retry_after_ms"])
            return
        for answer in answers:
            await self.send(answer_frame(answer))

    async def facts_of(self, claims: tuple[Claim, ...]) -> list[Fact]:
        """The claims this person may make; the others are refused one by one."""
        facts = []
        for claim in claims:
            role = await self.role_in(claim.room)
            try:
                check_right(role, claim.type)
                known = await database_sync_to_async(proven)(claim) if needs_proof(claim) else claim
            except DomainError as error:
                await self.send(error_frame(claim.id, error, room=claim.room))
            else:
                facts.append(known.fact(self.guest.user, role, self.guest.device))
        return facts

    async def later(self, claims: Sequence[Claim | Kept], code: str, wait: int) -> None:
        """Nothing of this frame was taken: one answer for all of it, by its first claim."""
        await self.send(no_frame(claims[0].id, code, retry_after_ms=wait))

    async def refresh(self, audience: str) -> None:
        room = int(audience.removeprefix("room:"))
        known = await database_sync_to_async(current_room)(room)
        await self.send(snap_frame(room, known))


class BoardConsumer(LiveConsumer):
    """The board of one centre, or with centre 0 the wall of all: latest values only."""

    async def connect(self) -> None:
        kwargs = self.scope["url_route"]["kwargs"]
        self.exam_session, self.centre = kwargs["exam_session"], kwargs.get("centre", 0)
        key = getattr(self.scope.get("session"), "session_key", None)
        self.guest = Guest(self.scope["user"].pk or 0, key or "", 0)
        mailbox = await self.open_mailbox()
        if not await self.may_stay():
            await self.turn_away(NotOnDuty())
            return
        herald().welcome(self)
        audience = f"board:{self.exam_session}:{self.centre}"
        hub().join(audience, mailbox)
        await self.refresh(audience)

    async def may_stay(self) -> bool:
        """Whether the person's account, sign-in, one-time code and role still stand."""
        user, session = self.scope["user"], self.scope.get("session", {})
        role = await database_sync_to_async(board_role)(user, self.centre or None)
        return role is not None and await database_sync_to_async(is_still_in)(user, session)

    async def recheck(self, roles: Mapping[int, str] | None) -> None:
        if not self.is_away and not await self.may_stay():
            await self.turn_away(NotOnDuty())

    async def receive(self, text: str | bytes) -> None:
        """A board only listens; a ping is answered so that it knows the line is alive."""
        if await self.is_flooding():
            return
        try:
            command = parse(text)
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
