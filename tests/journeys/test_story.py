"""One whole story in real browsers: from a candidate's wishes to the second proctor's screen."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from centres.common.identity import access_code, grouped
from centres.models import Centre, Role, User
from centres.templatetags.exam_text import grouped as spaced
from proctoring.models import Attendance
from scheduling.actions.admission import issue_admission_cards
from scheduling.models import Booking, Duty, Proctor, Registration, Sitting
from tests.factories import (
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)
from tests.journeys.conftest import DESK, PHONE, sign_in_as
from tests.scheduling.small_country import wish

pytestmark = pytest.mark.browser


@pytest.fixture
def sitting(site: str) -> Sitting:
    """Two centres, one room each; wishes are open, and five people have sent theirs."""
    now = timezone.now()
    sitting = make_sitting(
        opens_at=now - timedelta(days=2), closes_at=now + timedelta(days=2),
        freezes_at=now + timedelta(days=9),
    )  # fmt: skip
    start = now + timedelta(days=20)
    sitting.exam_sessions.update(
        doors_open_at=start, starts_at=start + timedelta(hours=1),
        doors_close_at=start + timedelta(hours=2), ends_at=start + timedelta(hours=4),
    )  # fmt: skip
    centres = make_centre("CNX"), make_centre("LPG", latitude=18.29, longitude=99.49)
    for centre in centres:
        make_room_session(make_room(centre), sitting.exam_sessions.get())
    for _person in range(5):
        wish(make_registration(sitting), centres[0])
    return sitting


def come_in_with_card(page: Page, registration: Registration) -> None:
    page.goto("/sign-in/card/")
    page.fill("#id_number", registration.number)
    page.fill("#id_code", grouped(access_code(registration.number, 1)))
    page.click("main .btn.big")


def send_wish(page: Page, centre: Centre) -> None:
    page.goto("/candidate/wishes/")
    page.select_option("#centre", str(centre.pk))
    page.locator("button[name=add]").click()
    page.locator("button[name=send]").click()
    expect(page.locator("h1")).to_have_text("Your wishes are in")


def compute_and_accept(asking: Page, accepting: Page, sitting: Sitting) -> None:
    """One of the staff asks for a plan, the worker computes it, another accepts it."""
    asking.goto(f"/staff/sittings/{sitting.pk}/")
    asking.get_by_role("button", name="Compute", exact=False).click()
    expect(asking.locator("h1")).to_contain_text("being computed")
    call_command("db_worker", batch=True, verbosity=0)
    accepting.goto(asking.url)
    accepting.get_by_role("button", name="Give", exact=False).click()
    expect(accepting.get_by_role("status").first).to_contain_text("6")


def open_the_doors(sitting: Sitting) -> None:
    """The day has come: the exam begins in ten minutes."""
    start = timezone.now() + timedelta(minutes=10)
    sitting.exam_sessions.update(
        doors_open_at=start - timedelta(hours=1), starts_at=start,
        doors_close_at=start + timedelta(minutes=30), ends_at=start + timedelta(hours=3),
    )  # fmt: skip


def test_from_the_wishes_of_one_person_to_the_screens_of_two_proctors(
    open_browser: Callable[..., Page], make_staff: Callable[..., User], sitting: Sitting
) -> None:
    other = Centre.objects.get(code="LPG")
    me = make_registration(sitting)
    phone = open_browser(PHONE, "en")
    come_in_with_card(phone, me)
    send_wish(phone, other)
    Sitting.objects.update(closes_at=timezone.now() - timedelta(minutes=1))

    staff = [make_staff(Role.STAFF, username=name) for name in ("first", "second")]
    desks = open_browser(DESK, "en"), open_browser(DESK, "en")
    for desk, person in zip(desks, staff, strict=True):
        sign_in_as(desk, person)
    compute_and_accept(*desks, sitting)
    assert Booking.objects.count() == 6
    issue_admission_cards(sitting=sitting, by=staff[0], at=timezone.now())

    mine = Booking.objects.select_related("seat", "room_session").get(registration=me)
    assert mine.room_session.room.building.centre == other
    phone.goto("/candidate/")
    expect(phone.locator("h1")).to_have_text("You have a seat")
    expect(phone.locator(".plate b")).to_have_text(mine.seat.label)
    phone.get_by_role("link", name="See and print the admission card").click()
    expect(phone.locator(".sheet")).to_contain_text(spaced(me.number))
    assert phone.request.get("/candidate/card.pdf").body().startswith(b"%PDF")

    open_the_doors(sitting)
    one, two = (proctor_at(mine, name, open_browser, make_staff) for name in "ab")
    one.get_by_role("button", name="Open the room").click()
    one.fill("#number", me.number)
    one.press("#number", "Enter")
    seat = two.locator(f'#map [aria-label^="{mine.seat.label} "]')
    expect(seat).to_have_class("seat in")
    assert Attendance.objects.get(booking=mine).state == "checked_in"


def proctor_at(
    booking: Booking,
    name: str,
    open_browser: Callable[..., Page],
    make_staff: Callable[..., User],
) -> Page:
    """The console of the booking's room, in the hands of a proctor on duty there."""
    centre = booking.room_session.room.building.centre
    user = make_staff(Role.PROCTOR, centre, username=name)
    proctor = Proctor.objects.create(user=user, centre=centre)
    Duty.objects.create(proctor=proctor, room_session=booking.room_session)
    page = open_browser(DESK, "en")
    sign_in_as(page, user)
    page.goto(f"/rooms/{booking.room_session_id}/")
    expect(page.locator("#line-end")).to_contain_text("#")
    return page
