"""What everybody looks at on opening day, read once a second however many look.

A process keeps the free places of a sitting for a moment; its version is a digest of them, so that
a page that has not changed is answered "not modified". The public page and the desk of those who
steer tell the same, because both read it here.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from scheduling.models import AccessClass, SeatPool
from scheduling.queries.pools import PoolName, lapsed_counts, waiting_pools

KEPT_FOR = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one kind at one centre in one exam session.

    `left` is what nobody has booked or holds; a hold that lapsed is over. While somebody waits for
    such a place, what is left is kept for the list, until seats are frozen.
    """

    centre: int
    exam_session: int
    access_class: str
    capacity: int
    left: int
    is_waited: bool = False

    @property
    def free(self) -> int:
        """How many can be chosen now by those whom they are for."""
        return 0 if self.is_waited else self.left


@dataclass(frozen=True)
class Availability:
    """The places of a sitting at one moment. `version` changes exactly when they do.

    `free` + `kept_for_arrangements` + `kept_for_the_list` = `left`.
    """

    version: str
    places: tuple[Places, ...]

    @property
    def capacity(self) -> int:
        return sum(place.capacity for place in self.places)

    @property
    def left(self) -> int:
        return sum(place.left for place in self.places)

    @property
    def free(self) -> int:
        """Places that anybody may choose."""
        return sum(place.free for place in self.of_class(AccessClass.STANDARD))

    @property
    def kept_for_arrangements(self) -> int:
        return sum(place.free for place in self.places) - self.free

    @property
    def kept_for_the_list(self) -> int:
        return sum(place.left for place in self.places if place.is_waited)

    def of_class(self, access_class: str) -> list[Places]:
        """The places of one kind, by centre and exam session."""
        return [place for place in self.places if place.access_class == access_class]


_kept: dict[int, tuple[float, Availability]] = {}
_turn = Lock()


def availability(sitting_id: int, at: datetime) -> Availability:
    """The places of a sitting, at most a second old. Seldom a query, never one per visitor."""
    now = time.monotonic()
    kept = _kept.get(sitting_id)
    if kept is not None and now - kept[0] < KEPT_FOR:
        return kept[1]
    with _turn:
        kept = _kept.get(sitting_id)
        if kept is None or now - kept[0] >= KEPT_FOR:
            kept = _kept[sitting_id] = time.monotonic(), read_availability(sitting_id, at)
    return kept[1]


def read_availability(sitting_id: int, at: datetime) -> Availability:
    """The places of a sitting, read now, in three queries."""
    rows = list(
        SeatPool.objects.filter(exam_session__sitting=sitting_id)
        .order_by("centre__code", "exam_session__number", "access_class")
        .values_list("pk", "centre_id", "exam_session_id", "access_class", "taken", "capacity",
                     "exam_session__sitting__freezes_at")
    )  # fmt: skip
    lapsed = lapsed_counts((session for _key, _centre, session, *_rest in rows), at)
    waited = waiting_pools(key for key, *_rest in rows)
    places = tuple(
        Places(
            centre, session, access_class, capacity, is_waited=key in waited and at < ends,
            left=capacity - taken + lapsed[PoolName(centre, session, access_class)],
        )
        for key, centre, session, access_class, taken, capacity, ends in rows
    )  # fmt: skip
    said = repr([(p.centre, p.exam_session, p.access_class, p.free, p.capacity) for p in places])
    return Availability(hashlib.sha256(said.encode()).hexdigest()[:16], places)


def forget_availability() -> None:
    """Read anew at the next question: for tests, and after a restore."""
    _kept.clear()
