"""Group commit: what arrived while the last commit ran is the next one.

One task and one database thread per process. Nobody gets an answer before the commit that
holds his facts is durable. A latency is at most two commits, and the queue is bounded: beyond
it a sender hears an honest "busy".
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

from django.db import DatabaseError, connection, connections

from centres.common.per_loop import PerLoop
from proctoring.broadcast import announce
from proctoring.errors import Busy
from proctoring.live.events import Fact
from proctoring.store import Answer, Moved, Written, append_many

GROUP: Final = 1_000
CAPACITY: Final = 20_000
PATIENCE: Final = 8.0  # seconds that a sender waits for a place in the queue
RETRY_MS: Final = 500
log = logging.getLogger("sanamsob.live")
T = TypeVar("T")


class Request(NamedTuple):
    """Facts that one sender handed over together, and where their answers go."""

    facts: Sequence[Fact]
    answers: "asyncio.Future[list[Answer]]"


def now_ms() -> int:
    """The server's time in milliseconds."""
    return time.time_ns() // 1_000_000


class Writer:
    """The one writer of an event loop."""

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._clock = clock
        self._waiting: deque[Request] = deque()
        self._count = 0
        self._each = 0.0
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._task = asyncio.ensure_future(self._run())

    async def write(self, facts: Sequence[Fact]) -> list[Answer]:
        """Make facts durable and return their answers; Busy when the queue stays full.

        A sender that waits for a place sends nothing more meanwhile. That is gentler in a storm
        than an answer at once, which all would repeat together.
        """
        if self._count + len(facts) > CAPACITY and not await self._place_for(len(facts)):
            raise Busy(retry_after_ms=self._retry_ms())
        request = Request(facts, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._count += len(facts)
        self._wake.set()
        return await request.answers

    async def _place_for(self, many: int) -> bool:
        until = time.monotonic() + PATIENCE
        while self._count + many > CAPACITY and time.monotonic() < until:
            await asyncio.sleep(0.05)
        return self._count + many <= CAPACITY

    def _retry_ms(self) -> int:
        """When what waits now should be written, at the pace of the last commit."""
        return max(RETRY_MS, round(1000 * self._count * self._each))

    async def in_thread(self, work: Callable[..., T], *given: Any) -> T:
        """Work that must not run beside a commit: in the one thread that writes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _kept, work, *given)

    async def close(self) -> None:
        """Finish what waits, then let the thread and its database connection go."""
        while self._waiting:
            await asyncio.sleep(0.01)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while group := self._next_group():
                self._tell(await self._commit(group))

    def _tell(self, moved: list[Moved]) -> None:
        """A hint that fails must not stop the writer: the patrol repeats it."""
        try:
            announce(moved)
        except Exception:
            log.exception("listeners were not told of a commit")

    def _next_group(self) -> list[Request]:
        """What waits now, up to the size of a group; a request is never cut in two."""
        group: list[Request] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].facts) <= GROUP):
            request = self._waiting.popleft()
            group.append(request)
            size += len(request.facts)
        self._count -= size
        return group

    async def _commit(self, group: list[Request]) -> list[Moved]:
        facts = [fact for request in group for fact in request.facts]
        began = time.monotonic()
        try:
            written = await self._append(facts)
            self._each = (time.monotonic() - began) / max(1, len(facts))
        except Exception:
            log.exception("a group of %d facts failed; each request is tried alone", len(facts))
            return await self._commit_apart(group)
        _hand_out(group, written.answers)
        return written.moved

    async def _commit_apart(self, group: list[Request]) -> list[Moved]:
        """After a failed commit: each request alone, so that one bad fact harms no neighbour."""
        moved: list[Moved] = []
        for request in group:
            try:
                written = await self._append(request.facts)
            except Exception as error:
                _fail(request, error)
                continue
            _hand_out([request], written.answers)
            moved += written.moved
        return moved

    async def _append(self, facts: Sequence[Fact]) -> Written:
        return await self.in_thread(_append, facts, self._clock())


def _append(facts: Sequence[Fact], recv: int) -> Written:
    return append_many(facts, recv=recv)


def _kept(work: Callable[..., T], *given: Any) -> T:
    """Work in the database thread; a broken connection is dropped for the next try."""
    try:
        return work(*given)
    except DatabaseError:
        if not connection.in_atomic_block:
            connection.close()
        raise


def _fail(request: Request, error: Exception) -> None:
    """A database that cannot now may later: busy. Anything else is a fault of ours."""
    later = Busy(retry_after_ms=RETRY_MS) if isinstance(error, DatabaseError) else error
    if not request.answers.done():
        request.answers.set_exception(later)


def _hand_out(group: list[Request], answers: list[Answer]) -> None:
    start = 0
    for request in group:
        end = start + len(request.facts)
        if not request.answers.done():
            request.answers.set_result(answers[start:end])
        start = end


_writers = PerLoop(Writer)


def writer() -> Writer:
    """The writer of the running loop."""
    return _writers.here()


async def dismiss() -> None:
    """Let the writer of the running loop finish and go."""
    if known := _writers.taken():
        await known.close()
