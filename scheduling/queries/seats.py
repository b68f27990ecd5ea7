"""Questions about seats: who may sit where, what is free, a room as it stands."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from centres.models import Centre, Seat, SeatKind
from scheduling.models import (
    AccessClass,
    Booking,
    BookingState,
    ExamSession,
    Registration,
    RoomSession,
)
from scheduling.models.booking import LIVE
from scheduling.queries.availability import read_availability

_ORDINARY = Q(room__is_separate=False, room__has_interpreter=False)
_SERVES = {
    AccessClass.STANDARD: Q(_ORDINARY, kind=SeatKind.STANDARD),
    AccessClass.STEP_FREE: Q(_ORDINARY, kind=SeatKind.STANDARD, room__step_free=True),
    AccessClass.WHEELCHAIR: Q(_ORDINARY, kind=SeatKind.WHEELCHAIR, room__step_free=True),
    AccessClass.SEPARATE: Q(room__is_separate=True),
    AccessClass.MAGNIFIER: Q(_ORDINARY, kind=SeatKind.MAGNIFIER),
    AccessClass.SIGN_LANGUAGE: Q(
        kind=SeatKind.STANDARD, room__is_separate=False, room__has_interpreter=True
    ),
}


def serves(access_class: str) -> Q:
    """Which seats serve an access class; the same rule that the allocation follows."""
    return _SERVES[AccessClass(access_class)] & Q(is_usable=True, room__is_open=True)


def seats_for(access_class: str, room_session: RoomSession) -> QuerySet[Seat]:
    """The seats of one room session that serve an access class, free or not."""
    if not room_session.is_used:
        return Seat.objects.none()
    return Seat.objects.filter(serves(access_class), room=room_session.room_id)


def taken_at(at: datetime) -> Q:
    """Bookings that keep their seat from others: confirmed, or held and not lapsed."""
    return Q(state=BookingState.CONFIRMED) | Q(state=BookingState.HELD, hold_until__gt=at)


@dataclass(frozen=True)
class MapSeat:
    """One chair of a room as one candidate sees it. `state`: free, taken, mine, held or closed."""

    id: int
    label: str
    column: int  # of the grid, from 1
    row: int
    is_wheelchair: bool
    state: str


@dataclass(frozen=True)
class SeatMap:
    """A room at one moment: its chairs in their places."""

    room_session: RoomSession
    seats: list[MapSeat]
    columns: int
    at: datetime

    @property
    def free(self) -> int:
        return sum(seat.state == "free" for seat in self.seats)

    @property
    def rows(self) -> list[list[MapSeat | None]]:
        """Row by row from the front; None where no chair stands."""
        last = max((seat.row for seat in self.seats), default=0)
        grid: list[list[MapSeat | None]] = [[None] * self.columns for _ in range(last)]
        for seat in self.seats:
            grid[seat.row - 1][seat.column - 1] = seat
        return grid


def seat_map(room_session: RoomSession, registration: Registration, at: datetime) -> SeatMap:
    """The room as this registration sees it: which chairs are taken, never by whom."""
    live = Booking.objects.filter(taken_at(at), room_session=room_session)
    owners = {seat: (owner, state) for seat, owner, state in
              live.values_list("seat_id", "registration_id", "state")}  # fmt: skip
    fit = set(seats_for(registration.access_class, room_session).values_list("pk", flat=True))
    chairs = list(room_session.room.seats.order_by("y", "x"))
    left = min((chair.x for chair in chairs), default=0)
    top = min((chair.y for chair in chairs), default=0)
    seats = [
        MapSeat(
            chair.pk,
            chair.label,
            chair.x - left + 1,
            chair.y - top + 1,
            chair.kind == SeatKind.WHEELCHAIR,
            _state(owners.get(chair.pk), registration.pk, is_fit=chair.pk in fit),
        )
        for chair in chairs
    ]
    return SeatMap(room_session, seats, max((seat.column for seat in seats), default=1), at)


def _state(owner: tuple[int, str] | None, registration: int, *, is_fit: bool) -> str:
    if owner is None:
        return "free" if is_fit else "closed"
    if owner[0] != registration:
        return "taken"
    return "mine" if owner[1] == BookingState.CONFIRMED else "held"


@dataclass(frozen=True)
class FreePlaces:
    """How many places of a candidate's kind are left at one centre in one exam session."""

    centre: Centre
    exam_session: ExamSession
    free: int


def free_places(registration: Registration, at: datetime) -> list[FreePlaces]:
    """Every centre and exam session of the sitting that still has a place of this kind."""
    now = read_availability(registration.sitting_id, at)
    there = [place for place in now.of_class(registration.access_class) if place.free > 0]
    centres = Centre.objects.in_bulk({place.centre for place in there})
    sessions = ExamSession.objects.in_bulk({place.exam_session for place in there})
    return [
        FreePlaces(centres[place.centre], sessions[place.exam_session], place.free)
        for place in there
    ]


@dataclass(frozen=True)
class FreeRoom:
    """A room session and how many of its seats a candidate could take now."""

    room_session: RoomSession
    free: int


def free_rooms(
    registration: Registration, centre: Centre, session: ExamSession, at: datetime
) -> list[FreeRoom]:
    """The rooms of a centre in an exam session with a free seat of this kind."""
    rooms = RoomSession.objects.filter(
        exam_session=session, shut_at=None, room__building__centre=centre, room__is_open=True
    ).select_related("room__building")
    fitting = Seat.objects.filter(serves(registration.access_class), room__building__centre=centre)
    seats = _counts(fitting, "room_id")
    booked = Booking.objects.filter(
        taken_at(at), exam_session_is(session), seat__in=fitting.values("pk")
    )
    taken = _counts(booked, "room_session_id")
    found = [
        FreeRoom(room, seats.get(room.room_id, 0) - taken.get(room.pk, 0))
        for room in rooms.order_by("room__building__code", "room__code")
    ]
    return [room for room in found if room.free > 0]


def exam_session_is(session: ExamSession) -> Q:
    return Q(room_session__exam_session=session, state__in=LIVE)


def _counts(rows: "QuerySet[Seat] | QuerySet[Booking]", by: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(by).annotate(many=Count("pk")))
