"""What is printed says who sits where, in two orders, and never a whole identity number."""

import json
import re

import pytest
from django.utils import translation

from centres.common.identity import access_code, grouped
from scheduling.actions.admission import issue_admission_cards
from scheduling.models import Registration, RoomSession
from scheduling.printing import (
    admission_card_pdf,
    card_page,
    door_list,
    door_list_pdf,
    room_cards_pdf,
)
from scheduling.queries.cards import cards_of_room
from tests.factories import (
    NOW,
    make_booking,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
NAMES = ["แก้ว", "ขวัญ", "เกษม", "ไก่"]
NUMBER = "9123456789010"


@pytest.fixture
def place() -> RoomSession:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    for name, seat in zip(NAMES, place.room.seats.order_by("y", "x"), strict=False):
        number = NUMBER if name == "แก้ว" else f"ZZZ-P{name}55"
        person = make_candidate(number=number, given_name_th=name, prefix="นาย")
        make_booking(make_registration(sitting, candidate=person), place, seat)
    issue_admission_cards(sitting=sitting, by=None, at=NOW)
    return place


def test_the_door_list_has_two_orders_of_the_same_people(place: RoomSession) -> None:
    by_seat, by_name = (listed["rows"] for listed in door_list(place, NOW)["lists"])
    assert [row[0] for row in by_seat] == ["A1", "B1", "C1", "D1"]
    assert [row[1] for row in by_name] == [
        f"นาย{name} ทดสอบ" for name in ["เกษม", "แก้ว", "ไก่", "ขวัญ"]
    ]
    assert sorted(by_seat) == sorted(by_name)


@pytest.mark.parametrize("language", ["th", "en"])
def test_a_door_list_is_for_the_reader_and_shows_masked_numbers(
    place: RoomSession, language: str
) -> None:
    with translation.override(language):
        said = json.dumps(door_list(place, NOW), ensure_ascii=False)
    assert NUMBER not in said
    assert "x-xxxx-xxxxx-01-0" in said
    assert ("16 มกราคม 2570" if language == "th" else "16 January 2027") in said


def test_cards_of_a_room_come_in_the_order_of_its_seats_without_codes(place: RoomSession) -> None:
    sheets = cards_of_room(place)
    pages = [card_page(sheet) for sheet in sheets]
    assert [page["seats"][0]["seat"] for page in pages] == ["A1", "B1", "C1", "D1"]
    said = json.dumps(pages, ensure_ascii=False)
    assert NUMBER not in said
    assert not any(grouped(access_code(s.registration.number, 1)) in said for s in sheets)
    assert not re.search(r"\b[0-9]{13}\b", re.sub(r'"qr": "[^"]*"', "", said))


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_print_is_a_pdf_that_can_be_made_again(place: RoomSession, language: str) -> None:
    own = cards_of_room(place)[0]
    with translation.override(language):
        prints = (
            lambda: door_list_pdf(place, NOW),
            lambda: room_cards_pdf(place, NOW),
            lambda: admission_card_pdf(own, NOW),
        )
        for make in prints:
            pdf = make()
            assert pdf.startswith(b"%PDF")
            assert pdf == make()


def test_the_language_of_the_exam_is_printed_where_there_is_a_choice(place: RoomSession) -> None:
    with translation.override("en"):
        plain = door_list(place, NOW)
        assert {len(row) for row in plain["lists"][0]["rows"]} == {4}
        assert plain["words"]["language"] == ""
        assert {card_page(sheet)["language"] for sheet in cards_of_room(place)} == {""}
    second = place.room.seats.order_by("y", "x")[1]
    Registration.objects.filter(bookings__seat=second).update(language="en")
    for language, words in (("en", ["Thai", "English"]), ("th", ["ไทย", "อังกฤษ"])):
        with translation.override(language):
            rows = door_list(place, NOW)["lists"][0]["rows"]
            assert [row[4] for row in rows] == [words[0], words[1], words[0], words[0]]
            sheets = cards_of_room(place)
            assert [card_page(sheet)["language"] for sheet in sheets][:2] == words
            for pdf in (door_list_pdf(place, NOW), admission_card_pdf(sheets[1], NOW)):
                assert pdf.startswith(b"%PDF")


def test_who_withdrew_makes_no_choice_of_languages(place: RoomSession) -> None:
    make_registration(place.exam_session.sitting, language="en", state="withdrawn")
    assert {sheet.language for sheet in cards_of_room(place)} == {""}


def test_an_empty_room_has_an_empty_list_not_a_fault(place: RoomSession) -> None:
    room = make_room(place.room.building.centre, "999")
    empty = make_room_session(room, place.exam_session)
    assert door_list(empty, NOW)["lists"][0]["rows"] == []
    assert door_list_pdf(empty, NOW).startswith(b"%PDF")
    assert room_cards_pdf(empty, NOW).startswith(b"%PDF")
