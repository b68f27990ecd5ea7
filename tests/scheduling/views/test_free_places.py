"""The page that everybody opens on opening day asks the database nothing for each visitor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from centres.models import User
from scheduling.actions.bookings import hold_seat
from scheduling.models import RoomSession, SittingMode
from scheduling.queries.availability import forget_availability
from scheduling.views.free_places import forget_names
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
EN = {"accept-language": "en"}


@pytest.fixture
def place() -> RoomSession:
    forget_availability()
    forget_names()
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


def address(place: RoomSession) -> str:
    return reverse("free_places", args=[place.exam_session.sitting_id])


def test_the_second_visitor_costs_no_query_and_the_same_one_no_page(
    place: RoomSession, django_assert_num_queries: Callable[..., Any]
) -> None:
    first = Client(headers=EN).get(address(place))
    assert "12 places are free" in first.content.decode()
    with django_assert_num_queries(0):
        assert Client(headers=EN).get(address(place)).status_code == 200
        again = Client(headers=EN | {"if-none-match": first["ETag"]}).get(address(place))
        assert Client().get("/", headers=EN).status_code == 200
    assert (again.status_code, again.content) == (304, b"")


def test_a_taken_place_changes_the_page_and_its_mark(place: RoomSession) -> None:
    first = Client(headers=EN).get(address(place))
    me = make_registration(place.exam_session.sitting)
    seat = place.room.seats.first()
    assert seat is not None
    day = NOW - timedelta(days=40)
    hold_seat(registration=me, room_session=place, seat=seat, by=None, at=day)
    forget_availability()
    page = Client(headers=EN | {"if-none-match": first["ETag"]}).get(address(place))
    assert "11 places are free" in page.content.decode()


def test_who_is_signed_in_costs_no_query_either_and_finds_the_way_to_his_page(
    place: RoomSession,
    sign_in: Callable[[User], Client],
    django_assert_num_queries: Callable[..., Any],
) -> None:
    client = sign_in(User.objects.create(username="me", name_en="Somebody Known"))
    client.get(address(place), headers=EN)
    with django_assert_num_queries(0):
        pages = [client.get(address(place), headers=EN), client.get("/", headers=EN)]
    for page in pages:
        assert "My page" in page.content.decode()
        assert "Somebody Known" not in page.content.decode()


def test_a_sitting_that_does_not_exist_is_not_found(place: RoomSession) -> None:
    assert Client().get(reverse("free_places", args=[999_999])).status_code == 404


def test_who_finds_no_place_is_led_to_those_who_wait(place: RoomSession) -> None:
    sitting, at = place.exam_session.sitting, NOW - timedelta(days=40)
    wait, choose = "Wait for a seat that comes back", "Choose my seat"
    page = Client(headers=EN).get(address(place)).content.decode()
    assert (choose in page, wait in page) == (True, False)
    for seat in place.room.seats.all():
        me = make_registration(sitting)
        hold_seat(registration=me, room_session=place, seat=seat, by=None, at=at)
    forget_availability()
    page = Client(headers=EN).get(address(place)).content.decode()
    assert "Every place is taken" in page
    assert (choose in page, wait in page) == (False, True)


def test_once_seats_are_frozen_the_page_offers_nothing(place: RoomSession) -> None:
    sitting = place.exam_session.sitting
    with time_machine.travel(sitting.freezes_at - timedelta(seconds=1), tick=False):
        before = Client(headers=EN).get(address(place))
    assert "Choose my seat" in before.content.decode()
    with time_machine.travel(sitting.freezes_at, tick=False):
        after = Client(headers=EN | {"if-none-match": before["ETag"]}).get(address(place))
    assert "Booking is closed" in after.content.decode()
    assert "Choose my seat" not in after.content.decode()
