"""The opening day as a candidate sees it: hold, clock, line, list, fee, card; without a script."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from centres.common.identity import access_code
from centres.common.outbox import Letter
from centres.models import Contact, User
from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat
from scheduling.actions.fees import BankFile, BankLine, enter_payments, set_fee
from scheduling.actions.queue import open_queue
from scheduling.models import (
    AdmissionCard,
    Application,
    Booking,
    BookingState,
    Fee,
    Registration,
    RoomSession,
    Sitting,
    SittingMode,
    WaitingEntry,
)
from scheduling.queries.lines import forget_lines
from tests.factories import (
    NOW,
    fill_room,
    make_booking,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
OPENS = NOW - timedelta(days=60)
DAY = OPENS + timedelta(hours=1)


@pytest.fixture
def browser(sign_in: Callable[[User], Client]) -> Callable[[Registration], Client]:
    def make(registration: Registration) -> Client:
        person = registration.candidate
        if person.user is None:
            person.user = User.objects.create(username=registration.number)
            person.save()
        with time_machine.travel(NOW + timedelta(days=2), tick=False):
            return sign_in(person.user)

    return make


@pytest.fixture
def sitting() -> Sitting:
    forget_lines()
    return make_sitting(mode=SittingMode.FIRST_COME)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


def knock(client: Client, name: str, fields: dict[str, Any]) -> str:
    """The page that a form sent to the booking door leads to."""
    answer = client.post(reverse(name), fields)
    assert answer.status_code == 303
    return said(client.get(answer["location"], follow=True))


def said(page: Any) -> str:
    text: str = page.content.decode()
    return text


def hold(place: RoomSession, me: Registration, at: datetime = DAY) -> Booking:
    seat = place.room.seats.exclude(bookings__state__in=["held", "confirmed"]).first()
    assert seat is not None
    return hold_seat(registration=me, room_session=place, seat=seat, by=None, at=at)


def test_a_hold_shows_its_end_and_is_lengthened_once(
    browser: Any, sitting: Sitting, place: RoomSession
) -> None:
    me = make_registration(sitting)
    client, address = browser(me), reverse("candidate_room", args=[place.pk])
    hold(place, me)
    with time_machine.travel(DAY + timedelta(minutes=1), tick=False):
        page = said(client.get(address))
        assert 'data-hold="540"' in page
        assert 'data-warn="120"' in page
        assert 'name="extend"' in page
        page = said(client.post(address, {"extend": "1"}, follow=True))
        assert 'data-hold="840"' in page
        assert 'name="extend"' not in page


def test_somebody_gives_back_his_own_seat_and_no_other(
    browser: Any, sitting: Sitting, place: RoomSession
) -> None:
    mine, other = fill_room(place, sitting, leave=10)
    client = browser(mine.registration)
    with time_machine.travel(DAY, tick=False):
        assert client.get(reverse("candidate_give_back", args=[other.pk])).status_code == 302
        room = {"room_session": place.pk}
        for booking, sentence in (
            (other, "There is no such page for you"),
            (mine, "You have given your seat back"),
        ):
            fields = room | {"booking": booking.pk}
            page = knock(client, "booking_give_back", fields)
            assert sentence in page
    states = [Booking.objects.get(pk=one.pk).state for one in (mine, other)]
    assert states == [BookingState.CANCELLED, BookingState.CONFIRMED]
    assert Letter.objects.count() == 0  # nobody gave an address


def test_the_line_keeps_a_place_and_says_how_long(
    browser: Any, sitting: Sitting, place: RoomSession
) -> None:
    before = OPENS - timedelta(hours=5)
    open_queue(
        sitting=sitting, joins_from=OPENS - timedelta(hours=2), per_minute=1, by=None, at=before
    )
    people = [make_registration(sitting) for _person in range(3)]
    clients = [browser(person) for person in people]
    address = reverse("candidate_queue")
    with time_machine.travel(OPENS - timedelta(hours=1), tick=False):
        assert "Take your place in the line" in said(clients[0].get(address))
        for client in (*clients, clients[0]):
            assert "Your place is kept" in said(client.post(address, follow=True))
    with time_machine.travel(OPENS, tick=False):
        pages = [said(client.get(address)) for client in clients]
        assert sorted(f"You are number {n} in the line" in "".join(pages) for n in (1, 2, 3)) == [
            True, True, True,
        ]  # fmt: skip
        room = reverse("candidate_room", args=[place.pk])
        last = max(range(3), key=lambda n: "number 3 in" in pages[n])
        seat = place.room.seats.first()
        assert seat is not None
        page = clients[last].post(room, {"seat": seat.pk}, follow=True)
        assert page.redirect_chain[-1][0] == address
        assert not Booking.objects.exists()
    with time_machine.travel(OPENS + timedelta(minutes=4), tick=False):
        assert "It is your turn" in said(clients[last].get(address))


def test_the_waiting_list_offers_a_returned_seat_to_the_next(
    browser: Any,
    sitting: Sitting,
    place: RoomSession,
    django_capture_on_commit_callbacks: Any,
) -> None:
    first, *_rest = fill_room(place, sitting)
    me = make_registration(sitting, candidate=make_candidate(phone="0812345678", email="a@b.co"))
    client, address = browser(me), reverse("candidate_waiting")
    with time_machine.travel(DAY, tick=False):
        fields = {"sitting": sitting.pk, "scope": "near", "km": "100"}
        page = knock(client, "waiting_join", fields)
        assert "You are number 1 on the waiting list" in page
        with django_capture_on_commit_callbacks(execute=True):
            cancel_booking(booking=first, by=None, at=DAY)
        assert "A seat is waiting for you" in said(client.get(address))
        assert "A seat is kept for you" in said(client.get(reverse("candidate_home")))
        assert {letter.channel for letter in Letter.objects.all()} == {"email", "sms"}
        page = said(client.post(reverse("candidate_waiting_act"), {"accept": "1"}, follow=True))
    assert f"Seat {first.seat.label} is yours." in page
    taken = Booking.objects.get(registration=me)
    assert (taken.seat, taken.state) == (first.seat, BookingState.CONFIRMED)


@pytest.mark.parametrize("asked", [{}, {"scope": "x"}, {"scope": "near", "km": "๙๙๙๙๙"}])
def test_a_wait_for_nothing_is_refused_with_what_to_write(
    browser: Any, sitting: Sitting, place: RoomSession, asked: dict[str, str]
) -> None:
    client = browser(make_registration(sitting))
    with time_machine.travel(DAY, tick=False):
        fields = {"sitting": sitting.pk} | asked
        page = knock(client, "waiting_join", fields)
    assert "Say what you wait for" in page
    assert not WaitingEntry.objects.exists()


def test_the_fee_page_says_what_is_due_then_what_is_paid(
    browser: Any, sitting: Sitting, place: RoomSession
) -> None:
    set_fee(sitting=sitting, amount=33000, hours_to_pay=48, by=None, at=OPENS)
    me = make_registration(sitting, candidate=make_candidate(email="a@b.co"))
    client = browser(me)
    hold(place, me)
    confirm_booking(registration=me, by=None, at=DAY)
    fee = Fee.objects.get()
    with time_machine.travel(DAY, tick=False):
        assert "330.00 baht are to be paid" in said(client.get(reverse("candidate_fee")))
        assert "Pay the fee" in said(client.get(reverse("candidate_home")))
        line = BankLine(
            line=2, bank_reference="B1", reference=fee.reference, paid_at=DAY, amount=33000
        )
        paid = BankFile(name="b.csv", digest="d", covers_until=DAY, lines=(line,))
        enter_payments(file=paid, by=None, at=DAY)
        assert "Your fee is paid" in said(client.get(reverse("candidate_fee")))
    kinds = {letter.wording.rpartition(".")[2] for letter in Letter.objects.all()}
    assert kinds == {"seat_confirmed", "payment_received"}


def test_a_replaced_card_ends_every_other_session(
    browser: Any, sitting: Sitting, place: RoomSession
) -> None:
    me = make_registration(sitting)
    seat = place.room.seats.first()
    assert seat is not None
    make_booking(me, place, seat)
    AdmissionCard.objects.create(registration=me, issued_at=DAY)
    here, thief = browser(me), browser(me)
    with time_machine.travel(DAY, tick=False):
        answer = here.post(reverse("candidate_card_replace"))
        assert answer.url == reverse("candidate_card")
        assert here.get(reverse("candidate_home")).status_code == 200
        assert thief.get(reverse("candidate_home")).status_code == 302
        given = {"number": me.number, "code": access_code(me.number, 1)}
        assert Client().post(reverse("sign_in_with_card"), given).status_code == 422


def test_who_is_nobody_yet_applies_and_sees_the_answer(sign_in: Any) -> None:
    open_now = make_sitting(closes_at=NOW + timedelta(days=9), freezes_at=NOW + timedelta(days=9))
    user = User.objects.create(username="person-1")
    Contact.objects.create(user=user, channel="email", address="a@b.co", confirmed_at=NOW)
    with time_machine.travel(NOW, tick=False):
        client = sign_in(user)
        assert client.get(reverse("candidate_home")).status_code == 403
        assert "Which exam" in said(client.get(reverse("apply_start")))
        address = reverse("apply", args=[open_now.pk])
        wrong = {"identity_kind": "national", "number": "3100600445634", "home_province": "50"}
        page = client.post(address, wrong)
        assert page.status_code == 422
        assert "One digit of the national number is wrong" in said(page)
        right = wrong | {
            "number": "3 1006 00445 63 5", "title": "น.ส.", "given_name_th": "ขวัญข้าว",
            "given_name_en": "Khwankhao", "birth_date": "๑๓/๐๕/๒๕๔๔", "exam_language": "th",
        }  # fmt: skip
        page = said(client.post(address, right, follow=True))
    assert "Your application is with an officer" in page
    sent = Application.objects.get()
    assert (sent.prefix, str(sent.birth_date)) == ("นางสาว", "2001-05-13")
    assert "3100600445635" not in page


def test_an_arrangement_is_asked_for_with_a_paper(browser: Any, sitting: Sitting) -> None:
    me = make_registration(sitting)
    client, address = browser(me), reverse("candidate_arrangement")
    with time_machine.travel(DAY, tick=False):
        virus = SimpleUploadedFile("paper.pdf", b"MZ\x90", "application/pdf")
        page = client.post(address, {"kinds": ["wheelchair"], "document": virus})
        assert "Only a PDF, a JPEG or a PNG is taken" in said(page)
        paper = SimpleUploadedFile("paper.pdf", b"%PDF-1.7 x", "application/pdf")
        page = said(client.post(address, {"kinds": ["wheelchair"], "document": paper}, follow=True))
    assert "Your request is with the officer" in page
    assert me.arrangement_requests.get().document.size == 10


def test_number_and_code_join_a_record_to_an_account(sign_in: Any, tmp_path: Path) -> None:
    me = make_registration(make_sitting())
    user = User.objects.create(username="person-1")
    client = sign_in(user)
    address = reverse("join_card")
    wrong = {"number": me.number, "code": "0000 0000 0000"}
    assert client.post(address, wrong).status_code == 422
    unknown = {"number": "1000000009", "code": "0000 0000 0000"}
    assert client.post(address, unknown).status_code == 422
    client.post(address, {"number": me.number, "code": access_code(me.number, 1)})
    me.candidate.refresh_from_db()
    assert me.candidate.user == user
