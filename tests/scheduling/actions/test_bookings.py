"""Bookings one after another: held, confirmed, moved, given back; and what is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from centres.common.audit import AuditEntry
from centres.common.errors import NotYours
from centres.models import Centre, Seat
from scheduling.actions.bookings import (
    HOLD_FOR,
    cancel_booking,
    confirm_booking,
    hold_seat,
    move_booking,
)
from scheduling.actions.registrations import withdraw_registration
from scheduling.errors import (
    AlreadyBooked,
    AlreadyWithdrawn,
    BookingClosed,
    BookingNotOpen,
    DoorsWereOpened,
    HoldChanged,
    HoldExpired,
    NothingHeld,
    PoolFull,
    RetryKeyReused,
    SeatNotForYou,
    SeatsNotGivenYet,
    SeatTaken,
)
from scheduling.models import (
    Booking,
    BookingState,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
)
from scheduling.models.booking import LIVE
from tests.factories import (
    NOW,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=20)
Place = tuple[RoomSession, list[Seat]]


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME, sessions=2)


@pytest.fixture
def centre(db: None) -> Centre:
    return make_centre()


@pytest.fixture
def place(sitting: Sitting, centre: Centre) -> Place:
    """A room of twelve chairs in the first exam session."""
    room_session = make_room_session(make_room(centre), sitting.exam_sessions.first())
    return room_session, list(room_session.room.seats.order_by("y", "x"))


@pytest.fixture
def hold(place: Place) -> Callable[..., Booking]:
    room_session, seats = place

    def make(person: Registration, seat: int | Seat = 0, **changed: object) -> Booking:
        chair = seats[seat] if isinstance(seat, int) else seat
        plain = {"registration": person, "room_session": room_session, "seat": chair,
                 "by": None, "at": AT}  # fmt: skip
        return hold_seat(**{**plain, **changed})

    return make


@pytest.fixture(autouse=True)
def _counters_agree_with_rows(request: pytest.FixtureRequest) -> object:
    """Whatever a test did: every pool counts exactly its live bookings."""
    request.getfixturevalue("db")
    yield
    for pool in SeatPool.objects.all():
        live = Booking.objects.filter(
            room_session__room__building__centre=pool.centre_id,
            room_session__exam_session=pool.exam_session_id,
            access_class=pool.access_class,
            state__in=LIVE,
        )
        assert pool.taken == live.count()


def test_a_hold_keeps_a_seat_for_ten_minutes(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    booking = hold(make_registration(sitting))
    assert booking.state == BookingState.HELD
    assert booking.hold_until == AT + HOLD_FOR == AT + timedelta(minutes=10)
    assert AuditEntry.objects.get(verb="hold_seat").facts["seat"] == booking.seat.label


def test_two_candidates_cannot_hold_the_same_seat(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    hold(make_registration(sitting))
    with pytest.raises(SeatTaken):
        hold(make_registration(sitting))
    assert Booking.objects.count() == AuditEntry.objects.count() == 1


def test_a_lapsed_hold_is_taken_over_in_place(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    slow = hold(make_registration(sitting))
    quick = hold(make_registration(sitting), at=AT + HOLD_FOR)
    slow.refresh_from_db()
    assert (slow.state, quick.state) == (BookingState.LAPSED, BookingState.HELD)


def test_a_hold_that_lapsed_cannot_be_confirmed(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    hold(person)
    with pytest.raises(HoldExpired):
        confirm_booking(registration=person, by=None, at=AT + HOLD_FOR)


def test_an_older_tab_cannot_confirm_a_seat_it_does_not_show(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    held = hold(person)
    shown_by_the_older_tab = (held.room_session_id, held.seat_id + 1)
    with pytest.raises(HoldChanged):
        confirm_booking(registration=person, by=None, at=AT, seen=shown_by_the_older_tab)
    held.refresh_from_db()
    assert held.state == BookingState.HELD
    shown = (held.room_session_id, held.seat_id)
    assert confirm_booking(registration=person, by=None, at=AT, seen=shown).pk == held.pk


def test_a_hold_is_confirmed_once_and_answered_twice(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    held = hold(person)
    first = confirm_booking(registration=person, by=None, at=AT)
    again = confirm_booking(registration=person, by=None, at=AT + timedelta(hours=1))
    assert held.pk == first.pk == again.pk
    assert again.state == BookingState.CONFIRMED
    assert AuditEntry.objects.filter(verb="confirm_booking").count() == 1


def test_there_is_nothing_to_confirm_without_a_hold(sitting: Sitting) -> None:
    with pytest.raises(NothingHeld):
        confirm_booking(registration=make_registration(sitting), by=None, at=AT)


def test_the_same_key_gets_the_first_answer(sitting: Sitting, hold: Callable[..., Booking]) -> None:
    person, key = make_registration(sitting), uuid4()
    first = hold(person, key=key)
    assert hold(person, key=key, at=AT + timedelta(minutes=1)).pk == first.pk
    assert Booking.objects.count() == 1
    with pytest.raises(RetryKeyReused):
        hold(person, 1, key=key)
    with pytest.raises(RetryKeyReused):
        hold(make_registration(sitting), key=key)


def test_choosing_another_seat_ends_the_earlier_hold(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    first, second = hold(person, 0), hold(person, 1)
    first.refresh_from_db()
    assert (first.state, second.state) == (BookingState.CANCELLED, BookingState.HELD)
    assert hold(make_registration(sitting), 0).state == BookingState.HELD


def test_the_old_seat_stays_until_the_new_one_is_confirmed(
    sitting: Sitting, place: Place, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    old = make_booking(person, place[0], place[1][0])
    new = hold(person, 1)
    old.refresh_from_db()
    assert old.state == BookingState.CONFIRMED
    confirm_booking(registration=person, by=None, at=AT)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (BookingState.MOVED, BookingState.CONFIRMED)
    assert AuditEntry.objects.get(verb="confirm_booking").facts["before"] == old.seat.label


def test_a_move_goes_to_another_centre_and_session_or_changes_nothing(
    sitting: Sitting, place: Place
) -> None:
    person, other = make_registration(sitting), make_registration(sitting)
    old = make_booking(person, place[0], place[1][0])
    far = make_room_session(make_room(make_centre("BKK")), sitting.exam_sessions.last())
    seat = far.room.seats.first()
    assert seat is not None
    make_booking(other, far, seat)
    with pytest.raises(SeatTaken):
        move_booking(registration=person, room_session=far, seat=seat, by=None, at=AT)
    old.refresh_from_db()
    assert old.state == BookingState.CONFIRMED
    free = far.room.seats.last()
    assert free is not None
    moved = move_booking(registration=person, room_session=far, seat=free, by=None, at=AT)
    assert (moved.state, moved.room_session) == (BookingState.CONFIRMED, far)


def test_a_move_sent_twice_with_one_key_is_one_move(sitting: Sitting, place: Place) -> None:
    person, key = make_registration(sitting), uuid4()
    make_booking(person, place[0], place[1][0])
    for minutes in range(2):
        moved = move_booking(
            registration=person, room_session=place[0], seat=place[1][5], by=None,
            at=AT + timedelta(minutes=minutes), key=key,
        )  # fmt: skip
    assert moved.seat == place[1][5]
    assert Booking.objects.filter(registration=person).count() == 2


def test_the_own_seat_is_not_offered_again(
    sitting: Sitting, place: Place, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    make_booking(person, place[0], place[1][0])
    with pytest.raises(AlreadyBooked):
        hold(person, 0)


def test_a_seat_given_back_is_free_at_once_and_only_once(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    booking = hold(make_registration(sitting))
    for _twice in range(2):
        assert cancel_booking(booking=booking, by=None, at=AT).state == BookingState.CANCELLED
    assert hold(make_registration(sitting)).state == BookingState.HELD
    assert AuditEntry.objects.filter(verb="cancel_booking").count() == 1


def test_a_pool_never_holds_more_than_it_has(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    SeatPool.objects.update(capacity=2)
    hold(make_registration(sitting), 0)
    hold(make_registration(sitting), 1)
    with pytest.raises(PoolFull):
        hold(make_registration(sitting), 2)
    assert not SeatPool.objects.filter(taken__gt=F("capacity")).exists()


def test_lapsed_holds_make_room_in_a_full_pool(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    SeatPool.objects.update(capacity=2)
    hold(make_registration(sitting), 0)
    hold(make_registration(sitting), 1)
    assert hold(make_registration(sitting), 2, at=AT + HOLD_FOR).state == BookingState.HELD


@pytest.mark.parametrize(
    ("access", "chair", "room"),
    [
        ("standard", {"kind": "wheelchair"}, {}),
        ("standard", {"is_usable": False}, {}),
        ("standard", {}, {"is_separate": True}),
        ("standard", {}, {"is_open": False}),
        ("wheelchair", {}, {}),
        ("separate", {}, {}),
        ("step_free", {}, {"step_free": False}),
        ("wheelchair", {"kind": "wheelchair"}, {"step_free": False}),
    ],
)
def test_a_seat_that_does_not_fit_is_refused(
    sitting: Sitting, place: Place, hold: Callable[..., Booking],
    access: str, chair: dict[str, object], room: dict[str, object],
) -> None:  # fmt: skip
    Seat.objects.filter(pk=place[1][0].pk).update(**chair)
    for name, value in room.items():
        setattr(place[0].room, name, value)
    place[0].room.save()
    with pytest.raises(SeatNotForYou):
        hold(make_registration(sitting, access_class=access))


def test_a_seat_of_another_room_is_refused(
    sitting: Sitting, centre: Centre, hold: Callable[..., Booking]
) -> None:
    elsewhere = make_room(centre, "215").seats.first()
    with pytest.raises(SeatNotForYou):
        hold(make_registration(sitting), seat=elsewhere)


def test_a_seat_of_another_sitting_is_not_there_for_you(hold: Callable[..., Booking]) -> None:
    with pytest.raises(NotYours):
        hold(make_registration(make_sitting("2/2570", mode=SittingMode.FIRST_COME)))


def test_seats_are_chosen_only_in_their_time(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    with pytest.raises(BookingNotOpen):
        hold(person, at=sitting.opens_at - timedelta(seconds=1))
    with pytest.raises(BookingClosed):
        hold(person, at=sitting.freezes_at)
    booking = hold(person, at=sitting.freezes_at - timedelta(minutes=1))
    with pytest.raises(BookingClosed):
        confirm_booking(registration=person, by=None, at=sitting.freezes_at)
    with pytest.raises(BookingClosed):
        cancel_booking(booking=booking, by=None, at=sitting.freezes_at)


def test_by_wishes_nobody_chooses_before_the_allocation(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    Sitting.objects.update(mode=SittingMode.WISHES)
    with pytest.raises(SeatsNotGivenYet):
        hold(make_registration(sitting))


def test_nobody_withdraws_once_the_doors_are_open(sitting: Sitting, place: Place) -> None:
    person = make_registration(sitting)
    booking = make_booking(person, place[0], place[1][0])
    opened = booking.room_session.exam_session.doors_open_at
    with pytest.raises(DoorsWereOpened):
        withdraw_registration(registration=person, by=None, at=opened)
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    withdraw_registration(registration=person, by=None, at=opened - timedelta(minutes=1))


def test_a_withdrawn_registration_gives_back_everything(
    sitting: Sitting, place: Place, hold: Callable[..., Booking], now: datetime
) -> None:
    person = make_registration(sitting)
    make_booking(person, place[0], place[1][0])
    hold(person, 1)
    withdraw_registration(registration=person, by=None, at=AT, reason="moved abroad")
    assert not Booking.objects.filter(registration=person, state__in=LIVE).exists()
    with pytest.raises(AlreadyWithdrawn):
        withdraw_registration(registration=person, by=None, at=AT)
    with pytest.raises(AlreadyWithdrawn):
        hold(person, 2)


def test_neighbours_are_given_different_exam_forms(
    sitting: Sitting, place: Place, hold: Callable[..., Booking]
) -> None:
    left = make_booking(make_registration(sitting), place[0], place[1][0])
    beside = hold(make_registration(sitting), 1)
    assert left.exam_form != beside.exam_form
