"""Confirming, giving back and joining the list in groups: as if each had come alone, and once."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from centres.common.audit import AuditEntry, first_broken
from centres.common.errors import DomainError
from centres.common.outbox import Letter
from scheduling.actions.bookings import confirm_booking, hold_seat
from scheduling.actions.confirming import confirm_seats
from scheduling.actions.fees import set_fee
from scheduling.actions.giving_back import Given, give_back_seats
from scheduling.actions.ground import Held, Shown
from scheduling.actions.holds import HOLD_FOR
from scheduling.actions.waiting import Wanted, join_list
from scheduling.models import (
    Booking,
    Fee,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
    WaitedPool,
    WaitingEntry,
)
from scheduling.queries.soundness import soundness
from tests.factories import (
    NOW,
    fill_room,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)
from tests.races import PATIENCE, all_at_once, without

AT = NOW - timedelta(days=20)
PEOPLE = 5


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def people(sitting: Sitting) -> list[Registration]:
    return [
        make_registration(sitting, candidate=make_candidate(email=f"p{n}@example.org"))
        for n in range(PEOPLE)
    ]


@pytest.fixture
def held(place: RoomSession, people: list[Registration]) -> list[Booking]:
    """Everybody holds a seat."""
    seats = place.room.seats.order_by("pk")
    return [
        hold_seat(registration=person, room_session=place, seat=seat, by=None, at=AT)
        for person, seat in zip(people, seats, strict=False)
    ]


@pytest.fixture(autouse=True)
def _books_are_sound(db: None) -> object:
    yield
    assert soundness().faults == ()
    assert first_broken() is None


def shown(booking: Booking, seat: int = 0) -> Shown:
    seat = seat or booking.seat_id
    return Shown(booking.registration_id, booking.room_session_id, seat, None)


def given(booking: Booking) -> Given:
    return Given(booking.registration_id, booking.pk, None)


def wanted(person: Registration, place: RoomSession) -> Wanted:
    return Wanted(person.pk, "centre", place.room.building.centre_id, 0, 0, None)


def codes(outcomes: Sequence[object]) -> list[str]:
    found = []
    for one in outcomes:
        named = one.code if isinstance(one, DomainError) else getattr(one, "state", "?")
        found.append(str(named))
    return found


# --- as if each had come alone -----------------------------------------------------------------


def test_of_a_group_each_confirms_what_he_would_confirm_alone(
    sitting: Sitting, place: RoomSession, people: list[Registration], held: list[Booking]
) -> None:
    set_fee(sitting=sitting, amount=33_000, hours_to_pay=72, by=None, at=AT)
    Booking.objects.filter(pk=held[2].pk).update(hold_until=AT)
    late = make_registration(sitting)
    people[3].state = "withdrawn"
    people[3].save()
    group = [
        shown(held[0]), shown(held[0]), shown(held[1], seat=held[4].seat_id), shown(held[2]),
        shown(held[3]), shown(held[4]), Shown(late.pk, place.pk, held[0].seat_id, None),
    ]  # fmt: skip
    assert codes(confirm_seats(group, at=AT)) == [
        "confirmed", "confirmed", "hold_changed", "hold_expired", "already_withdrawn",
        "confirmed", "nothing_held",
    ]  # fmt: skip
    told = Letter.objects.filter(wording__endswith="seat_confirmed")
    assert sorted(told.values_list("to", flat=True)) == ["p0@example.org", "p4@example.org"]
    assert set(Fee.objects.values_list("registration", flat=True)) == {people[0].pk, people[4].pk}
    assert AuditEntry.objects.filter(verb="confirm_booking").count() == 2


def test_of_a_group_each_gives_back_what_is_his(
    sitting: Sitting, people: list[Registration], held: list[Booking]
) -> None:
    set_fee(sitting=sitting, amount=33_000, hours_to_pay=72, by=None, at=AT)
    confirm_booking(registration=people[0], by=None, at=AT)
    strange = Given(people[2].pk, held[3].pk, None)
    group = [given(held[0]), given(held[0]), given(held[1]), strange]
    assert codes(give_back_seats(group, at=AT)) == [
        "cancelled", "cancelled", "cancelled", "not_yours",
    ]  # fmt: skip
    assert SeatPool.objects.get().taken == 3
    assert [(fee.registration_id, fee.state) for fee in Fee.objects.all()] == [
        (people[0].pk, "cancelled")
    ]
    told = Letter.objects.filter(wording__endswith="seat_cancelled")
    assert list(told.values_list("to", flat=True)) == ["p0@example.org"], "a hold is no seat"
    assert AuditEntry.objects.filter(verb="cancel_booking").count() == 2


def test_a_seat_moved_from_is_not_given_back_by_an_old_tab(
    place: RoomSession, people: list[Registration], held: list[Booking]
) -> None:
    confirm_booking(registration=people[0], by=None, at=AT)
    seat = place.room.seats.order_by("pk")[PEOPLE]
    hold_seat(registration=people[0], room_session=place, seat=seat, by=None, at=AT)
    confirm_booking(registration=people[0], by=None, at=AT)
    assert codes(give_back_seats([given(held[0])], at=AT)) == ["seat_gone"]
    assert people[0].bookings.get(state="confirmed").seat == seat


def test_of_a_group_each_waits_in_the_order_in_which_they_came(
    sitting: Sitting, place: RoomSession, people: list[Registration]
) -> None:
    free = codes(join_list([wanted(people[0], place)], at=AT))
    assert free == ["places_are_free"]
    fill_room(place, sitting)
    wrong = Wanted(people[3].pk, "nowhere", 0, 0, 0, None)
    near = Wanted(people[4].pk, "near", 0, 0, 50, None)
    group = [*(wanted(person, place) for person in (people[2], people[0], people[2])), wrong, near]
    assert codes(join_list(group, at=AT)) == [
        "waiting", "waiting", "waiting", "wait_wrong", "waiting",
    ]  # fmt: skip
    entries = WaitingEntry.objects.order_by("pk")
    assert [entry.registration for entry in entries] == [people[2], people[0], people[4]]
    assert [(entry.scope, entry.within_km) for entry in entries][1:] == [
        ("centre", None), ("near", 50),
    ]  # fmt: skip
    assert WaitedPool.objects.count() == 3
    assert AuditEntry.objects.filter(verb="join_waiting_list").count() == 4


@pytest.mark.parametrize("act", ["confirm", "give back", "wait"])
def test_a_group_asks_as_many_questions_as_one(
    sitting: Sitting, place: RoomSession, people: list[Registration], held: list[Booking], act: str
) -> None:
    set_fee(sitting=sitting, amount=33_000, hours_to_pay=72, by=None, at=AT)
    if act == "wait":
        for seat in place.room.seats.exclude(bookings__state="held"):
            other = make_registration(sitting)
            hold_seat(registration=other, room_session=place, seat=seat, by=None, at=AT)
    work: dict[str, Callable[[Sequence[int]], object]] = {
        "confirm": lambda some: confirm_seats([shown(held[n]) for n in some], at=AT),
        "give back": lambda some: give_back_seats([given(held[n]) for n in some], at=AT),
        "wait": lambda some: join_list([wanted(people[n], place) for n in some], at=AT),
    }
    with CaptureQueriesContext(connection) as one:
        work[act]([0])
    with CaptureQueriesContext(connection) as many:
        work[act]([1, 2, 3, 4])
    assert len(many) <= len(one)


# --- in one moment -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_a_seat_given_back_in_two_tabs_is_counted_out_twice(
    place: RoomSession, held: list[Booking]
) -> None:
    """What every tutorial does: look whether it is still taken, then end it and count."""

    def look_and_give() -> None:
        booking = Booking.objects.get(pk=held[0].pk)
        pool = SeatPool.objects.get()
        assert booking.state == "held"
        looked.wait(PATIENCE)
        booking.state = "cancelled"
        booking.ended_at = AT
        booking.save()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE scheduling_seatpool SET taken = taken - 1 WHERE id = %s", [pool.pk]
            )

    looked = threading.Barrier(2)
    all_at_once([look_and_give] * 2)
    assert [fault.kind for fault in soundness().faults] == ["counter"]
    SeatPool.objects.update(taken=PEOPLE - 1)
    again = all_at_once([lambda: give_back_seats([given(held[1])], at=AT)] * 4)
    assert [codes(outcome) for outcome in again] == [["cancelled"]] * 4  # type: ignore[arg-type]
    assert SeatPool.objects.get().taken == PEOPLE - 2
    assert soundness().faults == ()


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_one_person_stands_on_the_list_twice(
    sitting: Sitting, place: RoomSession, people: list[Registration]
) -> None:
    fill_room(place, sitting)

    def look_and_join() -> None:
        assert not WaitingEntry.objects.filter(registration=people[0]).exists()
        looked.wait(PATIENCE)
        WaitingEntry.objects.create(
            registration=people[0], sitting=sitting, paper=place.exam_session.paper, joined_at=AT,
            scope="centre", centre=place.room.building.centre,
        )  # fmt: skip

    looked = threading.Barrier(3)
    with without(WaitingEntry, "one_place_on_the_waiting_list"):
        all_at_once([look_and_join] * 3)
        assert WaitingEntry.objects.count() == 3
    all_at_once([lambda: join_list([wanted(people[0], place)] * 2, at=AT)] * 3)
    assert WaitingEntry.objects.get().registration == people[0]
    assert WaitedPool.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_a_seat_confirmed_in_two_tabs_costs_twice(
    sitting: Sitting, people: list[Registration], held: list[Booking]
) -> None:
    set_fee(sitting=sitting, amount=33_000, hours_to_pay=72, by=None, at=AT)

    def look_and_owe() -> None:
        serial = people[0].fees.count()
        looked.wait(PATIENCE)
        Fee.objects.create(
            registration=people[0], reference=f"{next(references)}", amount=1, made_at=AT,
            due_at=AT + HOLD_FOR,
        )  # fmt: skip
        assert serial == 0

    looked, references = threading.Barrier(3), iter("abc")
    with without(Fee, "one_fee_in_force"):
        all_at_once([look_and_owe] * 3)
        assert Fee.objects.count() == 3
    groups = [held[n:] + held[:n] for n in range(4)]  # that cross
    work = [lambda g=group: confirm_seats([shown(one) for one in g], at=AT) for group in groups]
    outcomes = all_at_once(work)
    assert {code for group in outcomes for code in codes(group)} == {"confirmed"}  # type: ignore[arg-type]
    assert Fee.objects.count() == Letter.objects.count() == PEOPLE
    assert AuditEntry.objects.filter(verb="confirm_booking").count() == PEOPLE
    assert soundness().faults == ()


@pytest.mark.django_db(transaction=True)
def test_groups_of_every_kind_that_cross_never_wait_for_each_other_in_turn(
    place: RoomSession, people: list[Registration], held: list[Booking]
) -> None:
    confirm_seats([shown(one) for one in held[:3]], at=AT)

    def work(turn: int) -> Callable[[], object]:
        turned = held[turn:] + held[:turn]
        if turn % 2:
            return lambda: give_back_seats([given(one) for one in turned], at=AT)
        return lambda: confirm_seats([shown(one) for one in turned], at=AT)

    for outcomes in all_at_once([work(turn) for turn in range(4)]):
        assert isinstance(outcomes, list), outcomes
        assert all(isinstance(one, Held) or one.code == "nothing_held" for one in outcomes)
    assert not Booking.objects.filter(state__in=["held", "confirmed"]).exists()
    assert soundness().faults == ()
