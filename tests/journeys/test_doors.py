"""The doors of the house, in a real browser, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from centres.common.identity import access_code, grouped
from centres.models import Role, User
from tests.factories import make_centre, make_registration, make_sitting
from tests.journeys.conftest import DESK, PHONE, look_for_barriers, sign_in_as

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("locale", ["th", "en"])
def test_the_doors_have_no_barriers(open_browser: Callable[..., Page], locale: str) -> None:
    page = open_browser(PHONE, locale)
    for address, status in {"/": 200, "/sign-in/": 200, "/sign-in/card/": 200, "/no/": 404}.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status, address
        expect(page.locator("h1")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        look_for_barriers(page)


def test_staff_come_in_and_go_out(
    open_browser: Callable[..., Page], make_staff: Callable[..., User]
) -> None:
    page = open_browser(DESK, "en")
    sign_in_as(page, make_staff(Role.CHIEF, make_centre()))
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("centre chief")
    look_for_barriers(page)
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/account/")
    assert "/sign-in/" in page.url


def test_a_candidate_comes_in_with_the_card_and_changes_the_language(
    open_browser: Callable[..., Page],
) -> None:
    registration = make_registration(make_sitting())
    page = open_browser(PHONE, "th")
    page.goto("/sign-in/card/")
    page.fill("#id_number", registration.number)
    page.fill("#id_code", grouped(access_code(registration.number, 1)))
    page.click("main .btn.big")
    page.goto("/account/")
    expect(page.locator("html")).to_have_attribute("lang", "th")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("main")).to_contain_text("You see your own registration")


def test_a_wrong_code_is_said_at_the_top_and_takes_the_focus(
    open_browser: Callable[..., Page],
) -> None:
    page = open_browser(PHONE, "en")
    page.goto("/sign-in/card/")
    page.fill("#id_number", "0000000000")
    page.fill("#id_code", "0000 0000 0000")
    page.click("main .btn.big")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.locator("#errors")).to_be_focused()
    assert page.title().startswith("Error:")
