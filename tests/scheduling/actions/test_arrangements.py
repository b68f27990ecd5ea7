"""Arrangements: asked for, decided by one officer, encrypted, booked by those entitled."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.translation import override

from centres.common.audit import AuditEntry
from centres.common.documents import LARGEST, DocumentTooLarge, DocumentWrong, document_type
from centres.models import Role, User
from scheduling.actions.arrangements import (
    KEPT_FOR,
    decide_arrangement,
    delete_old_papers,
    open_document,
    open_words,
    request_arrangement,
    withdraw_request,
)
from scheduling.actions.bookings import move_booking
from scheduling.booking_errors import DoorsOpen
from scheduling.errors import AlreadyWithdrawn, BookingClosed
from scheduling.models import (
    ArrangementRequest,
    Document,
    NeedKind,
    Registration,
    RoomSession,
    SeatPool,
    SittingMode,
)
from scheduling.queries.desk import requests_waiting
from scheduling.queries.soundness import soundness
from scheduling.queries.unable import misplaced, seats_fit
from scheduling.request_errors import (
    ArrangementMissing,
    ArrangementTooLate,
    MinutesMissing,
    ReasonMissing,
    RequestDecided,
    RequestOpen,
)
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

pytestmark = pytest.mark.django_db
PAPER = b"%PDF-1.7 a doctor's paper"
WORDS = "ใช้รถเข็นและเขียนช้า"
DAY = NOW - timedelta(days=30)


@pytest.fixture
def officer(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.ARRANGEMENTS)


@pytest.fixture
def registration() -> Registration:
    user = User.objects.create(username="me")
    return make_registration(make_sitting(), candidate=make_candidate(user=user, email="a@b.co"))


def asked(registration: Registration, **fields: object) -> ArrangementRequest:
    given = {
        "kinds": [NeedKind.EXTRA_TIME, NeedKind.WHEELCHAIR], "words": WORDS, "document": PAPER,
        "by": registration.candidate.user, "at": DAY,
    }  # fmt: skip
    return request_arrangement(registration=registration, **{**given, **fields})  # type: ignore[arg-type]


def test_what_is_granted_becomes_the_place_and_the_minutes(
    registration: Registration, officer: User
) -> None:
    granted = [NeedKind.WHEELCHAIR, NeedKind.EXTRA_TIME]
    decide_arrangement(
        request=asked(registration),
        granted=granted,
        extra_minutes=45,
        reason="",
        by=officer,
        at=NOW,
    )
    registration.refresh_from_db()
    assert (registration.access_class, registration.extra_minutes) == ("wheelchair", 45)
    assert {need.kind for need in registration.needs.all()} == {"wheelchair", "extra_time"}


def test_what_is_not_granted_needs_a_reason(registration: Registration, officer: User) -> None:
    request = asked(registration)
    plain = {"request": request, "by": officer, "at": NOW}
    with pytest.raises(ReasonMissing):
        decide_arrangement(granted=[], extra_minutes=0, reason=" ", **plain)  # type: ignore[arg-type]
    with pytest.raises(MinutesMissing):
        decide_arrangement(
            granted=[NeedKind.EXTRA_TIME], extra_minutes=0, reason="no lift", **plain  # type: ignore[arg-type]
        )  # fmt: skip
    decide_arrangement(granted=[], extra_minutes=0, reason="The paper is old.", **plain)  # type: ignore[arg-type]
    with pytest.raises(RequestDecided):
        decide_arrangement(granted=[], extra_minutes=0, reason="again", **plain)  # type: ignore[arg-type]


def test_neither_words_nor_document_lie_readable_in_a_table_or_the_audit_trail(
    registration: Registration,
) -> None:
    asked(registration)
    with connection.cursor() as cursor:
        cursor.execute("SELECT words_sealed FROM scheduling_arrangementrequest")
        words = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT sealed FROM scheduling_document")
        paper = bytes(cursor.fetchone()[0])
    assert WORDS.encode() not in words
    assert b"doctor" not in paper
    entry = AuditEntry.objects.get(verb="request_arrangement")
    assert entry.facts == {"document": True}


def test_every_opening_is_on_record(registration: Registration, officer: User) -> None:
    request = asked(registration)
    assert open_words(request=request, by=officer, at=NOW) == WORDS
    assert open_document(request=request, by=officer, at=NOW) == (PAPER, "application/pdf")
    verbs = AuditEntry.objects.filter(by=officer).values_list("verb", flat=True)
    assert sorted(verbs) == ["open_document", "read_arrangement_request"]


def test_one_request_at_a_time_until_it_is_withdrawn(registration: Registration) -> None:
    first = asked(registration)
    with pytest.raises(RequestOpen):
        asked(registration)
    user = registration.candidate.user
    assert user is not None
    withdraw_request(request=first, by=user, at=NOW)
    asked(registration)
    assert ArrangementRequest.objects.count() == Document.objects.count() == 2


def test_a_request_for_nothing_is_refused(registration: Registration) -> None:
    with pytest.raises(ArrangementMissing):
        asked(registration, kinds=[])


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>", b"PK\x03\x04 %PDF-1.7"])
def test_a_file_is_what_its_first_bytes_say(content: bytes) -> None:
    with pytest.raises(DocumentWrong):
        document_type(content)


def test_a_large_file_is_refused_with_its_limit() -> None:
    with pytest.raises(DocumentTooLarge, match="5"):
        document_type(PAPER + b"x" * LARGEST)


def test_papers_and_words_are_deleted_ninety_days_after_the_decision(
    registration: Registration, officer: User
) -> None:
    request = asked(registration)
    assert delete_old_papers(at=NOW + 2 * KEPT_FOR) == 0  # nobody has decided yet
    decide_arrangement(
        request=request, granted=[], extra_minutes=0, reason="No paper.", by=officer, at=NOW
    )
    assert delete_old_papers(at=NOW + KEPT_FOR - timedelta(seconds=1)) == 0
    assert [delete_old_papers(at=NOW + KEPT_FOR) for _twice in range(2)] == [1, 0]
    request.refresh_from_db()
    assert not Document.objects.exists()
    assert (bytes(request.words_sealed), request.reason) == (b"", "No paper.")
    assert open_words(request=request, by=officer, at=NOW) == ""
    entry = AuditEntry.objects.get(verb="delete_old_papers")
    assert entry.facts == {"requests": [request.pk], "papers": 1}


# --- late --------------------------------------------------------------------------------------


def test_after_the_last_day_to_change_seats_a_request_is_taken_and_is_late(
    registration: Registration, officer: User
) -> None:
    sitting = registration.sitting
    in_time = asked(registration, at=sitting.freezes_at - timedelta(seconds=1))
    assert not in_time.is_late
    withdraw_request(request=in_time, by=officer, at=NOW)
    assert asked(registration, at=sitting.freezes_at).is_late


def test_nothing_is_asked_for_once_the_last_exam_session_has_begun(
    registration: Registration,
) -> None:
    begins = registration.sitting.exam_sessions.get().starts_at
    with pytest.raises(ArrangementTooLate) as refused:
        asked(registration, at=begins)
    with override("en"):
        assert "tell the proctor" in str(refused.value)
    assert asked(registration, at=begins - timedelta(seconds=1)).is_late


def test_who_sits_in_an_earlier_session_is_late_for_that_one() -> None:
    sitting = make_sitting(sessions=2, mode=SittingMode.FIRST_COME)
    first = sitting.exam_sessions.first()
    place = make_room_session(make_room(make_centre()), first)
    (mine,) = fill_room(place, sitting, leave=11)
    person = mine.registration
    person.candidate.user = User.objects.create(username="early")
    person.candidate.save()
    with pytest.raises(ArrangementTooLate):
        asked(person, at=first.starts_at)


def test_a_withdrawn_registration_asks_for_nothing(registration: Registration) -> None:
    registration.state = "withdrawn"
    registration.save()
    with pytest.raises(AlreadyWithdrawn):
        asked(registration)


def test_the_sitting_that_is_frozen_first_is_decided_first() -> None:
    later = make_registration(make_sitting("2/2570", freezes_at=NOW + timedelta(days=2)))
    sooner = make_registration(make_sitting("3/2570", freezes_at=NOW - timedelta(days=3)))
    by = User.objects.create(username="both")
    for person in (later, sooner):
        asked(person, by=by, at=NOW - timedelta(days=4))
    assert [one.registration for one in requests_waiting()] == [sooner, later]


def test_a_place_granted_late_shows_who_must_be_moved_until_they_are(officer: User) -> None:
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    session = sitting.exam_sessions.get()
    upstairs = make_room_session(make_room(make_centre()), session)
    (mine,) = fill_room(upstairs, sitting, leave=11)
    person = mine.registration
    person.candidate.user = User.objects.create(username="broken leg")
    person.candidate.save()
    request = asked(person, at=sitting.freezes_at + timedelta(days=1))
    assert (seats_fit(person), list(misplaced(sitting))) == (True, [])
    decide_arrangement(
        request=request, granted=[NeedKind.SEPARATE_ROOM], extra_minutes=0, reason="a stair less",
        by=officer, at=sitting.freezes_at + timedelta(days=1),
    )  # fmt: skip
    person.refresh_from_db()
    assert (seats_fit(person), [one.pk for one in misplaced(sitting)]) == (False, [mine.pk])
    apart = make_room(upstairs.room.building.centre, "9", is_separate=True)
    there = RoomSession.objects.create(room=apart, exam_session=session)
    SeatPool.objects.create(
        centre=apart.building.centre, exam_session=session, access_class="separate", capacity=12
    )
    seat = apart.seats.first()
    assert seat is not None
    plain = {"registration": person, "room_session": there, "seat": seat, "by": officer}
    late = sitting.freezes_at + timedelta(days=2)
    with pytest.raises(BookingClosed):  # by himself he may not
        move_booking(**plain, at=late)
    with pytest.raises(DoorsOpen):
        move_booking(**plain, at=session.doors_open_at, reason="leg")
    moved = move_booking(**plain, at=late, reason="leg")
    assert moved.seat == seat
    assert (seats_fit(person), list(misplaced(sitting))) == (True, [])
    assert soundness().faults == ()
