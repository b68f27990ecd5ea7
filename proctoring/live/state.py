"""What is known of a room after some of its events: people, clock, incidents, notices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proctoring.live.clock import Clock
from proctoring.live.seat import STATES, Seat

PHASES: Final = (
    "planned", "opened", "checking_in", "briefing", "running", "paused", "evacuated", "time_up",
    "collecting", "reconciling", "sealed", "closed", "aborted",
)  # fmt: skip
RECORDS: Final = frozenset({"sealed", "closed", "aborted"})  # a room that only is read
NOBODY: Final[Mapping[int, Seat]] = MappingProxyType({})
NONE_CAME_BACK: Final[Mapping[int, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Incident:
    """Something the room must answer for later; `booking` is None when it concerns the room."""

    id: str
    seq: int
    kind: str
    booking: int | None
    at: int
    notes: tuple[str, ...] = ()
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """A command or an announcement from above, until somebody in the room has read it."""

    id: str
    seq: int
    type: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class RoomState:
    """A room session after `seq` events. `seats` maps booking numbers to their seat.

    `returned` tells, of each entry that devices brought back after a restore, its number now by the
    number it was first known by.
    """

    phase: str = "planned"
    seats: Mapping[int, Seat] = field(default_factory=lambda: NOBODY)
    clock: Clock = field(default_factory=Clock)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    conflicts: tuple[tuple[int, str], ...] = ()
    notices: tuple[Notice, ...] = ()
    read: frozenset[str] = frozenset()
    returned: Mapping[int, int] = field(default_factory=lambda: NONE_CAME_BACK)
    seq: int = 0
    moved_at: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """People in each state; they add up to the people expected, at every number."""
        counts = dict.fromkeys(STATES, 0)
        for seat in self.seats.values():
            counts[seat.state] += 1
        return counts

    @property
    def open_incidents(self) -> list[Incident]:
        return [incident for incident in self.incidents.values() if incident.is_open]

    @property
    def unread(self) -> list[Notice]:
        return [notice for notice in self.notices if notice.id not in self.read]
