"""The line of a sitting: whose turn it is and when. All of it follows from orders and paces."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q

from scheduling.models import (
    Booking,
    BookingState,
    QueueOpening,
    QueuePlace,
    Registration,
    Sitting,
    WaitingEntry,
    WaitState,
)
from scheduling.queries.availability import Availability, read_availability

MINUTE = 60_000_000  # microseconds


class Pace(NamedTuple):
    begins_at: datetime
    per_minute: int


def paces_of(sitting_id: int) -> list[Pace]:
    """The paces of a line, the first of them first."""
    rows = Sitting(pk=sitting_id).queue_paces.order_by("begins_at")
    return [Pace(*row) for row in rows.values_list("begins_at", "per_minute")]


def let_in_by(paces: Sequence[Pace], at: datetime) -> int:
    """How many people have been let in at a moment: the sum of pace times time, rounded down."""
    return _flow(paces, at) // MINUTE


def turn_of(paces: Sequence[Pace], position: int) -> datetime | None:
    """When the person at a position (from 1) is let in; None while the line stands still."""
    wanted, before = position * MINUTE, 0
    for pace, following in zip(paces, [*paces[1:], None], strict=True):
        if pace.per_minute and following is None:
            return _after(pace, wanted - before)
        if following is not None:
            flow = pace.per_minute * _microseconds(following.begins_at - pace.begins_at)
            if before + flow >= wanted:
                return _after(pace, wanted - before)
            before += flow
    return None


def _after(pace: Pace, flow: int) -> datetime:
    return pace.begins_at + timedelta(microseconds=-(-flow // pace.per_minute))


def _flow(paces: Sequence[Pace], at: datetime) -> int:
    """People times microseconds a minute that have passed by a moment; whole numbers all along."""
    if not paces:
        return 0  # a sitting without a line
    ends = [pace.begins_at for pace in paces[1:]] + [at]
    return sum(
        pace.per_minute * max(0, _microseconds(min(end, at) - pace.begins_at))
        for pace, end in zip(paces, ends, strict=True)
    )


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


# --- one person's place ------------------------------------------------------------------------


@dataclass(frozen=True)
class QueueStanding:
    """Where one person stands in the line. `position` is 0 until the order is drawn.

    `turn_at` is None while the line stands still, and the moment of his turn otherwise, also when
    that has passed.
    """

    position: int
    people: int
    is_drawn: bool
    is_in: bool
    turn_at: datetime | None
    opens_at: datetime
    per_minute: int

    @property
    def ahead(self) -> int:
        return max(0, self.position - 1)


def place_of(registration: Registration) -> QueuePlace | None:
    """The registration's place in the line, if it has joined."""
    return QueuePlace.objects.filter(registration=registration).first()


def queue_standing(place: QueuePlace, at: datetime) -> QueueStanding:
    """Where a place stands at a moment, counted from the rows."""
    sitting = Sitting.objects.get(pk=place.sitting_id)
    counted = QueuePlace.objects.filter(sitting=sitting).aggregate(
        people=Count("pk"), ahead=Count("pk", filter=Q(order__lt=place.order))
    )
    return standing_at(
        counted["ahead"] + 1, counted["people"], paces_of(sitting.pk), sitting.opens_at, at
    )


def standing_at(
    position: int, people: int, paces: Sequence[Pace], opens_at: datetime, at: datetime
) -> QueueStanding:
    """Where somebody at a position stands at a moment; before the opening nobody has one."""
    is_drawn = at >= opens_at
    turn = turn_of(paces, position) if is_drawn else None
    pace = next((p.per_minute for p in reversed(paces) if p.begins_at <= at), 0)
    return QueueStanding(
        position=position if is_drawn else 0,
        people=people,
        is_drawn=is_drawn,
        is_in=turn is not None and at >= turn,
        turn_at=turn,
        opens_at=opens_at,
        per_minute=pace if is_drawn else next((p.per_minute for p in paces), 0),
    )


# --- who may hold now --------------------------------------------------------------------------


class Gate(NamedTuple):
    """Whose turn it is in one line: orders up to `through`, when there is such an order."""

    opening: QueueOpening
    paces: list[Pace]
    through: int | None  # None: fewer people have joined than were let in, so everybody is


def gate_of(opening: QueueOpening, at: datetime) -> Gate:
    """Whose turn it is at a moment. Walks on from where this process last counted to."""
    paces = paces_of(opening.sitting_id)
    let_in = let_in_by(paces, at)
    if not let_in:
        return Gate(opening, paces, -1)
    known = _counted.get(opening.commitment, (0, -1))
    if known[0] > let_in:  # a clock that went back
        known = (0, -1)
    if known[0] < let_in:
        places = QueuePlace.objects.filter(sitting=opening.sitting_id, order__gt=known[1])
        step = let_in - known[0]
        next_ = places.order_by("order").values_list("order", flat=True)[step - 1 : step]
        order = next(iter(next_), None)
        if order is None:
            return Gate(opening, paces, None)
        known = _counted[opening.commitment] = (let_in, order)
    return Gate(opening, paces, known[1])


_counted: dict[str, tuple[int, int]] = {}  # by commitment: how many were let in, and up to whom


# --- a whole line in memory --------------------------------------------------------------------


@dataclass
class Line:
    """The orders of one line as this process knows them: a place is found without the database."""

    opening: QueueOpening
    paces: list[Pace]
    orders: list[int]  # the smallest first
    newest: int  # key of the place taken last

    def standing(self, order: int, at: datetime) -> QueueStanding:
        position = bisect_left(self.orders, order) + 1
        people = max(len(self.orders), position)
        return standing_at(position, people, self.paces, self.opening.sitting.opens_at, at)


def line_of(opening: QueueOpening) -> Line:
    """All orders of a line, read at once; 60,000 take 0.1 s, so keep it and read on from there."""
    places = list(
        QueuePlace.objects.filter(sitting=opening.sitting_id).values_list("order", "pk").order_by()
    )
    newest = max((key for _order, key in places), default=0)
    return Line(opening, paces_of(opening.sitting_id), sorted(o for o, _key in places), newest)


# --- for those who steer -----------------------------------------------------------------------


@dataclass(frozen=True)
class QueuePicture:
    """The rush at one moment, for the people who set the pace.

    booked + held + free + kept_for_arrangements + kept_for_the_list = places; what is free and kept
    is read where the public page reads it.
    """

    joined: int
    let_in: int
    per_minute: int
    booked: int
    waiting: int
    now: Availability

    @property
    def places(self) -> int:
        return self.now.capacity

    @property
    def held(self) -> int:
        return self.now.capacity - self.now.left - self.booked

    @property
    def free(self) -> int:
        return self.now.free

    @property
    def kept(self) -> int:
        return self.now.left - self.now.free


def queue_picture(sitting: Sitting, at: datetime) -> QueuePicture:
    """How many came, were let in, hold, have booked and wait."""
    paces = paces_of(sitting.pk)
    joined = QueuePlace.objects.filter(sitting=sitting).count()
    booked = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    )
    return QueuePicture(
        joined=joined,
        let_in=min(joined, let_in_by(paces, at)),
        per_minute=next((p.per_minute for p in reversed(paces) if p.begins_at <= at), 0),
        booked=booked.count(),
        waiting=WaitingEntry.objects.filter(sitting=sitting, state=WaitState.WAITING).count(),
        now=read_availability(sitting.pk, at),
    )
