"""One seat from nobody to the next in line, on a phone, in Thai, in a real browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from centres.actions import digits_of
from centres.common.identity import access_code, grouped
from centres.models import OneTimeCode, Role, User
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.fees import set_fee
from scheduling.models import Application, Booking, Fee, Registration, Sitting, SittingMode
from tests.factories import (
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)
from tests.journeys.conftest import DESK, PHONE, look_for_barriers, sign_in_as

pytestmark = pytest.mark.browser
PASSWORD = "khao niao mamuang wan"


@pytest.fixture
def sitting(site: str) -> Sitting:
    """A first-come sitting that is open, with two chairs in one room and a fee."""
    now = timezone.now()
    sitting = make_sitting(
        mode=SittingMode.FIRST_COME, opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(days=5), freezes_at=now + timedelta(days=9),
    )  # fmt: skip
    start = now + timedelta(days=20)
    sitting.exam_sessions.update(
        doors_open_at=start, starts_at=start + timedelta(hours=1),
        doors_close_at=start + timedelta(hours=2), ends_at=start + timedelta(hours=4),
    )  # fmt: skip
    room = make_room(make_centre(), rows=1, columns=2)
    make_room_session(room, sitting.exam_sessions.get())
    set_fee(sitting=sitting, amount=33000, hours_to_pay=48, by=None, at=now)
    return sitting


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=False).first.click()


def make_account(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="ฉันมีบัญชีหรือต้องการเปิดบัญชี").click()
    page.get_by_role("link", name="ยังไม่มีบัญชี").click()
    page.fill("#id_address", "081 234 5678")
    press(page, "ส่งรหัสให้ฉัน")
    look_for_barriers(page)
    page.fill("#id_digits", digits_of(OneTimeCode.objects.latest("pk")))
    press(page, "ไปต่อ")
    page.fill("#id_new_password1", PASSWORD)
    page.fill("#id_new_password2", PASSWORD)
    press(page, "เปิดบัญชีของฉัน")


def say_who_i_am(page: Page) -> None:
    page.locator("main .tasks a").first.click()
    page.fill("#id_number", "3-1006-00445-63-5")
    page.fill("#id_title", "นางสาว")
    page.fill("#id_given_name_th", "ขวัญข้าว")
    page.fill("#id_family_name_th", "ทองดี")
    page.fill("#id_given_name_en", "Khwankhao")
    page.fill("#id_birth_date", "13/05/2544")
    page.select_option("#id_home_province", "50")
    look_for_barriers(page)
    press(page, "ส่งคำขอสมัคร")
    expect(page.get_by_role("status")).to_contain_text("เจ้าหน้าที่ได้รับคำขอสมัครแล้ว")


def take_a_seat(page: Page, label: str) -> None:
    page.goto("/candidate/seats/")
    page.locator("main .places .chip").first.click()
    page.get_by_role("link", name="ห้อง", exact=False).first.click()
    page.locator(f'.seat.free:has(b:text-is("{label}"))').click()


def pay(desk: Page, folder: Path, fee: Fee) -> None:
    file = folder / "bank.csv"
    paid_at = timezone.now().strftime("%Y-%m-%d %H:%M")
    file.write_text(
        f"bank_reference,paid_at,reference,amount\nB1,{paid_at},{fee.reference},330.00\n"
    )
    desk.goto("/staff/payments/")
    desk.set_input_files("#file", file)
    desk.get_by_role("button", name="Read it").click()
    expect(desk.locator("main")).to_contain_text("matched to the satang")


def come_in_with_card(page: Page, registration: Registration) -> None:
    page.goto("/sign-in/card/")
    page.fill("#id_number", registration.number)
    page.fill("#id_code", grouped(access_code(registration.number, 1)))
    page.click("main .btn.big")


def test_an_account_becomes_a_seat_and_the_seat_that_comes_back_goes_to_the_next_in_line(
    open_browser: Callable[..., Page],
    make_staff: Callable[..., User],
    sitting: Sitting,
    tmp_path: Path,
) -> None:
    phone, desk = open_browser(PHONE, "th"), open_browser(DESK, "en")
    make_account(phone)
    say_who_i_am(phone)

    sign_in_as(desk, make_staff(Role.STAFF))
    desk.goto("/staff/applications/")
    desk.locator("main table a").first.click()
    desk.get_by_role("button", name="Register this person").click()
    me = Application.objects.get().registration
    assert me is not None

    phone.goto("/candidate/")
    take_a_seat(phone, "A1")
    expect(phone.locator("[data-left]")).to_have_text(re.compile(r"^(10:00|9:\d\d)$"))
    press(phone, "ขอเวลาเพิ่มห้านาที")
    expect(phone.locator("[data-left]")).to_have_text(re.compile(r"^1[45]:\d\d$"))
    look_for_barriers(phone)
    press(phone, "จอง A1")
    expect(phone.locator("h1")).to_have_text("คุณมีที่นั่งแล้ว")
    phone.get_by_role("link", name="วิธีชำระ").click()
    expect(phone.locator("h1")).to_contain_text("330.00")

    pay(desk, tmp_path, Fee.objects.get())
    phone.reload()
    expect(phone.locator("h1")).to_have_text("ชำระค่าสมัครสอบแล้ว")
    issue_admission_cards(sitting=sitting, by=None, at=timezone.now())
    phone.goto("/candidate/card/")
    expect(phone.locator(".sheet")).to_contain_text("A1")

    take_a_seat(phone, "B1")
    press(phone, "ย้ายไป B1")
    expect(phone.locator(".plate b")).to_have_text("B1")
    phone.goto("/candidate/card/")
    expect(phone.locator(".sheet")).to_contain_text("B1")

    other, third = make_registration(sitting), make_registration(sitting)
    theirs, next_in_line = open_browser(PHONE, "th"), open_browser(PHONE, "th")
    come_in_with_card(theirs, other)
    take_a_seat(theirs, "A1")
    press(theirs, "จอง A1")
    come_in_with_card(next_in_line, third)
    next_in_line.goto("/candidate/waiting/")
    press(next_in_line, "ลงชื่อในบัญชีสำรอง")
    expect(next_in_line.locator("h1")).to_contain_text("1")

    mine = Booking.objects.get(registration=me, state="confirmed")
    phone.goto(f"/candidate/seats/give-back/{mine.pk}/")
    press(phone, "คืนที่นั่ง B1")
    next_in_line.goto("/candidate/")
    expect(next_in_line.locator("h1")).to_have_text("มีที่นั่งรอคุณอยู่")
    next_in_line.goto("/candidate/waiting/")
    look_for_barriers(next_in_line)
    press(next_in_line, "จอง B1")
    expect(next_in_line.locator(".plate b")).to_have_text("B1")
    assert Booking.objects.filter(state="confirmed").count() == 2
    phone.goto("/candidate/fee/")
    expect(phone.locator("main")).to_contain_text("330.00")
