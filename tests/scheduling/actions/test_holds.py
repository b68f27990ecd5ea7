"""Requests held as a group get what each would have got alone; and how long a hold can last."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from centres.common.audit import AuditEntry, first_broken
from centres.common.errors import DomainError
from centres.models import Seat
from scheduling.actions.bookings import (
    EXTEND_BY,
    HOLD_FOR,
    HOLD_LIMIT,
    cancel_booking,
    confirm_booking,
    extend_hold,
    hold_seat,
)
from scheduling.actions.ground import REST, Asked, Held
from scheduling.actions.holds import hold_seats
from scheduling.booking_errors import HoldNotExtended, HoldUsedUp, OverlapsAnother
from scheduling.errors import HoldExpired, NothingHeld, PoolFull, RetryKeyReused, SeatTaken
from scheduling.models import (
    Booking,
    BookingState,
    ExamSession,
    Paper,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
)
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
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME, sessions=2)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.first())


@pytest.fixture
def seats(place: RoomSession) -> list[Seat]:
    return list(place.room.seats.order_by("y", "x"))


@pytest.fixture
def ask(place: RoomSession, seats: list[Seat]) -> Callable[..., Asked]:
    def make(person: Registration, seat: int, key: UUID | None = None) -> Asked:
        return Asked(person.pk, place.pk, seats[seat].pk, key or uuid4(), None)

    return make


@pytest.fixture(autouse=True)
def _bookings_are_sound(db: None) -> object:
    yield
    assert soundness().faults == ()
    assert first_broken() is None


def codes(outcomes: list[Held | DomainError]) -> list[str]:
    return [one.state if isinstance(one, Held) else one.code for one in outcomes]


def test_of_a_group_each_gets_what_he_would_get_alone(
    sitting: Sitting, ask: Callable[..., Asked]
) -> None:
    one, two, three = (make_registration(sitting) for _ in range(3))
    key = uuid4()
    group = [ask(one, 0, key), ask(two, 0), ask(one, 0, key), ask(two, 1), ask(three, 1, key)]
    outcomes = hold_seats(group, at=AT)
    assert codes(outcomes) == ["held", "seat_taken", "held", "held", "retry_key_reused"]
    assert outcomes[0] == outcomes[2]
    assert Booking.objects.count() == SeatPool.objects.get().taken == 2
    assert AuditEntry.objects.filter(verb="hold_seat").count() == 2


def test_a_person_who_changes_his_mind_within_a_group_holds_the_last_seat(
    sitting: Sitting, ask: Callable[..., Asked]
) -> None:
    person = make_registration(sitting)
    hold_seats([ask(person, 0), ask(person, 1), ask(person, 2)], at=AT)
    states = list(Booking.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["cancelled", "cancelled", "held"]


def test_a_group_never_overdraws_a_pool(sitting: Sitting, ask: Callable[..., Asked]) -> None:
    SeatPool.objects.update(capacity=2)
    group = [ask(make_registration(sitting), n) for n in range(4)]
    assert codes(hold_seats(group, at=AT)) == ["held", "held", "pool_full", "pool_full"]


def test_lapsed_holds_make_room_for_a_whole_group(
    sitting: Sitting, ask: Callable[..., Asked]
) -> None:
    SeatPool.objects.update(capacity=2)
    hold_seats([ask(make_registration(sitting), n) for n in range(2)], at=AT)
    later = [ask(make_registration(sitting), n) for n in (2, 1, 3)]
    assert codes(hold_seats(later, at=AT + HOLD_FOR)) == ["held", "held", "pool_full"]


def test_neighbours_held_in_one_group_have_different_forms(
    sitting: Sitting, ask: Callable[..., Asked]
) -> None:
    hold_seats([ask(make_registration(sitting), n) for n in (0, 1)], at=AT)
    forms = Booking.objects.values_list("exam_form", flat=True)
    assert len(set(forms)) == 2


def test_a_group_asks_as_many_questions_as_one(sitting: Sitting, ask: Callable[..., Asked]) -> None:
    people = [make_registration(sitting) for _ in range(9)]
    hold_seats([ask(people[8], 8)], at=AT)
    with CaptureQueriesContext(
        connection,
    ) as one:
        hold_seats([ask(people[0], 0)], at=AT)
    with CaptureQueriesContext(connection) as many:
        hold_seats([ask(person, n + 1) for n, person in enumerate(people[1:7])], at=AT)
    assert len(many) <= len(one)


# --- how long ----------------------------------------------------------------------------------


@pytest.fixture
def hold(place: RoomSession, seats: list[Seat]) -> Callable[..., Booking]:
    def make(person: Registration, seat: int = 0, at: object = AT) -> Booking:
        return hold_seat(registration=person, room_session=place, seat=seats[seat], by=None, at=at)

    return make


def test_a_hold_is_extended_once(sitting: Sitting, hold: Callable[..., Booking]) -> None:
    person = make_registration(sitting)
    hold(person)
    for minutes in (5, 6):
        held = extend_hold(registration=person, by=None, at=AT + minutes * MINUTE)
        assert held.hold_until == AT + HOLD_FOR + EXTEND_BY
    assert AuditEntry.objects.filter(verb="extend_hold").count() == 1
    with pytest.raises(HoldExpired):
        extend_hold(registration=person, by=None, at=AT + HOLD_FOR + EXTEND_BY)


def test_a_hold_ends_when_it_can_no_longer_be_confirmed(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    held = hold(person, at=sitting.freezes_at - timedelta(minutes=4))
    assert held.hold_until == held.hold_limit == sitting.freezes_at
    with pytest.raises(HoldNotExtended):
        extend_hold(registration=person, by=None, at=sitting.freezes_at - timedelta(minutes=1))


def test_nothing_is_extended_where_nothing_is_held(sitting: Sitting) -> None:
    with pytest.raises(NothingHeld):
        extend_hold(registration=make_registration(sitting), by=None, at=AT)


def test_holding_the_same_seat_again_does_not_renew_it(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    hold(person)
    extended = extend_hold(registration=person, by=None, at=AT + MINUTE)
    again = hold(person, at=AT + 5 * MINUTE)
    for name in ("hold_until", "hold_limit", "extended_at"):
        assert getattr(again, name) == getattr(extended, name)
    assert Booking.objects.filter(state="held").get() == again


def test_nobody_keeps_seats_for_ever_by_holding_one_after_another(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    for minutes in (0, 8, 16, 24):
        last = hold(person, minutes % 3, AT + minutes * MINUTE)
    assert last.hold_until == AT + HOLD_LIMIT
    with pytest.raises(HoldNotExtended):
        extend_hold(registration=person, by=None, at=AT + 29 * MINUTE)
    with pytest.raises(HoldUsedUp):
        hold(person, 5, AT + 32 * MINUTE)


def test_after_a_rest_a_person_may_hold_again(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    for minutes in (0, 9, 18, 27):
        hold(person, minutes % 2, AT + minutes * MINUTE)
    with pytest.raises(HoldUsedUp) as refused:
        hold(person, 3, AT + HOLD_LIMIT)
    assert refused.value.facts["again"] == AT + HOLD_LIMIT + REST
    assert hold(person, 3, AT + HOLD_LIMIT + REST).state == BookingState.HELD


def test_who_gives_a_confirmed_seat_back_may_hold_again_at_once(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    me = make_registration(sitting)
    hold(me)
    booking = confirm_booking(registration=me, by=None, at=AT)
    cancel_booking(booking=booking, by=None, at=AT)
    again = hold(me)
    assert (again.state, again.hold_until) == (BookingState.HELD, AT + HOLD_FOR)


def test_the_database_keeps_a_hold_within_its_limit(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    held = hold(make_registration(sitting))
    rows = Booking.objects.filter(pk=held.pk)
    for change in (
        {"hold_until": held.hold_limit + MINUTE},
        {"hold_limit": held.hold_limit + MINUTE},
        {"hold_limit": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


# --- one place at a time -----------------------------------------------------------------------


@pytest.fixture
def elsewhere(sitting: Sitting, place: RoomSession) -> RoomSession:
    """Another paper at a time that overlaps the first exam session by an hour."""
    first = place.exam_session
    paper = Paper.objects.create(exam=sitting.exam, code="P2", name_th="ข", minutes=180)
    times = {name: getattr(first, name) + timedelta(hours=2) for name in
             ("doors_open_at", "starts_at", "doors_close_at", "ends_at")}  # fmt: skip
    session = ExamSession.objects.create(sitting=sitting, paper=paper, number=9, **times)
    return make_room_session(make_room(place.room.building.centre, "900"), session)


def test_nobody_holds_seats_in_two_sessions_that_overlap(
    sitting: Sitting, hold: Callable[..., Booking], elsewhere: RoomSession
) -> None:
    person = make_registration(sitting)
    hold(person)
    there = {"room_session": elsewhere, "seat": elsewhere.room.seats.first(), "by": None}
    with pytest.raises(OverlapsAnother):
        hold_seat(registration=person, at=AT, **there)
    assert hold_seat(registration=person, at=AT + HOLD_FOR, **there).state == "held"


def test_nobody_sits_in_two_sittings_at_a_time(
    sitting: Sitting, hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    hold(person)
    confirm_booking(registration=person, by=None, at=AT)
    other = make_sitting("2/2570", mode=SittingMode.FIRST_COME)
    there = make_room_session(make_room(make_centre("BKK")), other.exam_sessions.get())
    second = make_registration(other, candidate=person.candidate)
    with pytest.raises(OverlapsAnother):
        hold_seat(
            registration=second, room_session=there, seat=there.room.seats.first(), by=None, at=AT
        )


def test_the_database_itself_refuses_two_places_at_a_time(
    sitting: Sitting, hold: Callable[..., Booking], elsewhere: RoomSession
) -> None:
    person = make_registration(sitting)
    held = hold(person)
    row = {
        "registration": person, "paper": elsewhere.exam_session.paper, "access_class": "standard",
        "room_session": elsewhere, "seat": elsewhere.room.seats.first(), "made_at": AT,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="one_place_at_a_time"), transaction.atomic():
        Booking.objects.create(state="confirmed", **row)
    ended = Booking.objects.create(state="cancelled", **row)
    with pytest.raises(IntegrityError, match="one_place_at_a_time"), transaction.atomic():
        Booking.objects.filter(pk=ended.pk).update(state="confirmed")
    assert held.state == BookingState.HELD


def test_refusals_in_a_group_are_those_of_one(
    sitting: Sitting, place: RoomSession, seats: list[Seat], hold: Callable[..., Booking]
) -> None:
    person = make_registration(sitting)
    key = uuid4()
    hold_seat(registration=person, room_session=place, seat=seats[0], by=None, at=AT, key=key)
    with pytest.raises(RetryKeyReused):
        hold_seat(registration=person, room_session=place, seat=seats[1], by=None, at=AT, key=key)
    with pytest.raises(SeatTaken):
        hold(make_registration(sitting), 0)
    SeatPool.objects.update(capacity=1)
    with pytest.raises(PoolFull):
        hold(make_registration(sitting), 1)
