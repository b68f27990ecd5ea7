"""Telling who listens that a ledger moved: a hint, never the truth.

In this process the hub hands the frame over. Across processes one message per *process* goes
through the channel layer. A lost hint heals by itself: every two seconds each process compares
the heads in the database with what it last told its listeners, and tells them the difference.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import close_old_connections, connections

from centres.common.per_loop import PerLoop
from proctoring.frames import delta_frame, evs_frame, wall_frames, whole_boards
from proctoring.hub import Hub, hub
from proctoring.queries.access import Guest, rights_as_written, rights_of, standings
from proctoring.queries.boards import heads_moved_since, newest_move
from proctoring.queries.ledger import Remembered
from proctoring.queries.signs import keep_signs
from proctoring.store import Moved

GROUP: Final = "ledgers"
HERE: Final = uuid.uuid4().hex
TICK_SECONDS: Final = 0.25
PATROL_SECONDS: Final = 2.0
WHOLE_SECONDS: Final = 30.0
RECHECK_SECONDS: Final = 1.0
VOUCHED_SECONDS: Final = 2.0
MARGIN_MS: Final = 5_000
log = logging.getLogger("sanamsob.live")
T = TypeVar("T")

Frames = Mapping[int, tuple[int, str]]


class Visitor(Protocol):
    """An open socket: whom it serves, the rooms it hears, and what to do when rights change."""

    @property
    def guest(self) -> Guest: ...

    @property
    def rooms(self) -> tuple[int, ...]: ...

    async def recheck(self, roles: Mapping[int, str] | None) -> None: ...


class Herald:
    """Tells the listeners of one event loop. `told` is the number each room was told last."""

    def __init__(self, listeners: Hub) -> None:
        self.hub = listeners
        self.told: dict[int, int] = {}
        self._dirty: set[int] = set()
        self._newest = 0
        self._signs: dict[int, int] = {}
        self._visitors: dict[Visitor, object] = {}
        self._looked = 0.0
        self._written: tuple[str, ...] = ()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="doorkeeper")
        self._tasks = [
            asyncio.ensure_future(_forever(work))
            for work in (self._patrol, self._tick, self._whole, self._listen, self._doorkeep)
        ]

    def tell(self, frames: Frames) -> None:
        """Hand the frames of rooms that moved to whoever listens here."""
        for room, (seq, text) in frames.items():
            self.told[room] = max(seq, self.told.get(room, 0))
            self.hub.publish(f"room:{room}", text)
            self._dirty.add(room)

    def told_of(self, room: int) -> int:
        """The number that the listeners of a room were told last; 0 when never."""
        return self.told.get(room, 0)

    def joined(self, room: int, seq: int) -> None:
        """A listener was brought up to `seq`: from here on nothing may be missed."""
        self.told.setdefault(room, seq)

    def sign(self, room: int) -> None:
        """A device of this room is there; told to all processes with the next patrol."""
        self._signs[room] = time.time_ns() // 1_000_000

    def welcome(self, visitor: Visitor) -> None:
        """From now on a visitor whose rights change is asked again, within two seconds."""
        self._visitors[visitor] = None

    def goodbye(self, visitor: Visitor) -> None:
        self._visitors.pop(visitor, None)

    def vouches(self, visitor: Visitor) -> bool:
        """Whether the doorkeeper looked at this visitor's rights within the last two seconds."""
        looked = time.monotonic() - self._looked < VOUCHED_SECONDS
        return looked and self._visitors.get(visitor) is not None

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._apart(connections.close_all)
        self._thread.shutdown()

    async def _apart(self, work: Callable[..., T], *given: Any) -> T:
        """Work that nobody waits behind: looking at the rights of thousands takes its time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(_afresh, work, *given))

    async def _patrol(self) -> None:
        """What the database knows and the listeners do not."""
        await asyncio.sleep(PATROL_SECONDS)
        if self._signs:
            signs, self._signs = self._signs, {}
            await database_sync_to_async(keep_signs)(signs)
        if self.hub.is_empty:
            self._newest = 0
            return
        if not self._newest:
            self._newest = await database_sync_to_async(newest_move)()
        moved = await database_sync_to_async(heads_moved_since)(self._newest - MARGIN_MS)
        for room, seq, moved_at in moved:
            self._newest = max(self._newest, moved_at)
            await self._heal(room, seq)

    async def _heal(self, room: int, seq: int) -> None:
        told = self.told.get(room)
        if told is not None and told >= seq:
            return
        if told is not None and f"room:{room}" in self.hub.listening("room:"):
            healed = await database_sync_to_async(delta_frame)(room, told)
            self.tell({room: healed})
        else:
            self.told[room] = seq
            self._dirty.add(room)

    async def _tick(self) -> None:
        """Boards: the latest values of what moved, at most four times a second."""
        await asyncio.sleep(TICK_SECONDS)
        boards = self.hub.listening("board:")
        if not self._dirty or not boards:
            self._dirty.clear()
            return
        rooms, self._dirty = self._dirty, set()
        for audience, text in await database_sync_to_async(wall_frames)(rooms, boards):
            self.hub.publish(audience, text)

    async def _whole(self) -> None:
        """Boards as a whole now and then: whether devices are there is no event of any ledger."""
        await asyncio.sleep(WHOLE_SECONDS)
        for audience, text in await database_sync_to_async(whole_boards)(
            self.hub.listening("board:")
        ):
            self.hub.publish(audience, text)

    async def _doorkeep(self) -> None:
        """Who lost a role, a duty, his account or his session hears nothing more.

        While nothing of that was written anew, only who just came, and the few who came without
        a ticket, are looked at one by one.
        """
        await asyncio.sleep(RECHECK_SECONDS)
        began = time.monotonic()
        if not self._visitors:
            return
        written = await self._apart(rights_as_written)
        guests = {
            visitor: visitor.guest
            for visitor, standing in self._visitors.items()
            if written != self._written or standing is None or not visitor.guest.proof
        }
        now = await self._apart(standings, set(guests.values())) if guests else {}
        changed = [
            visitor
            for visitor, guest in guests.items()
            if visitor in self._visitors and self._visitors[visitor] != now[guest]
        ]
        asked = {(guests[visitor], visitor.rooms) for visitor in changed}
        rights = await self._apart(rights_of, asked) if asked else {}
        for visitor in changed:
            await visitor.recheck(rights.get((guests[visitor], visitor.rooms)))
            if visitor in self._visitors:
                self._visitors[visitor] = now[guests[visitor]]
        self._looked, self._written = began, written

    async def _listen(self) -> None:
        """What other processes wrote."""
        layer = get_channel_layer()
        if layer is None or not _crosses_processes():
            await asyncio.sleep(3600)
            return
        channel = await layer.new_channel("ledger")
        await layer.group_add(GROUP, channel)
        while True:
            message = await layer.receive(channel)
            if message["from"] != HERE:
                self.tell({int(room): tuple(told) for room, told in message["frames"].items()})


def _afresh(work: Callable[..., T], *given: Any) -> T:
    """Work in a thread of its own, on a connection that is looked after."""
    close_old_connections()
    try:
        return work(*given)
    finally:
        close_old_connections()


async def _forever(work: Any) -> None:
    """Keep a duty going; a database or layer that fails for a while must not end it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            await work()
        except Exception:
            if loop.is_closed():  # it was left behind by its loop: nothing can be taken up again
                return
            log.exception("a duty of the live rooms failed and is taken up again")
            await asyncio.sleep(PATROL_SECONDS)


