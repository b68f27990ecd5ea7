"""Devices are let in together: one transaction for all that knocked while the last one ran.

Four thousand devices that come back at once would otherwise ask the database a dozen questions
each. What a device lacks of its rooms is read in the same breath, and once for the devices of a
room that lack the same.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from django.db import DatabaseError
from django.utils import timezone

from centres.common.per_loop import PerLoop
from proctoring.actions.devices import Admitted, Knock, admit_devices, settle
from proctoring.errors import Busy
from proctoring.frames import CaughtUp, catch_up_all
from proctoring.live.protocol import Hello, Known
from proctoring.queries.access import room_roles
from proctoring.queries.ledger import epoch
from proctoring.writer import RETRY_MS, writer

GROUP: Final = 64
CAPACITY: Final = 8_000
GAP_SECONDS: Final = 20.0
log = logging.getLogger("sanamsob.live")


class News(NamedTuple):
    """How one room is brought up to date: `same`, `delta`, `snap` or `no`; number and frame."""

    room: int
    mode: str
    seq: int
    text: str | None


class Entrance(NamedTuple):
    """A device let in, the life of the ledgers, and the news of every room it asked for."""

    admitted: Admitted
    epoch: str
    news: list[News]


Answer = Entrance | type[Exception]


class Reception:
    """The door of one event loop. It shares the writer's thread: there is one writer."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Hello, asyncio.Future[Answer]]] = []
        self._settled: list[tuple[int, int]] = []
        self._wake = asyncio.Event()
        self._asked: dict[tuple[int, int], asyncio.Future[str]] = {}
        self._gaps: dict[int, float] = {}
        self._task = asyncio.ensure_future(self._run())

    async def admit(self, hello: Hello) -> Entrance:
        """Let a device in, or raise the error that keeps it out; Busy when too many wait."""
        if len(self._waiting) >= CAPACITY:
            raise Busy(retry_after_ms=RETRY_MS)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((hello, answer))
        self._wake.set()
        entrance = await answer
        if isinstance(entrance, Entrance):
            return entrance
        raise entrance()

    def settle(self, stub: tuple[int, int]) -> None:
        """A device has shown that its next ticket arrived."""
        self._settled.append(stub)
        self._wake.set()

    async def role_of(self, user: int, room: int) -> str:
        """The role of a person in a room as it is now; asked once for all who ask meanwhile."""
        pair = (user, room)
        if pair not in self._asked:
            self._asked[pair] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(self._asked[pair])  # one who leaves takes no answer with him

    def waits_for_others(self, room: int) -> bool:
        """Whether a room that lacks entries after a restore still waits for who may hold them."""
        now = time.monotonic()
        return now - self._gaps.setdefault(room, now) < GAP_SECONDS

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or self._settled or self._asked:
                await self._tell_roles()
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                settled, self._settled = self._settled, []
                if group or settled:
                    await self._let_in(group, settled)

    async def _tell_roles(self) -> None:
        asked, self._asked = self._asked, {}
        if not asked:
            return
        try:
            roles = await writer().in_thread(room_roles, set(asked))
        except Exception:
            log.exception("%d questions for a role could not be answered", len(asked))
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(Busy(retry_after_ms=RETRY_MS))
            return
        for pair, answer in asked.items():
            if not answer.done():
                answer.set_result(roles.get(pair, ""))

    async def _let_in(
        self, group: list[tuple[Hello, asyncio.Future[Answer]]], settled: list[tuple[int, int]]
    ) -> None:
        try:
            hellos = [hello for hello, _answer in group]
            answers = await writer().in_thread(_entrances, hellos, settled)
        except Exception as error:
            log.exception("%d devices at the door could not be let in", len(group))
            later = Busy(retry_after_ms=RETRY_MS) if isinstance(error, DatabaseError) else error
            for _hello, answer in group:
                if not answer.done():
                    answer.set_exception(later)
            return
        for (_hello, answer), entrance in zip(group, answers, strict=True):
            if not answer.done():
                answer.set_result(entrance)


def _entrances(hellos: Sequence[Hello], settled: Sequence[tuple[int, int]]) -> list[Answer]:
    """What each of these devices is answered; in the database thread."""
    if settled:
        settle(stubs=settled)
    if not hellos:
        return []
    knocks = [Knock(h.ticket, h.device, [known.room for known in h.rooms]) for h in hellos]
    admitted = admit_devices(knocks=knocks, at=timezone.now())
    life = epoch()
    wanted = [_asked(hello, device, life) for hello, device in zip(hellos, admitted, strict=True)]
    read = catch_up_all({known for asked in wanted for known, role in asked if role})
    return [
        Entrance(device, life, [_news(known, read) for known, _role in asked])
        if isinstance(device, Admitted) else device
        for device, asked in zip(admitted, wanted, strict=True)
    ]  # fmt: skip


def _asked(hello: Hello, device: Admitted | type[Exception], life: str) -> list[tuple[Known, str]]:
    """What the device holds of its rooms and its role there; of another life it holds nothing."""
    if not isinstance(device, Admitted):
        return []
    same = hello.epoch in ("", life)
    return [(k if same else Known(k.room, 0, ""), device.roles[k.room]) for k in hello.rooms]


def _news(known: Known, read: Mapping[Known, CaughtUp]) -> News:
    """What the device lacks of one room, if its person may hear of it."""
    return News(known.room, *read.get(known, CaughtUp("no", 0, None)))


_receptions = PerLoop(Reception)


def reception() -> Reception:
    """The reception of the running loop."""
    return _receptions.here()


async def dismiss() -> None:
    """Let the reception of the running loop go."""
    if known := _receptions.taken():
        await known.close()
