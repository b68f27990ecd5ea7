"""What a console is made of: the shape of the room and the people who sit in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from centres.common.i18n import in_language
from centres.models import Centre, Seat, SeatKind
from proctoring.live.state import RoomState
from proctoring.queries.ledger import Remembered, current_room
from scheduling.models import Booking, BookingState, Duty, ExamSession, RoomSession

NEIGHBOUR_GAP = 1


@dataclass(frozen=True)
class Person:
    """Somebody expected in the room, as the door needs to know them."""

    booking: int
    seat: str
    name: str
    given: str
    number: str
    identity: str
    form: str
    extra: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One square of the room's grid: a chair, a gap, or an aisle after it."""

    label: str = ""
    usable: bool = True
    wheelchair: bool = False
    aisle: bool = False
    person: Person | None = None


@dataclass(frozen=True)
class Console:
    """One room session, drawn as it stands: `rows` from the front, each with equal squares."""

    room_session: RoomSession
    rows: list[list[Place]]
    people: dict[int, Person]
    known: Remembered

    @property
    def state(self) -> RoomState:
        return self.known.state

    @property
    def exam_session(self) -> ExamSession:
        return self.room_session.exam_session

    @property
    def centre(self) -> Centre:
        return self.room_session.room.building.centre

    @cached_property
    def columns(self) -> int:
        return max((len(row) for row in self.rows), default=1)


def room_session_of(room: int) -> RoomSession | None:
    """A room session with its room, centre, exam session and paper."""
    return (
        RoomSession.objects.select_related(
            "room__building__centre", "exam_session__sitting", "exam_session__paper"
        )
        .filter(pk=room)
        .first()
    )


def console_of(room_session: RoomSession) -> Console:
    """Everything the page of one room shows."""
    people = {person.booking: person for person in _people(room_session)}
    known = current_room(room_session.pk)
    labels = {seat.seat: booking for booking, seat in known.state.seats.items()}
    at = {p.seat: p for p in people.values()} | {
        label: people[booking] for label, booking in labels.items() if booking in people
    }
    rows = rows_of(list(room_session.room.seats.order_by("y", "x")), at)
    return Console(room_session, rows, people, known)


def _people(room_session: RoomSession) -> list[Person]:
    bookings = (
        Booking.objects.filter(room_session=room_session, state=BookingState.CONFIRMED)
        .select_related("registration__candidate", "seat", "exam_form")
        .prefetch_related("registration__needs")
        .order_by("seat__y", "seat__x")
    )
    return [_person(booking) for booking in bookings]


def _person(booking: Booking) -> Person:
    registration = booking.registration
    candidate = registration.candidate
    return Person(
        booking=booking.pk,
        seat=booking.seat.label,
        name=in_language(str(candidate), candidate.name),
        given=candidate.name.split(" ")[0],
        number=registration.number,
        identity=candidate.identity_masked,
        form=booking.exam_form.code if booking.exam_form else "",
        extra=registration.extra_minutes,
        needs=tuple(str(need) for need in registration.needs.all()),
    )


def rows_of(seats: list[Seat], people: Mapping[str, Person]) -> list[list[Place]]:
    """The room as equal rows: a missing chair is an empty square, an empty column an aisle."""
    columns = sorted({seat.x for seat in seats})
    aisles = {a for a, b in pairwise(columns) if b - a > NEIGHBOUR_GAP}
    chairs = {(seat.x, seat.y): seat for seat in seats}
    return [
        [_place(chairs.get((x, y)), x in aisles, people) for x in columns]
        for y in sorted({seat.y for seat in seats})
    ]


def _place(seat: Seat | None, aisle: bool, people: Mapping[str, Person]) -> Place:
    if seat is None:
        return Place(aisle=aisle)
    wheelchair = seat.kind == SeatKind.WHEELCHAIR
    return Place(seat.label, seat.is_usable, wheelchair, aisle, people.get(seat.label))


def duties_of(user: int) -> list[Duty]:
    """The duties of a proctor, in order of time."""
    return list(
        Duty.objects.filter(proctor__user=user)
        .select_related(
            "room_session__room__building__centre",
            "room_session__exam_session__paper",
            "room_session__head",
        )
        .order_by("room_session__exam_session__starts_at", "room_session__room__code")
    )


def booking_by_number(exam_session: ExamSession, number: str) -> Booking | None:
    """Whose card this is in an exam session, by the ten digits on it."""
    return (
        Booking.objects.filter(
            registration__number=number,
            room_session__exam_session=exam_session,
            state=BookingState.CONFIRMED,
        )
        .select_related("seat", "room_session__room__building")
        .first()
    )
