"""The time plan of a room, and what each candidate was due and was granted.

Times are milliseconds since 1970 UTC, lengths in the plan are minutes. The clock is never
sent as ticks: these few numbers are enough for every device to draw it.

    due(c)     = (planned + extensions + own extra) minutes
    granted(c) = (handed in - started) - pauses of the room in between - time lost to the centre
Source: separation of start, delay and extra time as in programming contests; JCQ, Instructions
for conducting examinations, on noting the time of every interruption.
"""

from dataclasses import dataclass, replace
from typing import Final

MINUTE: Final = 60_000


@dataclass(frozen=True, slots=True)
class Clock:
    """One room's time: the plan (`starts_at`, `minutes`, `late_until`) and what happened.

    `pauses` holds finished pauses as (from, to); `paused_since` an open one.
    """

    starts_at: int = 0
    minutes: int = 0
    late_until: int = 0
    started_at: int | None = None
    paused_since: int | None = None
    pauses: tuple[tuple[int, int], ...] = ()
    extended: int = 0

    def started(self, at: int) -> "Clock":
        return replace(self, started_at=at)

    def paused(self, at: int) -> "Clock":
        return replace(self, paused_since=at)

    def resumed(self, at: int) -> "Clock":
        if self.paused_since is None:
            return self
        span = (self.paused_since, max(at, self.paused_since))
        return replace(self, paused_since=None, pauses=(*self.pauses, span))

    def extended_by(self, minutes: int) -> "Clock":
        return replace(self, extended=self.extended + minutes)


def overlap(span: tuple[int, int], start: int, end: int) -> int:
    """Milliseconds that two spans share; 0 when they do not meet."""
    return max(0, min(span[1], end) - max(span[0], start))


def paused_between(clock: Clock, start: int, end: int) -> int:
    """Milliseconds between `start` and `end` in which the room's time stood still."""
    total = sum(overlap(span, start, end) for span in clock.pauses)
    if clock.paused_since is not None:
        total += overlap((clock.paused_since, max(end, clock.paused_since)), start, end)
    return total


def due(clock: Clock, extra: int) -> int:
    """Milliseconds of working time owed to a candidate with `extra` minutes of his own."""
    return (clock.minutes + clock.extended + extra) * MINUTE


def ends_at(clock: Clock, extra: int, now: int) -> int | None:
    """When the candidate's time ends if nothing more happens; None before the room starts."""
    if clock.started_at is None:
        return None
    return clock.started_at + due(clock, extra) + paused_between(clock, clock.started_at, now)


def granted(clock: Clock, started: int, ended: int, lost: int) -> int:
    """Milliseconds a candidate could really work; `lost` is time out for the centre's reasons."""
    return max(0, ended - started - paused_between(clock, started, ended) - lost)
