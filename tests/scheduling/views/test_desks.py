"""The desks of the staff: each sees what he needs, acts with a reason, and leaves a trace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from centres.common.audit import AuditEntry
from centres.common.identity import lookup_hash, national_number, seal
from centres.common.outbox import Letter, LetterState
from centres.models import Contact, Role, User
from scheduling.actions.applications import send_application
from scheduling.actions.arrangements import request_arrangement
from scheduling.actions.bookings import confirm_booking, hold_seat
from scheduling.actions.fees import set_fee
from scheduling.models import (
    Application,
    Booking,
    BookingState,
    Fee,
    FeeState,
    NeedKind,
    Payment,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
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
from tests.scheduling.actions.test_applications import ME

pytestmark = pytest.mark.django_db
DAY = NOW - timedelta(days=40)


@pytest.fixture
def sitting() -> Sitting:
    return make_sitting(mode=SittingMode.FIRST_COME)


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def desk(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        return sign_in(make_staff(Role.STAFF))


def said(page: Any) -> str:
    text: str = page.content.decode()
    return text


def test_a_person_is_found_by_number_identity_or_name(desk: Client, sitting: Sitting) -> None:
    number = national_number("3100600445635")
    known = make_candidate(
        identity_kind="national", identity_sealed=seal(number), identity_hash=lookup_hash(number),
        given_name_th="สมหญิง", family_name_th="ทองดี", given_name_en="Somying",
    )  # fmt: skip
    me = make_registration(sitting, candidate=known)
    make_registration(sitting)
    spaced = f"{me.number[:4]} {me.number[4:]}"
    for asked in (spaced, "3-1006-00445-63-5", "สมหญิง", "สม ทอง", "somy"):
        page = said(desk.get(reverse("desk_people"), {"q": asked}))
        assert "1 registration found" in page, asked
        assert reverse("desk_person", args=[me.pk]) in page
        assert number not in page.replace("-", "").split("<main")[1].split("</form>")[1]
    assert "Nobody is found" in said(desk.get(reverse("desk_people"), {"q": "1000000009"}))


def test_looking_at_a_callers_screen_shows_it_to_read_and_is_on_record(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    (mine,) = fill_room(place, sitting, leave=11)
    with time_machine.travel(DAY, tick=False):
        page = said(desk.get(reverse("desk_screen", args=[mine.registration.pk])))
    assert "You have a seat" in page
    assert "You can read it, not touch it" in page
    assert "<form" not in page.split("<main")[1]
    entry = AuditEntry.objects.get(verb="look_at_screen")
    assert entry.target == f"scheduling.registration:{mine.registration.pk}"


def test_somebody_is_moved_with_a_reason_and_never_without(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    (mine,) = fill_room(place, sitting, leave=11)
    address = reverse("desk_move", args=[mine.registration.pk])
    seat = place.room.seats.get(label="D3")
    asked = {"room": place.pk, "seat": seat.pk}
    with time_machine.travel(DAY, tick=False):
        place_asked = f"{place.room.building.centre_id}:{place.exam_session_id}"
        page = said(desk.get(address, {"place": place_asked, "room": place.pk}))
        assert ">D3<" in page
        assert "Write the reason" in said(desk.post(address, asked))
        desk.post(address, asked | {"reason": "The chair is broken."})
    now = Booking.objects.get(registration=mine.registration, state=BookingState.CONFIRMED)
    assert now.seat == seat
    assert AuditEntry.objects.get(verb="move_booking").facts["reason"] == "The chair is broken."


def test_a_chair_is_blocked_when_it_is_nobodys(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    (mine,) = fill_room(place, sitting, leave=11)
    address = reverse("sitting_steer", args=[sitting.pk])
    asked = {"do": "block", "centre": place.room.building.centre_id, "room": "214",
             "reason": "broken"}  # fmt: skip
    with time_machine.travel(DAY, tick=False):
        page = said(desk.post(address, asked | {"seat": "A1"}, follow=True))
        assert mine.registration.number in page
        assert "no such seat" in said(desk.post(address, asked | {"seat": "Z9"}, follow=True))
        desk.post(address, asked | {"seat": "d3"})
        desk.post(address, asked | {"seat": "d3"})
    assert SeatPool.objects.get().capacity == 11
    assert not place.room.seats.get(label="D3").is_usable


def test_booking_is_closed_at_once_and_nobody_takes_a_seat_any_more(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    address = reverse("sitting_steer", args=[sitting.pk])
    with time_machine.travel(DAY, tick=False):
        assert "Write the reason" in said(desk.post(address, {"do": "close"}, follow=True))
        page = said(desk.post(address, {"do": "close", "reason": "fault"}, follow=True))
    assert "Booking is closed" in page
    sitting.refresh_from_db()
    assert sitting.freezes_at == DAY


def test_the_picture_of_the_rush_closes_its_equation(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    fill_room(place, sitting, leave=5)
    me = make_registration(sitting)
    seat = place.room.seats.get(label="D3")
    hold_seat(registration=me, room_session=place, seat=seat, by=None, at=DAY)
    with time_machine.travel(DAY, tick=False):
        page = said(desk.get(reverse("sitting_rush", args=[sitting.pk])))
    assert "7 booked + 1 held + 4 free + 0 kept = 12 places" in page


def test_a_file_of_the_bank_is_read_once_matched_and_its_rest_decided(
    desk: Client, sitting: Sitting, place: RoomSession
) -> None:
    set_fee(sitting=sitting, amount=33000, hours_to_pay=48, by=None, at=DAY)
    for person in (make_registration(sitting), make_registration(sitting)):
        seat = place.room.seats.exclude(bookings__state="confirmed").first()
        assert seat is not None
        hold_seat(registration=person, room_session=place, seat=seat, by=None, at=DAY)
        confirm_booking(registration=person, by=None, at=DAY)
    one, two = Fee.objects.order_by("pk")
    rows = [
        "bank_reference,paid_at,reference,amount",
        f"B1,2026-12-07 10:00,{one.reference},330.00",
        "B2,2026-12-07 10:05,99,330.00",
    ]
    content = "\n".join(rows).encode()

    def send(content: bytes) -> str:
        file = SimpleUploadedFile("bank.csv", content, "text/csv")
        return said(desk.post(reverse("payments"), {"file": file}, follow=True))

    with time_machine.travel(DAY + timedelta(hours=3), tick=False):
        assert "has 1 faults" in send(content.replace(b"330.00\nB2", b"3x\nB2"))
        assert not Fee.objects.filter(state=FeeState.PAID).exists()
        assert "The file is read." in send(content)
        assert "was read on" in send(content)
        assert "Choose the bank" in said(desk.post(reverse("payments"), follow=True))
        page = said(desk.get(reverse("payments")))
        assert "1 payment waits for a decision" in page
        assert "660.00 received = 330.00 counted + 0.00 paid back" in page
        unknown = reverse("payment_decide", args=[Payment.objects.get(bank_reference="B2").pk])
        assert "No fee has this reference" in said(
            desk.post(unknown, {"reference": "7"}, follow=True)
        )
        desk.post(unknown, {"reference": two.reference, "reason": "slip shown"})
    assert set(Fee.objects.values_list("state", flat=True)) == {FeeState.PAID}


def test_an_officer_of_arrangements_decides_and_sees_nothing_else(
    make_staff: Callable[..., User], sign_in: Callable[[User], Client], sitting: Sitting
) -> None:
    user = User.objects.create(username="me")
    me = make_registration(sitting, candidate=make_candidate(user=user, email="a@b.co"))
    paper = b"\x89PNG\r\n\x1a\n paper"
    asked = request_arrangement(
        registration=me, kinds=[NeedKind.WHEELCHAIR], words="โต๊ะสูง", document=paper, by=user, at=DAY
    )
    officer = sign_in(make_staff(Role.ARRANGEMENTS))
    page = said(officer.get(reverse("desk_arrangement", args=[asked.pk])))
    assert "โต๊ะสูง" in page
    assert me.candidate.identity_masked not in page
    document = officer.get(reverse("desk_document", args=[asked.pk]))
    assert document.content == paper
    assert document["Content-Disposition"].startswith("attachment")
    for closed in ("desk_people", "payments", "outbox"):
        assert officer.get(reverse(closed)).status_code == 403
    officer.post(reverse("desk_arrangement", args=[asked.pk]), {"granted": ["wheelchair"]})
    me.refresh_from_db()
    assert me.access_class == "wheelchair"
    assert Letter.objects.get().wording.endswith("arrangement_decided")
    assert sign_in(make_staff(Role.STAFF)).get(document.request["PATH_INFO"]).status_code == 403


def test_an_application_is_compared_with_the_whole_number_and_accepted(desk: Client) -> None:
    open_now = make_sitting(closes_at=NOW + timedelta(days=9), freezes_at=NOW + timedelta(days=9))
    user = User.objects.create(username="person-1")
    Contact.objects.create(user=user, channel="email", address="a@b.co", confirmed_at=NOW)
    sent = send_application(user=user, sitting=open_now, person=ME, at=NOW)
    with time_machine.travel(NOW, tick=False):
        page = said(desk.get(reverse("desk_application", args=[sent.pk])))
        assert "3100600445635" in page
        assert AuditEntry.objects.filter(verb="read_identity_number").count() == 1
        decide = reverse("desk_application_decide", args=[sent.pk])
        assert "Write the reason" in said(desk.post(decide, {"back": "1"}, follow=True))
        desk.post(decide, {"accept": "1"})
        assert "3100600445635" not in said(desk.get(reverse("desk_application", args=[sent.pk])))
    assert Application.objects.get().registration == Registration.objects.get()


def test_the_delivery_log_masks_addresses_and_hides_codes(desk: Client) -> None:
    Client().post("/sign-in/account/new/", {"address": "khwan@example.org"})
    page = said(desk.get(reverse("outbox")))
    assert "kh…@example.org" in page
    assert "khwan@example.org" not in page
    letter = Letter.objects.get()
    assert "shown to nobody" in said(desk.get(reverse("letter", args=[letter.pk])))
    Letter.objects.update(state=LetterState.FAILED)
    desk.post(reverse("letter_again", args=[letter.pk]))
    letter.refresh_from_db()
    assert letter.state == LetterState.WAITING


def test_a_thai_title_is_not_set_before_a_name_in_latin_letters() -> None:
    named = {"given_name_th": "นิภา", "family_name_th": "แสงบุญ", "given_name_en": "Nipha"}
    person = make_candidate(**named, prefix="นางสาว", family_name_en="Saengbun")
    guest = make_candidate(
        given_name_th="Ana", family_name_th="", given_name_en="Ana", family_name_en="", prefix="Ms"
    )
    with override("en"):
        assert [str(person), str(guest)] == ["Nipha Saengbun", "Ms Ana"]
    with override("th"):
        assert [str(person), str(guest)] == ["นางสาวนิภา แสงบุญ", "Ms Ana"]
