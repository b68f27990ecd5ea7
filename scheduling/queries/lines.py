"""Lines as a process remembers them: read again at most once a second, however many people ask."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from channels.db import database_sync_to_async

from scheduling.models import QueueOpening, QueuePlace
from scheduling.queries.queue import Line, QueueStanding, line_of, paces_of

FRESH_FOR = 1.0  # seconds until those who came since are counted
WHOLE_FOR = 30.0  # seconds until all orders are read again


@dataclass
class _Remembered:
    line: Line | None
    fresh_at: float
    whole_at: float


_lines: dict[int, _Remembered] = {}
_turns: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


async def line_standing(
    sitting_id: int, order: int, at: datetime, now: float
) -> QueueStanding | None:
    """Where an order stands in the line of a sitting; None when the sitting has no line.

    `now` is the clock by which what is remembered grows old.
    """
    known = _lines.get(sitting_id)
    if known is None or now - known.fresh_at >= FRESH_FOR:
        known = await _refreshed(sitting_id, now)
    return known.line.standing(order, at) if known.line else None


async def _refreshed(sitting_id: int, now: float) -> _Remembered:
    """One of those who ask reads; the others wait for him."""
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn:
        known = _lines.get(sitting_id)
        if known is None or now - known.fresh_at >= FRESH_FOR:
            known = await database_sync_to_async(_read)(sitting_id, known, now)
            _lines[sitting_id] = known
    return known


def _read(sitting_id: int, known: _Remembered | None, now: float) -> _Remembered:
    if known is None or known.line is None or now - known.whole_at >= WHOLE_FOR:
        opening = QueueOpening.objects.filter(sitting=sitting_id).select_related("sitting").first()
        return _Remembered(line_of(opening.sitting) if opening else None, now, now)
    line, last = known.line, known.line.orders[-1] if known.line.orders else -1
    came = QueuePlace.objects.filter(sitting=sitting_id, order__gt=last).order_by("order")
    line.orders.extend(came.values_list("order", flat=True))
    line.paces = paces_of(sitting_id)
    return _Remembered(line, now, known.whole_at)


def forget_lines() -> None:
    """Read anew at the next question: for tests, and after a restore."""
    _lines.clear()
