"""Two people, one seat, one moment: first without the constraint, then with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from scheduling.actions.bookings import confirm_booking, hold_seat
from scheduling.errors import SeatTaken
from scheduling.models import Booking, Registration, RoomSession, SeatPool, SittingMode
from scheduling.models.booking import LIVE
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=20)
PEOPLE = 6

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room_session() -> RoomSession:
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def people(room_session: RoomSession) -> list[Registration]:
    return [make_registration(room_session.exam_session.sitting) for _ in range(PEOPLE)]


@contextmanager
def without(name: str) -> Iterator[None]:
    """The table without one of its constraints. The rows it would refuse are gone afterwards."""
    constraint = next(c for c in Booking._meta.constraints if c.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Booking, constraint)
    try:
        yield
    finally:
        Booking.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Booking, constraint)


def all_at_once(work: Callable[[int], object], times: int = PEOPLE) -> list[object]:
    """Let `times` threads begin in the same moment; what each returned or raised."""
    gate, results = threading.Barrier(times), [None] * times

    def run(order: int) -> None:
        try:
            gate.wait(timeout=10)
            results[order] = work(order)
        except SeatTaken as error:
            results[order] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(order,)) for order in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def take_one_seat(room_session: RoomSession, people: list[Registration]) -> list[object]:
    seat = room_session.room.seats.first()
    assert seat is not None

    def take(order: int) -> Booking:
        person = people[order]
        hold_seat(registration=person, room_session=room_session, seat=seat, by=None, at=AT)
        return confirm_booking(registration=person, by=None, at=AT)

    return all_at_once(take)


def test_without_the_constraint_one_seat_is_given_to_several(
    room_session: RoomSession, people: list[Registration]
) -> None:
    with without("one_live_booking_per_seat"):
        take_one_seat(room_session, people)
        assert Booking.objects.filter(state__in=LIVE).count() > 1


def test_with_the_constraint_one_person_has_the_seat_and_the_others_a_sentence(
    room_session: RoomSession, people: list[Registration]
) -> None:
    results = take_one_seat(room_session, people)
    assert sum(isinstance(result, Booking) for result in results) == 1
    assert sum(isinstance(result, SeatTaken) for result in results) == PEOPLE - 1
    assert Booking.objects.count() == SeatPool.objects.get().taken == 1


def test_one_person_in_many_tabs_has_one_seat(
    room_session: RoomSession, people: list[Registration]
) -> None:
    seats = list(room_session.room.seats.all())

    def take(order: int) -> Booking:
        hold_seat(
            registration=people[0], room_session=room_session, seat=seats[order], by=None, at=AT
        )
        return confirm_booking(registration=people[0], by=None, at=AT)

    all_at_once(take)
    assert Booking.objects.filter(state__in=LIVE).count() == SeatPool.objects.get().taken == 1


def test_people_who_swap_rooms_do_not_wait_for_each_other(
    room_session: RoomSession, people: list[Registration]
) -> None:
    """Locks are taken in one order, so crossing moves between two pools cannot deadlock."""
    other = make_room_session(make_room(make_centre("BKK")), room_session.exam_session)
    places = [room_session, other]
    seats = [list(place.room.seats.all()) for place in places]

    def cross(order: int) -> None:
        for turn in range(3):
            side = (order + turn) % 2
            hold_seat(
                registration=people[order], room_session=places[side], seat=seats[side][order],
                by=None, at=AT,
            )  # fmt: skip
            confirm_booking(registration=people[order], by=None, at=AT)

    all_at_once(cross)
    assert Booking.objects.filter(state__in=LIVE).count() == PEOPLE
    assert sum(SeatPool.objects.values_list("taken", flat=True)) == PEOPLE
