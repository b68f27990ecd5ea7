"""A small country in the database: two centres, two exam sessions, people who wish."""

from dataclasses import dataclass

from centres.models import Centre, Room, Seat
from scheduling.models import (
    AccessClass,
    ExamSession,
    Registration,
    SeatPool,
    Sitting,
    Wish,
)
from tests.factories import (
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)


@dataclass(frozen=True)
class SmallCountry:
    sitting: Sitting
    north: Centre
    south: Centre
    sessions: list[ExamSession]
    people: list[Registration]


def wish(registration: Registration, *places: Centre | tuple[Centre, ExamSession]) -> None:
    """Rank these places for a registration, the best first."""
    for rank, place in enumerate(places, start=1):
        centre, session = place if isinstance(place, tuple) else (place, None)
        Wish.objects.create(
            registration=registration, rank=rank, centre=centre, exam_session=session
        )


def open_places(centre: Centre, session: ExamSession, access: AccessClass, places: int) -> None:
    """A seat pool of its own for people with a need, taken out of nothing else."""
    SeatPool.objects.create(
        centre=centre, exam_session=session, access_class=access, capacity=places
    )


def add_wheelchair_place(room: Room) -> Seat:
    return Seat.objects.create(room=room, label="W1", x=9, y=0, kind="wheelchair")


def small_country(people: int = 20, code: str = "1/2570") -> SmallCountry:
    """Two rooms of twelve chairs, two exam sessions; everybody lives in the north and most stay."""
    north = make_centre("CNX")
    south = make_centre("HDY", latitude=7.01, longitude=100.47)
    sitting = make_sitting(code, sessions=2)
    sessions = list(sitting.exam_sessions.all())
    for centre in (north, south):
        room = make_room(centre)
        for session in sessions:
            make_room_session(room, session)
    registrations = [
        make_registration(sitting, home_latitude=18.0 + 0.01 * number) for number in range(people)
    ]
    for registration in registrations:
        wish(registration, (north, sessions[0]), north, south)
    return SmallCountry(sitting, north, south, sessions, registrations)
