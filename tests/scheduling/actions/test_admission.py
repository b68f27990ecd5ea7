"""Admission cards: who gets one, what replaces it, and what a scan believes."""

import re
from datetime import timedelta

import pytest

from centres.common.audit import AuditEntry
from centres.common.identity import access_code
from scheduling.actions.admission import (
    issue_admission_cards,
    replace_admission_card,
    withdraw_admission_card,
)
from scheduling.actions.bookings import move_booking
from scheduling.actions.registrations import withdraw_registration
from scheduling.errors import AlreadyWithdrawn, CardForged, CardWithdrawn, NoCard, NoSeatYet
from scheduling.models import AdmissionCard, Registration, RoomSession, Sitting, SittingMode
from scheduling.queries.cards import card_payload, valid_card_of, verify_card
from scheduling.sign_in import NumberAndCodeBackend
from tests.factories import (
    NOW,
    fill_room,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
AT = NOW - timedelta(days=15)


@pytest.fixture
def sitting() -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    fill_room(place, sitting, leave=2)
    return place


@pytest.fixture
def person(sitting: Sitting, place: RoomSession) -> Registration:
    issue_admission_cards(sitting=sitting, by=None, at=AT)
    found = sitting.registrations.first()
    assert found is not None
    return found


def test_everybody_with_a_seat_gets_one_card_and_nobody_two(
    sitting: Sitting, place: RoomSession
) -> None:
    without_seat = make_registration(sitting)
    assert issue_admission_cards(sitting=sitting, by=None, at=AT) == 10
    assert issue_admission_cards(sitting=sitting, by=None, at=AT) == 0
    assert not without_seat.admission_cards.exists()
    assert AuditEntry.objects.filter(verb="issue_admission_cards").count() == 2


def test_a_card_says_nothing_of_the_person(person: Registration) -> None:
    payload = card_payload(person.number, 1)
    assert re.fullmatch(rf"SNM1\.{person.number}\.1\.[A-Z2-7]{{103}}", payload)
    assert payload == card_payload(person.number, 1)


def test_a_scanned_card_leads_to_its_registration(person: Registration) -> None:
    card = verify_card(f" {card_payload(person.number, 1).lower()}\n")
    assert card.registration == person


@pytest.mark.parametrize("place_of_change", [0, 8, 16, 30, -1])
def test_a_card_with_one_sign_changed_is_forged(person: Registration, place_of_change: int) -> None:
    signs = list(card_payload(person.number, 1))
    signs[place_of_change] = "7" if signs[place_of_change] != "7" else "6"
    if place_of_change == -1:  # the last sign carries unused bits; change the one before as well
        signs[-2] = "7" if signs[-2] != "7" else "6"
    with pytest.raises(CardForged):
        verify_card("".join(signs))


@pytest.mark.parametrize("text", ["", "SNM1", "SNM1.1234567890.1.AAAA", "https://example.org", "ๆ"])
def test_anything_else_is_no_card(person: Registration, text: str) -> None:
    with pytest.raises(CardForged):
        verify_card(text)


def test_a_signed_card_that_was_never_issued_is_forged(person: Registration) -> None:
    with pytest.raises(CardForged):
        verify_card(card_payload(person.number, 2))


def test_a_replaced_card_says_so_and_has_another_code(person: Registration) -> None:
    new = replace_admission_card(registration=person, by=None, at=AT, reason="lost")
    assert new.version == 2
    assert verify_card(card_payload(person.number, 2)) == new
    with pytest.raises(CardWithdrawn) as raised:
        verify_card(card_payload(person.number, 1))
    assert person.number in str(raised.value)
    assert access_code(person.number, 1) != access_code(person.number, 2)


def test_a_withdrawn_card_is_not_issued_again_by_itself(
    sitting: Sitting, person: Registration
) -> None:
    withdraw_admission_card(registration=person, by=None, at=AT, reason="identity in doubt")
    assert issue_admission_cards(sitting=sitting, by=None, at=AT) == 0
    assert valid_card_of(person) is None
    with pytest.raises(NoCard):
        withdraw_admission_card(registration=person, by=None, at=AT, reason="again")


def test_a_card_needs_a_seat(sitting: Sitting) -> None:
    with pytest.raises(NoSeatYet):
        replace_admission_card(registration=make_registration(sitting), by=None, at=AT, reason="")


def test_a_withdrawn_registration_has_no_card(person: Registration) -> None:
    withdraw_registration(registration=person, by=None, at=AT)
    assert not AdmissionCard.objects.filter(registration=person, withdrawn_at=None).exists()
    with pytest.raises(AlreadyWithdrawn):
        replace_admission_card(registration=person, by=None, at=AT, reason="")


def test_the_card_follows_the_seat(person: Registration, place: RoomSession) -> None:
    free = place.room.seats.last()
    assert free is not None
    move_booking(registration=person, room_session=place, seat=free, by=None, at=AT)
    sheet = valid_card_of(person)
    assert sheet is not None
    assert (sheet.card.version, sheet.bookings[0].seat) == (1, free)


def test_the_code_of_a_withdrawn_card_opens_nothing(person: Registration) -> None:
    def opens(version: int) -> bool:
        code = access_code(person.number, version)
        return NumberAndCodeBackend().authenticate(None, person.number, code=code) is not None

    assert opens(1)
    withdraw_admission_card(registration=person, by=None, at=AT, reason="stolen")
    assert not opens(1)
    replace_admission_card(registration=person, by=None, at=AT, reason="stolen")
    assert opens(2)
    assert not opens(1)
