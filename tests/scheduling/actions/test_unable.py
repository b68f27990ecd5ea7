"""Whoever moves or holds by himself is stopped by what stops a plan: refusals, papers, time."""

from datetime import timedelta
from uuid import uuid4

import pytest

from scheduling.actions.bookings import cancel_booking, hold_seat
from scheduling.actions.waiting import join_waiting_list, tend_waiting_list
from scheduling.booking_errors import ExtraTimeRunsOver, NotYourPaper, SessionRefused
from scheduling.models import (
    Booking,
    ExamSession,
    Paper,
    RefusedSession,
    SeatOffer,
    SittingMode,
    TakenPaper,
    WaitScope,
)
from tests.factories import (
    NOW,
    fill_room,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=20)

pytestmark = pytest.mark.django_db


@pytest.fixture
def places():
    """One room in three sessions, an hour between the first two and nothing after the last."""
    room = make_room(make_centre())
    sitting = make_sitting(mode=SittingMode.FIRST_COME, sessions=3)
    return [make_room_session(room, session) for session in sitting.exam_sessions.all()]


def hold(person, place):
    seat = place.room.seats.exclude(bookings__room_session=place).first()
    return hold_seat(
        registration=person, room_session=place, seat=seat, by=None, at=AT, key=uuid4()
    )


def test_nobody_holds_or_moves_to_a_session_that_he_refuses(places):
    person = make_registration(places[0].exam_session.sitting)
    make_booking(person, places[0], places[0].room.seats.first())
    RefusedSession.objects.create(registration=person, exam_session=places[1].exam_session)
    with pytest.raises(SessionRefused):
        hold(person, places[1])
    assert Booking.objects.get(registration=person).room_session == places[0]
    assert hold(person, places[2]).state == "held"


def test_extra_time_that_would_meet_the_next_session_of_the_centre_is_refused(places):
    person = make_registration(places[0].exam_session.sitting, extra_minutes=41)
    with pytest.raises(ExtraTimeRunsOver):
        hold(person, places[0])
    assert not Booking.objects.exists()
    assert hold(person, places[2]).state == "held"
    less = make_registration(person.sitting, extra_minutes=40)
    assert hold(less, places[0]).state == "held"


def test_a_session_of_another_centre_meets_nobodys_extra_time(places):
    far = make_room(make_centre("HDY"))
    alone = make_room_session(far, places[0].exam_session)
    person = make_registration(places[0].exam_session.sitting, extra_minutes=90)
    assert hold(person, alone).state == "held"


def test_nobody_holds_a_seat_of_a_paper_that_he_does_not_take(places):
    session = places[2].exam_session
    other = Paper.objects.create(
        exam=session.sitting.exam, code="P2", name_th="P2", name_en="P2", minutes=60
    )
    person = make_registration(session.sitting)
    TakenPaper.objects.create(registration=person, paper=session.paper)
    ExamSession.objects.filter(pk=session.pk).update(paper=other)
    with pytest.raises(NotYourPaper):
        hold(person, places[2])
    assert hold(person, places[0]).state == "held"
    assert hold(make_registration(session.sitting), places[2]).state == "held"


def test_a_place_that_comes_back_is_offered_to_the_next_who_can_come(places):
    place, sitting = places[0], places[0].exam_session.sitting
    seated = fill_room(place, sitting)
    centre = place.room.building.centre
    waiting = [make_registration(sitting) for _ in range(3)]
    RefusedSession.objects.create(registration=waiting[0], exam_session=place.exam_session)
    waiting[1].extra_minutes = 41
    waiting[1].save()
    for person in waiting:
        join_waiting_list(
            registration=person, scope=WaitScope.SESSION, centre=centre,
            exam_session=place.exam_session, by=None, at=AT,
        )  # fmt: skip
    cancel_booking(booking=seated[0], by=None, at=AT)
    tend_waiting_list(sitting=sitting, at=AT)
    offered = SeatOffer.objects.get()
    assert offered.entry.registration == waiting[2]
