"""Card, portal, messages, workbook, door list and the desk all say what the booking's row says."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from centres.common.outbox import Letter, said_by
from centres.models import Role, User
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat, move_booking
from scheduling.models import Booking, BookingState, Registration, RoomSession, SittingMode
from scheduling.queries.cards import seated_in, valid_card_of
from tests.factories import (
    NOW,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
DAY = NOW - timedelta(days=40)


@pytest.fixture
def rooms() -> list[RoomSession]:
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    session = sitting.exam_sessions.get()
    return [
        make_room_session(make_room(make_centre(code, name_en=name), number), session)
        for code, name, number in (("CNX", "Chiang Mai", "214"), ("LPG", "Lampang", "35"))
    ]


@pytest.fixture
def me(rooms: list[RoomSession]) -> Registration:
    user = User.objects.create(username="me")
    candidate = make_candidate(user=user, email="khwan@example.org")
    return make_registration(rooms[0].exam_session.sitting, candidate=candidate)


@pytest.fixture
def channels(
    sign_in: Callable[[User], Client], make_staff: Callable[..., User], me: Registration
) -> Callable[[], dict[str, set[tuple[str, str, str]]]]:
    """What each channel says of my seat: the set of (centre, room, seat) it names."""
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert me.candidate.user is not None
        mine, desk = sign_in(me.candidate.user), sign_in(make_staff(Role.STAFF))
    sitting = me.sitting_id

    def page(client: Client, name: str, *args: int) -> str:
        text: str = client.get(reverse(name, args=args)).content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<main")[1]))

    def seen(text: str) -> set[tuple[str, str, str]]:
        places = (("Chiang Mai", "214", "A1"), ("Chiang Mai", "214", "B1"), ("Lampang", "35", "A1"))
        return {
            place for place in places
            if place[0] in text and re.search(rf"\b{place[1]}\b", text)
            and re.search(rf"\b{place[2]}\b", text)
        }  # fmt: skip

    def say() -> dict[str, set[tuple[str, str, str]]]:
        card = valid_card_of(me)
        sheet = load_workbook(
            BytesIO(desk.get(reverse("sitting_bookings_export", args=[sitting])).content)
        ).active
        rows = [row for row in sheet.values if row[0] == me.number]  # type: ignore[union-attr]
        letters = Letter.objects.filter(about=f"scheduling.registration:{me.pk}")
        letter = letters.order_by("pk").last()
        door = {
            (room.room.building.centre.name, room.room.code, one.seat.label)
            for room in RoomSession.objects.select_related("room__building__centre")
            for one in seated_in(room) if one.registration_id == me.pk
        }  # fmt: skip
        return {
            "portal": seen(page(mine, "candidate_home")),
            "desk": seen(page(desk, "desk_screen", me.pk)),
            "card": {
                (b.room_session.room.building.centre.name, b.room_session.room.code, b.seat.label)
                for b in (card.bookings if card else ())
            },
            "door list": door,
            "workbook": {(str(row[2]), str(row[4]), str(row[5])) for row in rows},
            "message": seen(said_by(letter, "en").text) if letter else set(),
        }  # fmt: skip

    return say


def test_every_channel_says_the_seat_of_the_booking_through_its_whole_life(
    rooms: list[RoomSession], me: Registration, channels: Callable[[], dict[str, set[object]]]
) -> None:
    first, other = (room.room.seats.get(label="A1") for room in rooms)
    beside = rooms[0].room.seats.get(label="B1")
    with time_machine.travel(DAY, tick=False):
        hold_seat(registration=me, room_session=rooms[0], seat=first, by=None, at=DAY)
        assert not any(channels().values()), "a hold is no booking"
        confirm_booking(registration=me, by=None, at=DAY)
        issue_admission_cards(sitting=me.sitting, by=None, at=DAY)
        for place, seat, named in (
            (rooms[0], first, ("Chiang Mai", "214", "A1")),
            (rooms[0], beside, ("Chiang Mai", "214", "B1")),
            (rooms[1], other, ("Lampang", "35", "A1")),
        ):
            if seat != first:
                move_booking(
                    registration=me, room_session=place, seat=seat, by=None, at=DAY, reason="asked"
                )
            assert {channel: said for channel, said in channels().items() if said != {named}} == {}
        last = Booking.objects.get(registration=me, state=BookingState.CONFIRMED)
        cancel_booking(booking=last, by=None, at=DAY)
        said = channels()
    assert said.pop("message") == {("Lampang", "35", "A1")}  # it tells which seat was given back
    assert not any(said.values()), said
