"""Lines as a process remembers them: read again at most once a second, however many people ask."""

import asyncio
from bisect import insort
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from channels.db import database_sync_to_async

from scheduling.models import QueueOpening, QueuePlace
from scheduling.queries.queue import Line, line_of, paces_of

FRESH_FOR = 1.0  # seconds until those who came since are counted
WHOLE_FOR = 30.0  # seconds until all orders are read again
MOST = 1_000  # sittings remembered, should somebody count through the numbers


@dataclass
class _Remembered:
    line: Line | None
    at: datetime  # when it was read, by the clock on the wall
    fresh_at: float
    whole_at: float


_lines: dict[int, _Remembered] = {}
_turn = Lock()
_turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


def known_line(sitting_id: int, at: datetime, now: float) -> Line | None:
    """The line of a sitting, at most a second old; None when it has none.

    `now` is the clock by which what is remembered grows old. One of those who ask reads; the others
    wait for him. What was read before the opening is not fresh after it: numbers are told then, and
    nobody shall hear one that the last to come would change.
    """
    known = _fresh(sitting_id, at, now)
    if known is None:
        with _turn:
            known = _fresh(sitting_id, at, now) or _read(sitting_id, at, now)
    return known.line


async def known_line_soon(sitting_id: int, at: datetime, now: float) -> Line | None:
    """The same inside an event loop, where only one reader takes a thread."""
    known = _fresh(sitting_id, at, now)
    if known is not None:
        return known.line
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        line: Line | None = await database_sync_to_async(known_line)(sitting_id, at, now)
        return line


def _fresh(sitting_id: int, at: datetime, now: float) -> _Remembered | None:
    known = _lines.get(sitting_id)
    if known is None or now - known.fresh_at >= FRESH_FOR:
        return None
    if known.line is not None and known.at < known.line.opening.sitting.opens_at <= at:
        return None
    return known


def _read(sitting_id: int, at: datetime, now: float) -> _Remembered:
    known = _lines.get(sitting_id)
    if known is None or known.line is None or now - known.whole_at >= WHOLE_FOR:
        if len(_lines) > MOST:
            _lines.clear()
        opening = QueueOpening.objects.filter(sitting=sitting_id).select_related("sitting").first()
        known = _Remembered(line_of(opening) if opening else None, at, now, now)
    else:
        line = known.line
        came = QueuePlace.objects.filter(sitting=sitting_id, pk__gt=line.newest).order_by("pk")
        for line.newest, order in came.values_list("pk", "order"):
            insort(line.orders, order)
        line.paces = paces_of(sitting_id)
        known = _Remembered(line, at, now, known.whole_at)
    _lines[sitting_id] = known
    return known


def forget_lines() -> None:
    """Read anew at the next question: for tests, and after a restore."""
    _lines.clear()
