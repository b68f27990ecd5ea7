"""The waiting list: a place that comes back is offered in turn, for a time, and to nobody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from centres.common.audit import AuditEntry
from centres.models import Seat, User
from scheduling.actions.bookings import (
    HOLD_FOR,
    accept_offer,
    cancel_booking,
    confirm_booking,
    decline_offer,
    hold_seat,
)
from scheduling.actions.plans import _end_holds, _recount
from scheduling.actions.steering import close_booking
from scheduling.actions.waiting import (
    OFFER_FOR,
    join_waiting_list,
    leave_waiting_list,
    tend_waiting_list,
)
from scheduling.booking_errors import (
    NothingOffered,
    NotWaiting,
    OfferOpen,
    OfferOver,
    PlacesAreFree,
    SeatGoesToTheList,
    WaitWrong,
)
from scheduling.errors import BookingClosed
from scheduling.models import (
    Booking,
    Registration,
    RoomSession,
    SeatOffer,
    SeatPool,
    Sitting,
    SittingMode,
    WaitingEntry,
    WaitScope,
)
from scheduling.queries.soundness import soundness
from scheduling.queries.waiting import wait_of
from tests.factories import (
    NOW,
    fill_room,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=20)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME, sessions=2)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(
        make_room(make_centre(), rows=1, columns=2), sitting.exam_sessions.first()
    )


@pytest.fixture
def taken(sitting: Sitting, place: RoomSession) -> list[Booking]:
    """Every seat of the room is booked."""
    return list(fill_room(place, sitting))


@pytest.fixture
def wait(sitting: Sitting, place: RoomSession) -> Callable[..., WaitingEntry]:
    """A person joins the list of the centre."""

    def make(person: Registration | None = None, **asked: object) -> WaitingEntry:
        plain = {"scope": WaitScope.CENTRE, "centre": place.room.building.centre, "at": AT}
        person = person or make_registration(sitting)
        return join_waiting_list(registration=person, by=None, **{**plain, **asked})

    return make


@pytest.fixture(autouse=True)
def _bookings_are_sound(db: None) -> object:
    yield
    assert soundness().faults == ()


def give_back(booking: Booking, sitting: Sitting, at: object = AT) -> int:
    cancel_booking(booking=booking, by=None, at=at)
    return tend_waiting_list(sitting=sitting, at=at)


def test_a_returned_seat_is_offered_to_the_first_in_line(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    first, _second = wait(), wait()
    assert give_back(taken[0], sitting) == 1
    offer = SeatOffer.objects.get()
    assert (offer.entry, offer.booking.seat) == (first, taken[0].seat)
    assert offer.until == offer.booking.hold_until == AT + OFFER_FOR
    accepted = accept_offer(registration=first.registration, by=None, at=AT + MINUTE)
    assert accept_offer(registration=first.registration, by=None, at=AT + MINUTE) == accepted
    first.refresh_from_db()
    assert (accepted.state, first.state) == ("confirmed", "accepted")


def test_the_offer_follows_the_commit_by_itself(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:  # fmt: skip
    wait()
    with django_capture_on_commit_callbacks(execute=True):
        cancel_booking(booking=taken[0], by=None, at=AT)
    assert SeatOffer.objects.get().state == "open"


def test_whoever_presses_reload_does_not_get_a_seat_that_others_wait_for(
    sitting: Sitting, place: RoomSession, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    wait()
    cancel_booking(booking=taken[0], by=None, at=AT)
    with pytest.raises(SeatGoesToTheList):
        hold_seat(
            registration=make_registration(sitting), room_session=place, seat=taken[0].seat,
            by=None, at=AT,
        )  # fmt: skip


def test_a_hold_that_lapses_goes_to_the_list_and_not_to_the_next_comer(
    sitting: Sitting, place: RoomSession, wait: Callable[..., WaitingEntry]
) -> None:
    seats = list(place.room.seats.all())
    plain = {"room_session": place, "by": None}
    for seat in seats:
        hold_seat(registration=make_registration(sitting), seat=seat, at=AT, **plain)
    entry = wait()
    later = AT + HOLD_FOR
    with pytest.raises(SeatGoesToTheList):
        hold_seat(registration=make_registration(sitting), seat=seats[0], at=later, **plain)
    assert tend_waiting_list(sitting=sitting, at=later) == 1
    assert SeatOffer.objects.get().entry == entry


@pytest.mark.parametrize("answer", ["declined", "lapsed"])
def test_an_offer_not_taken_goes_down_the_line(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry], answer: str
) -> None:
    first, second = wait(), wait()
    give_back(taken[0], sitting)
    at = AT + (OFFER_FOR if answer == "lapsed" else MINUTE)
    if answer == "declined":
        decline_offer(registration=first.registration, by=None, at=at)
        decline_offer(registration=first.registration, by=None, at=at)
    assert tend_waiting_list(sitting=sitting, at=at) == 1
    assert tend_waiting_list(sitting=sitting, at=at) == 0
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (answer, "offered")
    with pytest.raises(OfferOver):
        accept_offer(registration=first.registration, by=None, at=at)
    assert wait(first.registration, at=at).pk > second.pk


def test_an_offer_is_confirmed_within_its_time_and_no_later(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    entry = wait()
    give_back(taken[0], sitting)
    with pytest.raises(OfferOver):
        confirm_booking(registration=entry.registration, by=None, at=AT + OFFER_FOR)
    with pytest.raises(OfferOver):
        accept_offer(registration=entry.registration, by=None, at=AT + OFFER_FOR)
    with pytest.raises(NothingOffered):
        accept_offer(registration=make_registration(sitting), by=None, at=AT)


def test_an_offer_is_answered_before_another_seat_is_held(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    entry = wait()
    give_back(taken[0], sitting)
    room = make_room(make_centre("BKK"))
    elsewhere = make_room_session(room, sitting.exam_sessions.first())
    with pytest.raises(OfferOpen):
        hold_seat(
            registration=entry.registration, room_session=elsewhere, seat=room.seats.first(),
            by=None, at=AT,
        )  # fmt: skip


def test_nobody_waits_where_he_could_sit(
    place: RoomSession, wait: Callable[..., WaitingEntry]
) -> None:
    with pytest.raises(PlacesAreFree):
        wait()


def test_with_another_scope_a_person_keeps_his_turn(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    first, second = wait(), wait()
    assert wait(first.registration, scope=WaitScope.NEAR, centre=None, within_km=80).pk == first.pk
    give_back(taken[0], sitting)
    assert SeatOffer.objects.get().entry == first
    assert second.state == "waiting"


def test_within_some_kilometres_counts_from_home(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    far = make_centre("HKT", latitude=13.7, longitude=100.5)
    room = make_room(far, rows=1, columns=1)
    fill_room(make_room_session(room, sitting.exam_sessions.first()), sitting)
    near = wait(scope=WaitScope.NEAR, centre=None, within_km=50)
    assert [pool.centre.code for pool in near.pools.all()] == ["CNX"]
    everywhere = wait(scope=WaitScope.NEAR, centre=None, within_km=1000)
    assert everywhere.pools.count() == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"scope": WaitScope.NEAR, "centre": None, "within_km": 0},
        {"scope": WaitScope.NEAR, "centre": None, "within_km": 5000},
        {"scope": WaitScope.SESSION},
        {"scope": WaitScope.CENTRE, "centre": None},
    ],
)
def test_a_wait_for_nothing_in_particular_is_refused(
    taken: list[Booking], wait: Callable[..., WaitingEntry], asked: dict[str, object]
) -> None:
    with pytest.raises(WaitWrong):
        wait(**asked)


def test_leaving_gives_up_the_turn_and_the_offer(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    first, second = wait(), wait()
    give_back(taken[0], sitting)
    leave_waiting_list(registration=first.registration, by=None, at=AT)
    tend_waiting_list(sitting=sitting, at=AT)
    second.refresh_from_db()
    assert second.state == "offered"
    with pytest.raises(NotWaiting):
        leave_waiting_list(registration=first.registration, by=None, at=AT)


def test_no_offers_are_made_just_before_seats_are_frozen(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    wait()
    assert give_back(taken[0], sitting, sitting.freezes_at - MINUTE) == 0
    with pytest.raises(BookingClosed):
        wait(at=sitting.freezes_at - MINUTE)


def test_the_list_ends_when_seats_are_frozen_though_an_offer_was_open(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    me = wait().registration
    give_back(taken[0], sitting)
    shown = wait_of(me, AT)
    assert shown is not None
    assert shown.offer is not None
    close_booking(
        sitting=sitting, reason="flood", by=User.objects.create(username="staff"), at=AT + MINUTE
    )
    me.sitting.refresh_from_db()
    assert wait_of(me, AT + MINUTE) is None


def test_a_seat_found_otherwise_ends_the_wait(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    entry = wait()
    room = make_room(make_centre("BKK"))
    elsewhere = make_room_session(room, sitting.exam_sessions.first())
    hold_seat(
        registration=entry.registration, room_session=elsewhere, seat=room.seats.first(),
        by=None, at=AT,
    )  # fmt: skip
    assert give_back(taken[0], sitting) == 0  # he holds a seat; he keeps his turn
    confirm_booking(registration=entry.registration, by=None, at=AT)
    entry.refresh_from_db()
    assert entry.state == "seated"


def test_a_person_with_a_seat_may_wait_for_a_better_one_and_gives_his_to_the_next(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    room = make_room(make_centre("BKK"), rows=1, columns=1)
    elsewhere = make_room_session(room, sitting.exam_sessions.first())
    had = fill_room(elsewhere, sitting)[0]
    mover = wait(had.registration)
    waiting = wait(centre=elsewhere.room.building.centre)
    give_back(taken[0], sitting)
    accept_offer(registration=mover.registration, by=None, at=AT)
    tend_waiting_list(sitting=sitting, at=AT)
    had.refresh_from_db()
    waiting.refresh_from_db()
    assert (had.state, waiting.state) == ("moved", "offered")
    assert AuditEntry.objects.filter(verb="offer_seat").count() == 2


def test_more_places_are_offered_as_they_come(
    sitting: Sitting, place: RoomSession, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    for _person in range(3):
        wait()
    Seat.objects.create(room=place.room, label="Z1", x=9, y=9)
    SeatPool.objects.filter(exam_session=place.exam_session).update(capacity=3)
    assert tend_waiting_list(sitting=sitting, at=AT) == 1
    assert SeatOffer.objects.get().booking.seat.label == "Z1"


def test_a_plan_of_moves_that_ends_holds_ends_their_offers_too(
    sitting: Sitting, taken: list[Booking], wait: Callable[..., WaitingEntry]
) -> None:
    entry = wait()
    give_back(taken[0], sitting)
    _end_holds(sitting, AT)
    _recount(sitting)
    entry.refresh_from_db()
    assert (entry.state, SeatOffer.objects.get().state) == ("lapsed", "lapsed")
