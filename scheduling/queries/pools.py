"""Seat pools: their names, who waits for them, which of their holds nobody confirmed in time."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from scheduling.models import Booking, BookingState, SeatPool, WaitedPool, WaitState


class PoolName(NamedTuple):
    """Which seat pool: how bookings and pools are brought together."""

    centre: int
    exam_session: int
    access_class: str

    def condition(self) -> Q:
        return Q(centre=self.centre, exam_session=self.exam_session, access_class=self.access_class)


_NAME = ("room_session__room__building__centre", "room_session__exam_session", "access_class")


def pools_of(bookings: QuerySet[Booking]) -> set[PoolName]:
    """The pools that some bookings are counted in."""
    return {PoolName(*row) for row in bookings.order_by().values_list(*_NAME)}


def waiting_pools(pools: Iterable[int]) -> set[int]:
    """Those of some pools that somebody waits for: nobody else takes a place of them."""
    waiting = WaitedPool.objects.filter(pool=OuterRef("pk"), entry__state=WaitState.WAITING)
    found = SeatPool.objects.filter(Exists(waiting), pk__in=list(pools))
    return set(found.values_list("pk", flat=True))


def lapsed_in(name: PoolName, at: datetime) -> QuerySet[Booking]:
    """Holds of a pool that nobody confirmed in time and nobody has tidied away yet."""
    return Booking.objects.filter(
        room_session__room__building__centre=name.centre,
        room_session__exam_session=name.exam_session,
        access_class=name.access_class,
        state=BookingState.HELD,
        hold_until__lte=at,
    )


def lapsed_counts(exam_sessions: Iterable[int], at: datetime) -> Counter[PoolName]:
    """How many lapsed holds the pools of some exam sessions still count as taken."""
    rows = Booking.objects.filter(
        room_session__exam_session__in=set(exam_sessions),
        state=BookingState.HELD,
        hold_until__lte=at,
    ).values_list(*_NAME)
    return Counter(PoolName(*row) for row in rows)
