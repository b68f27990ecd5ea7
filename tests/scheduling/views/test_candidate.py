"""The candidate's pages: each sees himself alone, and every step works without a script."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from centres.common.identity import access_code, grouped
from centres.models import Centre, Role, User
from scheduling.actions.admission import issue_admission_cards, withdraw_admission_card
from scheduling.models import Booking, BookingState, Registration, RoomSession, Sitting, SittingMode
from tests.factories import (
    NOW,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

BEFORE_FREEZE = NOW - timedelta(days=20)
WISHING = NOW - timedelta(days=40)
PAGES = ["candidate_home", "candidate_seats", "candidate_card", "candidate_card_pdf",
         "candidate_wishes", "candidate_withdraw"]  # fmt: skip

pytestmark = pytest.mark.django_db


def account(registration: Registration) -> User:
    person = registration.candidate
    person.user = User.objects.create(username=registration.number)
    person.save()
    return person.user


@pytest.fixture
def browser(sign_in: Callable[[User], Client]) -> Callable[[Registration], Client]:
    def make(registration: Registration) -> Client:
        with time_machine.travel(NOW + timedelta(days=2), tick=False):  # good at every time before
            return sign_in(account(registration))

    return make


@pytest.fixture
def sitting(db: None) -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME, sessions=2)


@pytest.fixture
def centre(db: None) -> Centre:
    return make_centre(name_en="Chiang Mai Centre")


@pytest.fixture
def place(sitting: Sitting, centre: Centre) -> RoomSession:
    return make_room_session(make_room(centre), sitting.exam_sessions.first())


@pytest.fixture
def pair(sitting: Sitting, place: RoomSession) -> list[Registration]:
    """Two candidates with seats A1 and B1 and their cards."""
    people = [make_registration(sitting) for _ in range(2)]
    for person, seat in zip(people, place.room.seats.all(), strict=False):
        make_booking(person, place, seat)
    issue_admission_cards(sitting=sitting, by=None, at=BEFORE_FREEZE)
    return people


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


@pytest.mark.parametrize("page", PAGES)
def test_each_candidate_sees_himself_alone(
    browser: Any, pair: list[Registration], page: str
) -> None:
    mine, other = pair
    answer = browser(mine).get(reverse(page))
    assert answer.status_code == 200
    body = answer.content.decode("utf-8", "replace")
    for secret in (
        other.number, grouped(access_code(other.number, 1)), other.candidate.given_name_th,
        other.candidate.given_name_en, other.candidate.identity_masked,
    ):  # fmt: skip
        assert secret not in body


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_opens_a_candidates_page(
    client: Client, make_staff: Any, sign_in: Any, page: str
) -> None:
    assert client.get(reverse(page)).status_code == 302
    chief = sign_in(make_staff(Role.CHIEF, make_centre("ABC")))
    assert chief.get(reverse(page)).status_code == 403


def test_home_says_that_one_is_safe_and_where(browser: Any, pair: list[Registration]) -> None:
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        said = text_of(browser(pair[0]).get(reverse("candidate_home")))
    for words in (
        "You have a seat", "A1", "Room 214", "Chiang Mai Centre", "Saturday 16 January 2027",
        "9:00", "Doors close", "print your admission card",
    ):  # fmt: skip
        assert words in said


def test_home_answers_with_a_fixed_number_of_queries(
    browser: Any, pair: list[Registration], place: RoomSession, django_assert_num_queries: Any
) -> None:
    client = browser(pair[0])
    with django_assert_num_queries(12) as counted:
        client.get(reverse("candidate_home"))
    for seat in list(place.room.seats.all())[2:5]:
        make_booking(make_registration(pair[0].sitting), place, seat)
    with django_assert_num_queries(len(counted)):
        client.get(reverse("candidate_home"))


@pytest.mark.parametrize(
    ("mode", "at", "heading"),
    [
        (SittingMode.WISHES, WISHING, "Where do you want to sit?"),
        (SittingMode.WISHES, BEFORE_FREEZE, "Your seat is on its way"),
        (SittingMode.FIRST_COME, WISHING, "Choose your seat"),
        (SittingMode.FIRST_COME, NOW, "You have no seat"),
    ],
)
def test_the_heading_is_the_answer(
    browser: Any, sitting: Sitting, mode: str, at: Any, heading: str
) -> None:
    Sitting.objects.update(mode=mode)
    client = browser(make_registration(sitting))
    with time_machine.travel(at, tick=False):
        assert f"<h1>{heading}</h1>" in client.get(reverse("candidate_home")).content.decode()


def test_after_the_exam_the_page_speaks_of_the_result(
    browser: Any, pair: list[Registration]
) -> None:
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert "The exam is over" in text_of(browser(pair[0]).get(reverse("candidate_home")))


def test_somebody_with_two_sittings_chooses_which_to_look_at(
    browser: Any, pair: list[Registration]
) -> None:
    mine, other = pair
    newer = make_sitting("2/2570", opens_at=BEFORE_FREEZE, closes_at=NOW, freezes_at=NOW)
    later = make_registration(newer, candidate=mine.candidate)
    client = browser(mine)
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        said = text_of(client.get(reverse("candidate_home")))
        assert "Where do you want to sit?" in said
        assert "Sitting 1/2570" in said
        said = text_of(
            client.get(reverse("candidate_home"), {"sitting": mine.sitting_id}, follow=True)
        )
        assert "You have a seat" in said
        assert client.get(reverse("candidate_card")).status_code == 200
        for foreign in ("999999", "x", str(make_registration(make_sitting("3/2570")).sitting_id)):
            page = client.get(reverse("candidate_home"), {"sitting": foreign}, follow=True)
            assert later.sitting.name in page.content.decode()
    assert other.number not in said


# --- wishes ------------------------------------------------------------------------------------


@pytest.fixture
def wisher(sitting: Sitting, place: RoomSession, browser: Any) -> tuple[Registration, Client]:
    Sitting.objects.update(mode=SittingMode.WISHES)
    make_room_session(make_room(make_centre("LPG", name_en="Lampang Centre", latitude=18.3)),
                      sitting.exam_sessions.first())  # fmt: skip
    person = make_registration(sitting)
    return person, browser(person)


def test_wishes_are_listed_ranked_and_sent_without_a_script(wisher: Any) -> None:
    person, client = wisher
    near, far = Centre.objects.get(code="CNX"), Centre.objects.get(code="LPG")
    session = person.sitting.exam_sessions.get(number=2)
    address = reverse("candidate_wishes")
    with time_machine.travel(WISHING, tick=False):
        page = client.post(address, {"add": "1", "centre": near.pk, "session": ""}, follow=True)
        assert "Not sent yet." in text_of(page)
        listed = [f"{near.pk}:", f"{far.pk}:{session.pk}"]
        page = client.post(address, {"place": listed, "up": "1"}, follow=True)
        assert page.redirect_chain, "going back must not ask to send it again"
        assert "Lampang Centre is wish number 1 now." in text_of(page)
        assert not person.wishes.exists()
        page = client.post(address, {"place": listed[::-1], "send": "1"})
    assert page.url == reverse("candidate_home")
    stored = person.wishes.values_list("rank", "centre__code", "exam_session__number")
    assert list(stored) == [(1, "LPG", 2), (2, "CNX", None)]


def test_wishes_sent_after_the_close_change_nothing_and_say_so(wisher: Any) -> None:
    person, client = wisher
    centre = Centre.objects.get(code="CNX")
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        data = {"place": [f"{centre.pk}:"], "send": "1"}
        page = client.post(reverse("candidate_wishes"), data, follow=True)
    assert "Wishes are taken from 17 Nov 2026 9:00 until 17 Dec 2026 9:00" in text_of(page)
    assert not person.wishes.exists()


@pytest.mark.parametrize(
    "place", ["", "x:y", "99999:", "1:99999", "๑:", ":", "1:1:1", "9" * 5000 + ":1"]
)
def test_a_forged_place_is_left_out(wisher: Any, place: str) -> None:
    _person, client = wisher
    with time_machine.travel(WISHING, tick=False):
        page = client.post(
            reverse("candidate_wishes"), {"place": [place], "up": "0", "x": "²"}, follow=True
        )
    assert "No place is listed yet." in text_of(page)


def test_a_place_cannot_be_wished_for_twice(wisher: Any) -> None:
    _person, client = wisher
    near = Centre.objects.get(code="CNX")
    with time_machine.travel(WISHING, tick=False):
        data = {"place": [f"{near.pk}:"], "add": "1", "centre": near.pk, "session": ""}
        page = client.post(reverse("candidate_wishes"), data, follow=True)
    assert page.content.decode().count('class="wish"') == 1


# --- seats -------------------------------------------------------------------------------------


def hold(client: Client, place: RoomSession, seat: Any, **more: Any) -> Any:
    data = {"seat": seat.pk, "key": str(uuid4()), **more}
    return client.post(reverse("candidate_room", args=[place.pk]), data, follow=True)


def test_a_candidate_moves_to_a_free_seat(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    client, free = browser(pair[0]), place.room.seats.last()
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        page = hold(client, place, free)
        assert f"Seat {free.label} is held for you" in text_of(page)
        assert "Confirm before 9:10" in text_of(page)
        shown = {"room_session": place.pk, "confirm": free.pk}
        sent = client.post(reverse("booking_confirm"), shown)
        assert sent["location"] == reverse("candidate_home")
        assert free.label in text_of(client.get(sent["location"]))
    booking = Booking.objects.get(registration=pair[0], state=BookingState.CONFIRMED)
    assert booking.seat == free


def test_a_candidate_who_changes_his_mind_keeps_his_seat(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    client = browser(pair[0])
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        hold(client, place, place.room.seats.last())
        client.post(reverse("candidate_room", args=[place.pk]), {"keep": "1"})
    live = Booking.objects.exclude(state=BookingState.CANCELLED).filter(registration=pair[0])
    assert [booking.seat.label for booking in live] == ["A1"]


def test_the_loser_of_a_seat_gets_a_sentence_and_a_fresh_map(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    taken = Booking.objects.get(registration=pair[1]).seat
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        page = hold(browser(pair[0]), place, taken)
    assert page.status_code == 409
    said = text_of(page)
    assert "went to someone else first" in said
    assert "Your seat A1 in room 214 is still yours." in said
    assert "10 seats are free" in said


def test_a_page_sent_twice_is_answered_once(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    client, key = browser(pair[0]), str(uuid4())
    with time_machine.travel(BEFORE_FREEZE, tick=False):
        for _twice in range(2):
            page = hold(client, place, place.room.seats.last(), key=key)
            assert page.status_code == 200
    assert Booking.objects.filter(registration=pair[0]).count() == 2


def test_the_map_never_says_who_sits_where(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    body = browser(pair[0]).get(reverse("candidate_room", args=[place.pk])).content.decode()
    assert pair[1].candidate.given_name_th not in body
    assert pair[1].number not in body


def test_after_the_freeze_the_map_can_only_be_looked_at(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    client = browser(pair[0])
    with time_machine.travel(NOW, tick=False):
        page = client.get(reverse("candidate_room", args=[place.pk]))
        assert 'name="seat"' not in page.content.decode()
        refused = hold(client, place, place.room.seats.last())
    assert refused.status_code == 409
    assert "Seats can be changed until 8 Jan 2027 9:00" in text_of(refused)


def test_a_room_of_another_sitting_is_not_there(
    browser: Any, pair: list[Registration], centre: Centre
) -> None:
    other = make_sitting("2/2570")
    elsewhere = make_room_session(make_room(centre, "999"), other.exam_sessions.get())
    client = browser(pair[0])
    assert client.get(reverse("candidate_room", args=[elsewhere.pk])).status_code == 404
    assert hold(client, elsewhere, elsewhere.room.seats.first()).status_code == 404


@pytest.mark.parametrize("seat", ["", "0", "x", "²", "-1"])
def test_a_forged_seat_is_not_there(
    browser: Any, pair: list[Registration], place: RoomSession, seat: str
) -> None:
    address = reverse("candidate_room", args=[place.pk])
    assert browser(pair[0]).post(address, {"seat": seat}).status_code == 404


def test_free_places_are_counted_by_centre_session_and_room(
    browser: Any, pair: list[Registration], place: RoomSession
) -> None:
    client = browser(pair[0])
    said = text_of(client.get(reverse("candidate_seats")))
    assert "13 km" in said
    assert "10 free" in said
    chosen = f"{place.room.building.centre_id}:{place.exam_session_id}"
    assert "Room 214" in text_of(client.get(reverse("candidate_seats"), {"place": chosen}))


# --- card and withdrawal -----------------------------------------------------------------------


def test_the_card_page_and_its_pdf_are_the_own_ones(browser: Any, pair: list[Registration]) -> None:
    client = browser(pair[0])
    said = text_of(client.get(reverse("candidate_card")))
    assert grouped(access_code(pair[0].number, 1)) in said
    pdf = client.get(reverse("candidate_card_pdf"))
    assert pdf.content.startswith(b"%PDF")
    assert pdf["Content-Type"] == "application/pdf"


def test_a_withdrawn_card_is_not_shown(browser: Any, pair: list[Registration]) -> None:
    withdraw_admission_card(registration=pair[0], by=None, at=NOW, reason="lost")
    assert browser(pair[0]).get(reverse("candidate_card")).status_code == 404


def test_withdrawing_is_asked_first_and_ends_everything(
    browser: Any, pair: list[Registration]
) -> None:
    client = browser(pair[0])
    assert "Do you want to withdraw?" in text_of(client.get(reverse("candidate_withdraw")))
    assert Booking.objects.filter(registration=pair[0], state="confirmed").exists()
    page = client.post(reverse("candidate_withdraw"), follow=True)
    assert "Your registration is withdrawn" in text_of(page)
    assert client.get(reverse("candidate_card")).status_code == 404
    assert client.post(reverse("candidate_withdraw")).status_code == 409


def test_a_refused_button_leads_back_to_its_own_page(
    browser: Any, pair: list[Registration]
) -> None:
    client = browser(pair[0])
    address = reverse("candidate_withdraw")
    client.post(address)
    for before, back in {
        f"http://testserver{address}": True,
        "http://elsewhere.example/": False,
        "": False,
    }.items():
        said = client.post(address, headers={"referer": before}).content.decode()
        assert ("Back to where you were" in said) == back
        assert "elsewhere.example" not in said


def test_who_sat_is_not_asked_whether_to_withdraw(browser: Any, pair: list[Registration]) -> None:
    client = browser(pair[0])
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        for answer in (client.get(reverse("candidate_withdraw")),
                       client.post(reverse("candidate_withdraw"))):  # fmt: skip
            assert answer.status_code == 409
            assert "Your seat and your result stay yours." in text_of(answer)
    assert Booking.objects.filter(registration=pair[0], state="confirmed").exists()


def test_a_candidate_without_a_registration_is_told_so(sign_in: Any, pair: Any) -> None:
    user = account(pair[0])
    Booking.objects.filter(registration=pair[0]).delete()
    pair[0].admission_cards.all().delete()
    pair[0].delete()
    assert sign_in(user).get(reverse("candidate_home")).status_code == 404
