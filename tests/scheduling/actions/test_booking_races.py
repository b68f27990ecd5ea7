"""Two people, one seat, one moment: first without the constraint, then with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from scheduling.actions.bookings import confirm_booking, hold_seat
from scheduling.actions.ground import Asked
from scheduling.actions.holds import hold_seats
from scheduling.errors import SeatTaken
from scheduling.models import (
    Booking,
    ExamSession,
    Paper,
    Registration,
    RoomSession,
    SeatPool,
    SittingMode,
)
from scheduling.models.booking import LIVE
from scheduling.queries.soundness import soundness
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
            gate.wait(timeout=60)
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


def look_and_take(
    room_session: RoomSession, people: list[Registration], rows: list[dict[str, object]]
) -> list[object]:
    """What every tutorial does: look whether it is free, then book and count. Nothing locks."""
    looked = threading.Barrier(len(rows))

    def take(order: int) -> Booking:
        row = rows[order]
        beside = {name: row[name] for name in ("room_session", "seat") if name in row}
        free = not Booking.objects.filter(**beside, state__in=LIVE).exists()
        pool = SeatPool.objects.get(exam_session=room_session.exam_session)
        looked.wait(timeout=60)
        assert free
        plain = {"registration": people[order], "room_session": room_session, "state": "confirmed",
                 "access_class": "standard", "paper": room_session.exam_session.paper,
                 "made_at": AT}  # fmt: skip
        try:
            booking = Booking.objects.create(**{**plain, **row})
        except IntegrityError as error:
            raise SeatTaken(seat="") from error
        pool.taken += 1
        pool.save()
        return booking

    return all_at_once(take, len(rows))


def test_without_the_constraint_one_seat_is_given_to_several(
    room_session: RoomSession, people: list[Registration]
) -> None:
    seat = room_session.room.seats.first()
    rows = [{"seat": seat, "room_session": room_session} for _person in people]
    with without("one_live_booking_per_seat"):
        look_and_take(room_session, people, rows)
        assert Booking.objects.filter(state__in=LIVE).count() == PEOPLE
        assert {"seat_twice", "counter"} <= {fault.kind for fault in soundness().faults}
    SeatPool.objects.update(taken=0)
    results = look_and_take(room_session, people, rows)
    assert sum(isinstance(result, Booking) for result in results) == 1


def test_without_locks_a_counter_forgets_bookings(
    room_session: RoomSession, people: list[Registration]
) -> None:
    seats = list(room_session.room.seats.all())
    look_and_take(room_session, people, [{"seat": seats[n]} for n in range(PEOPLE)])
    assert SeatPool.objects.get().taken < Booking.objects.count() == PEOPLE
    assert [fault.kind for fault in soundness().faults] == ["counter"]


def test_without_the_constraint_one_person_sits_twice(
    room_session: RoomSession, people: list[Registration]
) -> None:
    seats = list(room_session.room.seats.all())
    rows = [{"seat": seats[n], "registration": people[0]} for n in range(PEOPLE)]
    with without("one_live_booking_per_paper"):
        look_and_take(room_session, people, rows)
        assert Booking.objects.filter(state__in=LIVE).count() == PEOPLE
        assert "person_twice" in {fault.kind for fault in soundness().faults}
    results = look_and_take(room_session, people, rows)
    assert sum(isinstance(result, Booking) for result in results) == 1


def test_two_sessions_at_a_time_are_refused_even_in_the_same_moment(
    room_session: RoomSession, people: list[Registration]
) -> None:
    first = room_session.exam_session
    sitting = first.sitting
    paper = Paper.objects.create(exam=sitting.exam, code="P2", name_th="ข", minutes=180)
    times = {name: getattr(first, name) for name in
             ("doors_open_at", "starts_at", "doors_close_at", "ends_at")}  # fmt: skip
    session = ExamSession.objects.create(sitting=sitting, paper=paper, number=2, **times)
    other = make_room_session(make_room(room_session.room.building.centre, "2"), session)
    spots = [
        {"room_session": room, "seat": room.room.seats.first(), "paper": room.exam_session.paper,
         "registration": people[0]}
        for room in (room_session, other)
    ]  # fmt: skip
    results = look_and_take(room_session, people, spots)
    assert sum(isinstance(result, Booking) for result in results) == 1
    Booking.objects.all().delete()
    with without_triggers():
        results = look_and_take(room_session, people, spots)
        assert sum(isinstance(result, Booking) for result in results) == 2
        assert "two_places" in {fault.kind for fault in soundness().faults}
        Booking.objects.all().delete()


@contextmanager
def without_triggers() -> Iterator[None]:
    """The table of bookings without its triggers."""
    migration = import_module("scheduling.migrations.0007_one_place_at_a_time")
    with connection.schema_editor() as editor:
        migration.backward(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            migration.forward(None, editor)


def test_with_the_constraint_one_person_has_the_seat_and_the_others_a_sentence(
    room_session: RoomSession, people: list[Registration]
) -> None:
    results = take_one_seat(room_session, people)
    assert sum(isinstance(result, Booking) for result in results) == 1
    assert sum(isinstance(result, SeatTaken) for result in results) == PEOPLE - 1
    assert Booking.objects.count() == SeatPool.objects.get().taken == 1


def test_groups_that_cross_take_no_seat_twice_and_never_wait_in_turn(
    room_session: RoomSession, people: list[Registration]
) -> None:
    """Several processes, each with its group, all wanting the same few seats of two centres."""
    other = make_room_session(make_room(make_centre("BKK")), room_session.exam_session)
    spots = [(room.pk, seat.pk) for room in (room_session, other)
             for seat in room.room.seats.all()[:3]]  # fmt: skip

    def group(order: int) -> list[object]:
        turned = spots[order:] + spots[:order]
        asked = [
            Asked(person.pk, *spot, uuid4(), None)
            for person, spot in zip(people[order:] + people[:order], turned, strict=True)
        ]
        return hold_seats(asked, at=AT)

    all_at_once(group)
    assert soundness().faults == ()
    assert Booking.objects.filter(state__in=LIVE).count() == PEOPLE


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
