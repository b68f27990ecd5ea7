"""Who listens in this process. A frame is encoded once and handed to each listener's mailbox.

A mailbox is bounded. When a device is too slow it is emptied, and the device gets a snapshot
instead of a backlog. Nothing here is needed for safety: the ledger is the truth.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Final

from centres.common.per_loop import PerLoop

MAX_FRAMES: Final = 256
MAX_BYTES: Final = 256 * 1024

Send = Callable[[str], Coroutine[Any, Any, None]]
Refresh = Callable[[str], Awaitable[None]]


class Mailbox:
    """The frames that wait for one device, sent one after another.

    `send` hands a frame to the socket. A socket that can take a frame takes it at once, and no
    task is woken for it: that is most of what one delivery to thousands costs. Only when a socket
    makes us wait, a task of its own does the waiting, and the mailbox fills. `refresh` sends the
    whole state of an audience; it is called for every audience of the mailbox after an overflow.
    """

    def __init__(self, send: Send, refresh: Refresh) -> None:
        self._send = send
        self._refresh = refresh
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self.audiences: set[str] = set()
        self.overflowed = False

    def put(self, text: str) -> None:
        """Hand over one frame; never waits."""
        if self._task is None:
            self._hand_over(text)
            return
        if len(self._frames) >= MAX_FRAMES or self._bytes + len(text) > MAX_BYTES:
            self._frames.clear()
            self._bytes = 0
            self.overflowed = True
        if not self.overflowed:
            self._frames.append(text)
            self._bytes += len(text)

    def _hand_over(self, text: str) -> None:
        sending = self._send(text)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except (OSError, RuntimeError):
            return  # the socket is closing; its consumer is told
        self._task = asyncio.ensure_future(self._wait(_Begun(sending, waits_for)))

    async def _wait(self, begun: Awaitable[None]) -> None:
        """Until the socket takes frames again; then everything that came meanwhile."""
        try:
            await begun
            while self._frames or self.overflowed:
                if self._frames:
                    text = self._frames.popleft()
                    self._bytes -= len(text)
                    await self._send(text)
                else:
                    self.overflowed = False
                    for audience in sorted(self.audiences):
                        await self._refresh(audience)
        finally:
            self._task = None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, OSError, RuntimeError):
                await self._task


class _Begun:
    """The rest of a coroutine that was begun outside of a task, and what it waits for."""

    def __init__(self, rest: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._rest, self._waits_for = rest, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        yield self._waits_for
        yield from self._rest.__await__()


class Hub:
    """The mailboxes of one event loop by audience, such as `room:17` or `wall:3`."""

    def __init__(self) -> None:
        self._members: dict[str, set[Mailbox]] = {}
        self.loop = asyncio.get_running_loop()

    def join(self, audience: str, mailbox: Mailbox) -> None:
        self._members.setdefault(audience, set()).add(mailbox)
        mailbox.audiences.add(audience)

    def leave(self, mailbox: Mailbox) -> None:
        for audience in mailbox.audiences:
            members = self._members.get(audience, set())
            members.discard(mailbox)
            if not members:
                self._members.pop(audience, None)
        mailbox.audiences.clear()

    def publish(self, audience: str, text: str) -> int:
        """Hand a frame to every listener of an audience; how many there were."""
        members = tuple(self._members.get(audience, ()))
        for mailbox in members:
            mailbox.put(text)
        return len(members)

    def listening(self, prefix: str) -> list[str]:
        """The audiences of one kind that somebody here listens to."""
        return [audience for audience in self._members if audience.startswith(prefix)]

    @property
    def is_empty(self) -> bool:
        return not self._members


_hubs = PerLoop(Hub)


def hub() -> Hub:
    """The hub of the running loop."""
    return _hubs.here()
