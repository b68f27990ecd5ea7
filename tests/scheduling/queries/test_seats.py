"""Who may sit where, and what is free."""

from datetime import timedelta

import pytest

from centres.models import Seat
from scheduling.actions.bookings import HOLD_FOR, hold_seat
from scheduling.models import AccessClass, RoomSession, SittingMode
from scheduling.queries.seats import free_places, free_rooms, seat_map, seats_for
from tests.factories import (
    NOW,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
AT = NOW - timedelta(days=20)


@pytest.fixture
def place() -> RoomSession:
    """Four chairs in two rows with an aisle; B2 is a wheelchair place, A2 is broken."""
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    room = make_room(make_centre(), rows=2, columns=3)
    Seat.objects.filter(room=room, label="B2").update(kind="wheelchair")
    Seat.objects.filter(room=room, label="A2").update(is_usable=False)
    return make_room_session(room, sitting.exam_sessions.get())


@pytest.mark.parametrize(
    ("access", "labels"),
    [
        (AccessClass.STANDARD, {"A1", "B1", "C1", "C2"}),
        (AccessClass.STEP_FREE, {"A1", "B1", "C1", "C2"}),
        (AccessClass.WHEELCHAIR, {"B2"}),
        (AccessClass.SEPARATE, set()),
    ],
)
def test_each_kind_of_place_has_its_own_chairs(
    place: RoomSession, access: str, labels: set[str]
) -> None:
    assert {seat.label for seat in seats_for(access, place)} == labels


def test_a_room_with_a_step_serves_nobody_who_cannot_climb(place: RoomSession) -> None:
    place.room.step_free = False
    place.room.save()
    assert seats_for(AccessClass.STANDARD, place).count() == 4
    assert not seats_for(AccessClass.STEP_FREE, place).exists()
    assert not seats_for(AccessClass.WHEELCHAIR, place).exists()


def test_a_separate_room_serves_only_those_who_need_one(place: RoomSession) -> None:
    place.room.is_separate = True
    place.room.save()
    assert seats_for(AccessClass.SEPARATE, place).count() == 5
    assert not seats_for(AccessClass.STANDARD, place).exists()


def test_the_map_stands_as_the_room_does(place: RoomSession) -> None:
    sitting = place.exam_session.sitting
    me, other = make_registration(sitting), make_registration(sitting)
    seats = {seat.label: seat for seat in place.room.seats.all()}
    make_booking(me, place, seats["A1"])
    make_booking(other, place, seats["B1"])
    hold_seat(registration=me, room_session=place, seat=seats["C1"], by=None, at=AT)
    rows = seat_map(place, me, AT).rows
    drawn = [[seat and (seat.label, seat.state) for seat in row] for row in rows]
    assert drawn == [
        [("A1", "mine"), ("B1", "taken"), None, ("C1", "held")],
        [("A2", "closed"), ("B2", "closed"), None, ("C2", "free")],
    ]


def test_a_lapsed_hold_is_free_again(place: RoomSession) -> None:
    sitting = place.exam_session.sitting
    seat = place.room.seats.get(label="A1")
    hold_seat(
        registration=make_registration(sitting), room_session=place, seat=seat, by=None, at=AT
    )
    me = make_registration(sitting)
    assert seat_map(place, me, AT).free == 3
    assert seat_map(place, me, AT + HOLD_FOR).free == 4


def test_free_places_and_rooms_are_counted_for_ones_own_kind(place: RoomSession) -> None:
    sitting = place.exam_session.sitting
    me = make_registration(sitting)
    centre = place.room.building.centre
    make_booking(make_registration(sitting), place, place.room.seats.get(label="A1"))
    assert [(p.centre, p.exam_session, p.free) for p in free_places(me, AT)] == [
        (centre, place.exam_session, 4)
    ]
    assert [r.free for r in free_rooms(me, centre, place.exam_session, AT)] == [3]
    wheels = make_registration(sitting, access_class="wheelchair")
    assert [r.free for r in free_rooms(wheels, centre, place.exam_session, AT)] == [1]
    assert free_places(wheels, AT) == []