def _crosses_processes() -> bool:
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


_heralds = PerLoop(lambda: Herald(hub()))


def herald() -> Herald:
    """The herald of the running loop."""
    return _heralds.here()


async def dismiss() -> None:
    """Let the herald of the running loop go."""
    if known := _heralds.taken():
        await known.close()


def announce(moved: Iterable[Moved]) -> None:
    """Tell the listeners of every room that moved; from the loop or from any thread."""
    frames = {
        m.room: (m.head.seq, evs_frame(m.room, Remembered(m.head, m.state), m.events))
        for m in moved
    }
    if not frames:
        return
    here = _running_loop()
    for loop, known in _heralds.running():
        if loop is here:
            known.tell(frames)
        else:
            loop.call_soon_threadsafe(known.tell, frames)
    if _crosses_processes():
        _in_background(here, _tell_others(frames))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_sending: set["asyncio.Task[None]"] = set()


def _in_background(loop: asyncio.AbstractEventLoop | None, work: Coroutine[Any, Any, None]) -> None:
    if loop is None:
        async_to_sync(lambda: work)()
        return
    task = loop.create_task(work)
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _tell_others(frames: Frames) -> None:
    """One message for each other process; losing it costs two seconds, never an event."""
    layer = get_channel_layer()
    message = {
        "type": "ledger.moved",
        "from": HERE,
        "frames": {str(room): list(told) for room, told in frames.items()},
    }
    try:
        await layer.group_send(GROUP, message)
    except (OSError, RuntimeError):
        log.warning("the channel layer did not take a hint; the patrol will repeat it")
