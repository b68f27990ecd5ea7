"""The line: sealed before, drawn by lot, first in first out after; one place each; its pace."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from centres.common.audit import AuditEntry
from centres.models import Seat
from scheduling.actions.bookings import hold_seat
from scheduling.actions.queue import commitment_of, join_many, join_queue, open_queue, set_pace
from scheduling.booking_errors import (
    JoinTheQueue,
    NoQueue,
    NotFirstCome,
    NotYourTurn,
    QueueExists,
    QueueNotOpenYet,
    QueuePaused,
    QueueTooLate,
    ReasonMissing,
)
from scheduling.errors import AlreadyWithdrawn
from scheduling.models import QueueOpening, QueuePlace, Registration, RoomSession, SittingMode
from scheduling.queries.queue import (
    Pace,
    let_in_by,
    line_of,
    queue_picture,
    queue_standing,
    turn_of,
)
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def opening(db: None) -> QueueOpening:
    """A line of sixty people a minute, that can be joined a day before it opens."""
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    joins_from = sitting.opens_at - timedelta(days=1)
    return open_queue(
        sitting=sitting, joins_from=joins_from, per_minute=60, by=None, at=joins_from - HOUR
    )


@pytest.fixture
def people(opening: QueueOpening) -> list[Registration]:
    return [make_registration(opening.sitting) for _ in range(8)]


def ranked(opening: QueueOpening) -> list[int]:
    places = QueuePlace.objects.filter(sitting=opening.sitting).order_by("order")
    return list(places.values_list("registration_id", flat=True))


def test_the_order_of_those_who_come_early_follows_from_the_seed_alone(
    opening: QueueOpening, people: list[Registration]
) -> None:
    for person in people[::-1]:
        join_queue(registration=person, by=None, at=opening.joins_from)

    def drawn(person: Registration) -> int:
        said = f"{opening.seed}:{person.number}".encode()
        return int.from_bytes(sha256(said).digest()[:8], "big") >> 4

    assert ranked(opening) == [person.pk for person in sorted(people, key=drawn)]
    assert opening.commitment == commitment_of(opening.seed) == sha256(
        opening.seed.encode()
    ).hexdigest()  # fmt: skip


def test_who_comes_after_the_opening_stands_behind_all_and_first_come_first_served(
    opening: QueueOpening, people: list[Registration]
) -> None:
    opens = opening.sitting.opens_at
    late = [people[2], people[0]]
    for order, person in enumerate(late):
        join_queue(registration=person, by=None, at=opens + order * SECOND)
    join_queue(registration=people[1], by=None, at=opens - SECOND)
    assert ranked(opening) == [people[1].pk, people[2].pk, people[0].pk]


def test_joining_again_finds_the_same_place(
    opening: QueueOpening, people: list[Registration]
) -> None:
    early = join_queue(registration=people[0], by=None, at=opening.joins_from)
    again = join_many([people[0].pk, people[0].pk], by=None, at=opening.sitting.opens_at + HOUR)
    assert [place.pk for place in again] == [early.pk] * 2
    assert QueuePlace.objects.count() == AuditEntry.objects.filter(verb="join_queue").count() == 1


def test_a_place_cannot_be_changed_by_anybody(
    opening: QueueOpening, people: list[Registration]
) -> None:
    join_queue(registration=people[0], by=None, at=opening.joins_from)
    for spoil in (lambda: QueuePlace.objects.update(order=1), QueuePlace.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            spoil()


def test_a_line_is_joined_in_its_time_by_those_who_are_registered(
    opening: QueueOpening, people: list[Registration]
) -> None:
    with pytest.raises(QueueNotOpenYet):
        join_queue(registration=people[0], by=None, at=opening.joins_from - SECOND)
    people[1].state = "withdrawn"
    people[1].save()
    with pytest.raises(AlreadyWithdrawn):
        join_queue(registration=people[1], by=None, at=opening.joins_from)
    stranger = make_registration(make_sitting("9/2570", mode=SittingMode.FIRST_COME))
    with pytest.raises(NoQueue):
        join_queue(registration=stranger, by=None, at=opening.joins_from)


def test_a_line_is_set_up_once_and_before_anybody_can_join(opening: QueueOpening) -> None:
    sitting, at = opening.sitting, opening.committed_at
    plain = {"joins_from": opening.joins_from, "per_minute": 60, "by": None}
    with pytest.raises(QueueExists):
        open_queue(sitting=sitting, at=at, **plain)
    other = make_sitting("8/2570", mode=SittingMode.FIRST_COME)
    with pytest.raises(QueueTooLate):
        open_queue(sitting=other, at=opening.joins_from + SECOND, **plain)
    with pytest.raises(QueueTooLate):
        open_queue(sitting=other, at=at, **{**plain, "joins_from": other.opens_at})
    with pytest.raises(NotFirstCome):
        open_queue(sitting=make_sitting("7/2570"), at=at, **plain)


# --- whose turn it is --------------------------------------------------------------------------


def test_before_the_opening_nobody_has_a_number_and_then_everybody_an_hour(
    opening: QueueOpening, people: list[Registration]
) -> None:
    places = [join_queue(registration=p, by=None, at=opening.joins_from) for p in people]
    opens = opening.sitting.opens_at
    early = queue_standing(places[0], opens - SECOND)
    assert (early.position, early.is_drawn, early.is_in, early.people) == (0, False, False, 8)
    stood = sorted(queue_standing(place, opens).position for place in places)
    assert stood == list(range(1, 9))
    third = next(p for p in places if queue_standing(p, opens).position == 3)
    assert queue_standing(third, opens).turn_at == opens + 3 * SECOND
    assert [queue_standing(third, opens + n * SECOND).is_in for n in (2, 3)] == [False, True]


def test_a_place_is_found_in_memory_as_in_the_database(
    opening: QueueOpening, people: list[Registration]
) -> None:
    places = [join_queue(registration=p, by=None, at=opening.joins_from) for p in people]
    line, at = line_of(opening), opening.sitting.opens_at + 3 * SECOND
    for place in places:
        assert line.standing(place.order, at) == queue_standing(place, at)


def test_the_pace_is_changed_with_a_reason_and_changes_nothing_that_was(
    opening: QueueOpening, people: list[Registration]
) -> None:
    place = join_queue(registration=people[0], by=None, at=opening.joins_from)
    opens, sitting = opening.sitting.opens_at, opening.sitting
    with pytest.raises(ReasonMissing):
        set_pace(sitting=sitting, per_minute=0, by=None, at=opens, reason=" ")
    set_pace(sitting=sitting, per_minute=0, by=None, at=opens - HOUR, reason="not ready")
    assert queue_standing(place, opens + HOUR).turn_at is None
    set_pace(sitting=sitting, per_minute=30, by=None, at=opens + HOUR, reason="ready")
    turn = queue_standing(place, opens + HOUR).turn_at
    assert abs(turn - opens - HOUR - 2 * SECOND) < SECOND / 1000
    assert AuditEntry.objects.filter(verb="set_pace").count() == 2


@given(st.lists(st.tuples(st.integers(1, 600), st.integers(0, 900)), min_size=1, max_size=5),
       st.integers(1, 3000))  # fmt: skip
def test_a_person_is_let_in_at_his_turn_and_not_before(
    steps: list[tuple[int, int]], position: int
) -> None:
    paces, at = [], NOW
    for seconds, rate in steps:
        paces.append(Pace(at, rate))
        at += timedelta(seconds=seconds)
    turn = turn_of(paces, position)
    if turn is None:
        assert let_in_by(paces, NOW + timedelta(days=30)) < position
    else:
        assert let_in_by(paces, turn) >= position
        assert let_in_by(paces, turn - timedelta(microseconds=1)) < position


# --- the line and the seats --------------------------------------------------------------------


@pytest.fixture
def place(opening: QueueOpening) -> tuple[RoomSession, list[Seat]]:
    session = opening.sitting.exam_sessions.get()
    room_session = make_room_session(make_room(make_centre()), session)
    return room_session, list(room_session.room.seats.all())


def test_seats_are_held_in_the_order_of_the_line(
    opening: QueueOpening, people: list[Registration], place: tuple[RoomSession, list[Seat]]
) -> None:
    opens = opening.sitting.opens_at
    for person in people[:3]:
        join_queue(registration=person, by=None, at=opening.joins_from)
    by_key = {person.pk: person for person in people}
    first, second, third = (by_key[key] for key in ranked(opening))
    plain = {"room_session": place[0], "by": None}

    def hold(person: Registration, seat: int, seconds: int) -> str:
        held = hold_seat(
            registration=person, seat=place[1][seat], at=opens + seconds * SECOND, **plain
        )
        return held.state

    assert hold(first, 0, 1) == "held"
    with pytest.raises(NotYourTurn) as refused:
        hold(second, 1, 1)
    assert refused.value.facts["turn"] == opens + 2 * SECOND
    assert hold(second, 1, 2) == "held"
    with pytest.raises(JoinTheQueue):
        hold(people[5], 2, 600)
    late = join_queue(registration=people[5], by=None, at=opens + 10 * SECOND)
    assert late.order > 2**60
    assert hold(people[5], 2, 600) == "held"
    assert hold(third, 3, 700) == "held"


def test_while_the_line_stands_still_nobody_new_is_let_in(
    opening: QueueOpening, people: list[Registration], place: tuple[RoomSession, list[Seat]]
) -> None:
    opens = opening.sitting.opens_at
    set_pace(sitting=opening.sitting, per_minute=0, by=None, at=opens - HOUR, reason="fault")
    join_queue(registration=people[0], by=None, at=opening.joins_from)
    with pytest.raises(QueuePaused):
        hold_seat(
            registration=people[0], room_session=place[0], seat=place[1][0], by=None,
            at=opens + HOUR,
        )  # fmt: skip


def test_the_picture_of_the_rush_counts_everybody_once(
    opening: QueueOpening, people: list[Registration], place: tuple[RoomSession, list[Seat]]
) -> None:
    opens = opening.sitting.opens_at
    for person in people:
        join_queue(registration=person, by=None, at=opening.joins_from)
    at = opens + 20 * SECOND
    hold_seat(registration=people[0], room_session=place[0], seat=place[1][0], by=None, at=at)
    seen = queue_picture(opening.sitting, at)
    assert (seen.joined, seen.let_in, seen.places, seen.held, seen.free) == (8, 8, 12, 1, 11)
