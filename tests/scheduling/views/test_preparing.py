"""Around an allocation: rooms are opened once, cards are issued once, and only by staff."""

from collections.abc import Callable

import pytest
from django.test import Client

from centres.models import Role, User
from scheduling.models import AdmissionCard, RoomSession, SeatPool, Sitting
from tests.factories import fill_room, make_centre, make_room, make_room_session, make_sitting


@pytest.fixture
def staff(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.STAFF))


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(sessions=2)


def test_every_room_in_use_opens_in_every_exam_session(staff: Client, sitting: Sitting) -> None:
    centre = make_centre()
    make_room(centre, "101")
    make_room(centre, "102", is_open=False)
    answer = staff.post(f"/staff/sittings/{sitting.pk}/open/", follow=True)
    assert "2 room sessions are open." in answer.content.decode()
    assert RoomSession.objects.count() == 2
    counted = SeatPool.objects.filter(exam_session__number=1).values_list("capacity", flat=True)
    assert sum(counted) == 12


def test_opening_twice_says_so_and_counts_no_place_twice(staff: Client, sitting: Sitting) -> None:
    make_room(make_centre())
    staff.post(f"/staff/sittings/{sitting.pk}/open/")
    again = staff.post(f"/staff/sittings/{sitting.pk}/open/", follow=True)
    assert "open already" in again.content.decode()
    assert RoomSession.objects.count() == 2


def test_a_sitting_without_rooms_says_what_is_missing(staff: Client, sitting: Sitting) -> None:
    answer = staff.post(f"/staff/sittings/{sitting.pk}/open/", follow=True)
    assert "There is nothing to open" in answer.content.decode()


def test_cards_are_issued_to_whoever_has_a_seat_and_never_twice(
    staff: Client, sitting: Sitting
) -> None:
    session = sitting.exam_sessions.get(number=1)
    fill_room(make_room_session(make_room(make_centre()), session), sitting)
    first = staff.post(f"/staff/sittings/{sitting.pk}/cards/", follow=True)
    assert "12 admission cards are issued." in first.content.decode()
    staff.post(f"/staff/sittings/{sitting.pk}/cards/")
    assert AdmissionCard.objects.count() == 12
