"""What everybody looks at on opening day, read once a second however many people look.

A process keeps the free places of a sitting for a moment; its version is a digest of them, so that
a page that has not changed is answered "not modified".
"""

import hashlib
import time
from dataclasses import dataclass
from threading import Lock

from scheduling.models import SeatPool

KEPT_FOR = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Places:
    """Free places of one kind at one centre in one exam session."""

    centre: int
    exam_session: int
    access_class: str
    free: int
    capacity: int


@dataclass(frozen=True)
class Availability:
    """The free places of a sitting at one moment. `version` changes exactly when they do."""

    version: str
    places: tuple[Places, ...]

    @property
    def free(self) -> int:
        return sum(place.free for place in self.places)

    def of_class(self, access_class: str) -> list[Places]:
        """The places of one kind, by centre and exam session."""
        return [place for place in self.places if place.access_class == access_class]


_kept: dict[int, tuple[float, Availability]] = {}
_turn = Lock()


def availability(sitting_id: int) -> Availability:
    """The free places of a sitting, at most a second old. Seldom a query, never one per visitor.

    Holds that lapsed count as taken until somebody needs the place; nothing is promised by this.
    """
    now = time.monotonic()
    kept = _kept.get(sitting_id)
    if kept is not None and now - kept[0] < KEPT_FOR:
        return kept[1]
    with _turn:
        kept = _kept.get(sitting_id)
        if kept is None or now - kept[0] >= KEPT_FOR:
            kept = _kept[sitting_id] = time.monotonic(), read_availability(sitting_id)
    return kept[1]


def read_availability(sitting_id: int) -> Availability:
    """The free places of a sitting, read now."""
    rows = SeatPool.objects.filter(exam_session__sitting=sitting_id).order_by(
        "centre__code", "exam_session__number", "access_class"
    )
    fields = ("centre_id", "exam_session_id", "access_class", "taken", "capacity")
    places = tuple(
        Places(centre, session, access, capacity - taken, capacity)
        for centre, session, access, taken, capacity in rows.values_list(*fields)
    )
    said = repr([(p.centre, p.exam_session, p.access_class, p.free, p.capacity) for p in places])
    return Availability(hashlib.sha256(said.encode()).hexdigest()[:16], places)


def forget_availability() -> None:
    """Read anew at the next question: for tests, and after a restore."""
    _kept.clear()
