"""Two proctors in one room, in real browsers: what one does the other sees, and nothing is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from centres.models import Role, User
from proctoring.models import Attendance, RoomEvent
from scheduling.models import ExamSession
from tests.journeys.conftest import DESK, PHONE, look_for_barriers, sign_in_as
from tests.proctoring.conftest import Day, make_day
from tests.proctoring.test_returns import fall_back

pytestmark = pytest.mark.browser


@pytest.fixture
def today(site: str) -> Day:
    """The small exam day, about to begin."""
    day = make_day()
    start = timezone.now() + timedelta(minutes=10)
    ExamSession.objects.update(
        doors_open_at=start - timedelta(hours=1), starts_at=start,
        doors_close_at=start + timedelta(minutes=30), ends_at=start + timedelta(hours=3),
    )  # fmt: skip
    return day


def person(user: User) -> User:
    TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
    return user


def console(page: Page, user: User, room: int) -> Page:
    sign_in_as(page, user)
    page.goto(f"/rooms/{room}/")
    expect(page.locator("#line-end")).to_contain_text("#")
    return page


def check_in(page: Page, text: str) -> None:
    page.fill("#number", text)
    page.press("#number", "Enter")


def seat(page: Page, label: str) -> Any:
    return page.locator(f'#map [aria-label^="{label} "]')


def test_a_check_in_shows_on_the_second_console_and_survives_a_reload(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    one = console(open_browser(DESK, "en"), person(today.proctor("a", today.rooms[0])), room)
    two = console(open_browser(PHONE, "th"), person(today.proctor("b", today.rooms[0])), room)
    one.get_by_role("button", name="Open the room").click()
    check_in(one, "A2")
    expect(seat(two, "A2")).to_have_class("seat in")
    number = today.bookings(today.rooms[0])[2].registration.number
    check_in(two, number)
    expect(seat(one, "A3")).to_have_class("seat in")
    two.reload()
    expect(seat(two, "A2")).to_have_class("seat in")
    expect(two.locator("#equation")).to_contain_text("2 + 2 + 0 + 0 + 0")
    check_in(one, "A2")
    expect(one.locator(".answer.bad")).to_contain_text("here")
    assert RoomEvent.objects.filter(type="seat.check_in").count() == 2


def test_the_keyboard_alone_takes_a_person_through_the_door(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(DESK, "en"), person(today.proctor("a", today.rooms[0])), room)
    page.get_by_role("button", name="Open the room").press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(seat(page, "A2")).to_have_class("seat in")
    page.keyboard.press("KeyY")
    expect(seat(page, "A2")).to_have_attribute("aria-label", "A2 Khwankhao2 here, confirmed")
    page.keyboard.press("KeyU")
    expect(seat(page, "A2")).to_have_attribute("aria-label", "A2 Khwankhao2 here")


def test_what_is_done_without_a_line_waits_on_the_device_and_is_sent_once(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(PHONE, "en"), person(today.proctor("a", today.rooms[0])), room)
    page.get_by_role("button", name="Open the room").click()
    expect(page.locator("#line")).to_have_class("line")
    expect(page.locator("#line-end")).to_contain_text("#2")
    blocked = True
    page.route_web_socket("**/ws/rooms/**", lambda ws: ws.close() if blocked else _through(ws))
    page.route("**/sync/", lambda route: route.abort() if blocked else route.continue_())
    page.reload()
    check_in(page, "A1")
    expect(seat(page, "A1")).to_have_class("seat in unsent")
    expect(page.locator("#line-text")).to_contain_text("1 waiting to send")
    page.reload()
    expect(page.locator("#line-text")).to_contain_text("1 waiting to send")
    page.get_by_role("button", name="Start the exam for everyone here").click()
    expect(seat(page, "A1")).to_have_class("seat work unsent")
    assert not RoomEvent.objects.filter(type="seat.check_in").exists()
    blocked = False
    expect(page.locator("#line-text")).to_have_text("Everything is sent")
    expect(seat(page, "A1")).to_have_class("seat work")
    told = RoomEvent.objects.order_by("seq").values_list("type", flat=True)
    assert list(told) == ["room.plan", "room.open", "seat.check_in", "room.start"]
    assert Attendance.objects.filter(state="started").count() == 1


SLOW_STORE = """
const open = indexedDB.open.bind(indexedDB);
indexedDB.open = (...named) => {
  const late = {};
  setTimeout(() => {
    const request = open(...named);
    for (const name of ["onsuccess", "onerror", "onupgradeneeded"]) request[name] = late[name];
    Object.defineProperty(late, "result", { get: () => request.result });
  }, 1500);
  return late;
};
"""


def test_what_is_done_while_a_slow_phone_still_opens_its_store_waits_for_it(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(PHONE, "en"), person(today.proctor("a", today.rooms[0])), room)
    page.add_init_script(SLOW_STORE)
    page.reload()
    address = page.url
    page.get_by_role("button", name="Open the room").click()
    check_in(page, "A1")
    check_in(page, "A2")
    for label in ("A1", "A2"):
        expect(seat(page, label)).to_have_class("seat in")
    expect(page.locator("#line-end")).to_contain_text("#4")
    assert page.url == address
    told = RoomEvent.objects.order_by("seq").values_list("type", flat=True)
    assert list(told) == ["room.plan", "room.open", "seat.check_in", "seat.check_in"]


def test_a_console_gives_back_what_a_restored_database_lacks(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(PHONE, "th"), person(today.proctor("a", today.rooms[0])), room)
    page.locator("#steps [value='room.open']").click()
    for label in ("A1", "A3"):
        check_in(page, label)
        expect(seat(page, label)).to_have_class("seat in")
    expect(page.locator("#line-end")).to_contain_text("#4")
    fall_back(2)
    assert not RoomEvent.objects.filter(type="seat.check_in").exists()
    page.reload()
    for label in ("A1", "A3"):
        expect(seat(page, label)).to_have_class("seat in")
    came_back = RoomEvent.objects.filter(type="seat.check_in").values_list("seq", "body")
    assert [(seq, f'"was":{seq}' in body) for seq, body in came_back] == [(3, True), (4, True)]


def _through(ws: Any) -> None:
    ws.connect_to_server()


def test_the_board_and_the_wall_follow_what_a_console_does(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room, session = today.rooms[0], today.exam_session.pk
    chief, hq = open_browser(DESK, "en"), open_browser({"width": 1920, "height": 1080}, "th")
    sign_in_as(chief, person(today.user("chief", Role.CHIEF, today.centres[0])))
    sign_in_as(hq, person(today.user("hq", Role.HEADQUARTERS)))
    chief.goto("/board/")
    hq.goto(f"/wall/{session}/")
    expect(chief.locator("#line-text")).to_have_text("live")
    one = console(open_browser(DESK, "en"), person(today.proctor("a", room)), room.pk)
    one.get_by_role("button", name="Open the room").click()
    check_in(one, "A1")
    booking = today.bookings(room)[0].pk
    expect(chief.locator(f'[data-booking="{booking}"]')).to_have_class("f-c")
    expect(hq.locator("p[data-total=came]")).to_have_text("1")
    for page in (chief, hq):
        look_for_barriers(page)
    hq.set_viewport_size({"width": 320, "height": 640})
    board = hq.locator(".wall .board")
    assert board.evaluate("board => board.scrollWidth - board.clientWidth") <= 0
    expect(board.locator("tbody [data-field=silent]").first).to_be_visible()
    look_for_barriers(hq)


def test_a_phone_in_the_sun_is_one_touch_from_black_on_white(
    open_browser: Callable[..., Page], today: Day
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(PHONE, "th"), person(today.proctor("a", today.rooms[0])), room)
    page.get_by_role("button", name="สู้แดด").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "sun")
    expect(page.locator("#equation")).to_be_visible()
    look_for_barriers(page)
    page.get_by_role("button", name="สู้แดด").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("locale", ["th", "en"])
def test_the_console_has_no_barriers_on_a_phone(
    open_browser: Callable[..., Page], today: Day, locale: str
) -> None:
    room = today.rooms[0].pk
    page = console(open_browser(PHONE, locale), person(today.proctor("a", today.rooms[0])), room)
    seat(page, "A1").click()
    expect(page.locator("#card")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    look_for_barriers(page)
