"""Who comes in through which door, and who does not."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.common.audit import AuditEntry
from centres.common.identity import access_code, grouped
from centres.models import Role, User
from scheduling.models import AdmissionCard
from tests.factories import NOW, make_centre, make_registration, make_sitting

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


def token_of(device: TOTPDevice) -> str:
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    return f"{totp.token():06d}"


@pytest.fixture
def chief(make_staff: Callable[..., User]) -> User:
    user = make_staff(Role.CHIEF, make_centre())
    user.set_password(PASSWORD)
    user.save()
    return user


def test_staff_sign_in_with_password_and_one_time_code(client: Client, chief: User) -> None:
    answer = client.post("/sign-in/", {"username": chief.username, "password": PASSWORD})
    assert answer["location"] == "/sign-in/code/?next=%2Fhome%2F"
    token = token_of(TOTPDevice.objects.get(user=chief))
    answer = client.post("/sign-in/code/", {"token": token, "next": "/account/"})
    assert answer["location"] == "/account/"
    assert chief.username in client.get("/account/").content.decode()


def test_a_one_time_code_is_good_once(client: Client, chief: User) -> None:
    token = token_of(TOTPDevice.objects.get(user=chief))
    client.force_login(chief, "django.contrib.auth.backends.ModelBackend")
    assert client.post("/sign-in/code/", {"token": token}).status_code == 302
    assert client.post("/sign-in/code/", {"token": token}).status_code == 422


def test_a_wrong_password_says_so_and_keeps_the_name(client: Client, chief: User) -> None:
    given = {"username": chief.username, "password": "wrong"}
    answer = client.post("/sign-in/", given, headers={"accept-language": "en"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The user name or the password is not right." in page
    assert f'value="{chief.username}"' in page
    assert "wrong" not in page.replace("wrong tries", "")


def test_after_eight_wrong_tries_the_door_closes_for_that_name_from_there_alone(
    client: Client, chief: User
) -> None:
    for _ in range(8):
        answer = client.post("/sign-in/", {"username": chief.username, "password": "wrong"})
    assert answer.status_code == 429
    right = {"username": chief.username, "password": PASSWORD}
    assert client.post("/sign-in/", right).status_code == 429
    elsewhere = Client(REMOTE_ADDR="203.0.113.7")
    assert elsewhere.post("/sign-in/", right).status_code == 302


def test_a_new_colleague_sets_up_the_second_factor_first(client: Client) -> None:
    user = User.objects.create_user("new", password=PASSWORD)
    client.post("/sign-in/", {"username": "new", "password": PASSWORD})
    assert client.get("/sign-in/code/")["location"].startswith("/sign-in/second-factor/")
    assert "<svg" in client.get("/sign-in/second-factor/").content.decode()
    device = TOTPDevice.objects.get(user=user, confirmed=False)
    assert client.post("/sign-in/second-factor/", {"token": "000000"}).status_code == 422
    device.refresh_from_db()
    device.throttle_reset()
    answer = client.post("/sign-in/second-factor/", {"token": token_of(device)})
    assert answer.status_code == 302
    assert TOTPDevice.objects.get(user=user).confirmed
    assert AuditEntry.objects.filter(verb="confirm_second_factor", by=user).count() == 1


def test_nobody_is_sent_to_another_site_after_signing_in(client: Client, chief: User) -> None:
    client.force_login(chief, "django.contrib.auth.backends.ModelBackend")
    token = token_of(TOTPDevice.objects.get(user=chief))
    answer = client.post("/sign-in/code/", {"token": token, "next": "https://example.net/"})
    assert answer["location"] == "/home/"


def test_a_candidate_signs_in_with_number_and_code_however_they_are_spaced(client: Client) -> None:
    registration = make_registration(make_sitting())
    number, code = registration.number, grouped(access_code(registration.number, 1)).lower()
    spaced = f"{number[:5]} {number[5:]}"
    answer = client.post("/sign-in/card/", {"number": spaced, "code": code, "next": "/account/"})
    assert answer.status_code == 302
    registration.candidate.refresh_from_db()
    assert registration.candidate.user is not None
    assert registration.candidate.user.username == number
    assert client.get("/account/").status_code == 200


def test_the_code_of_a_replaced_card_opens_nothing_and_the_new_one_does(client: Client) -> None:
    registration = make_registration(make_sitting())
    AdmissionCard.objects.create(registration=registration, issued_at=NOW, withdrawn_at=NOW)
    AdmissionCard.objects.create(registration=registration, version=2, issued_at=NOW)
    old, new = (access_code(registration.number, version) for version in (1, 2))
    given = {"number": registration.number}
    assert client.post("/sign-in/card/", {**given, "code": old}).status_code == 422
    assert client.post("/sign-in/card/", {**given, "code": new}).status_code == 302


def test_a_wrong_number_and_a_wrong_code_get_the_same_answer(client: Client) -> None:
    registration = make_registration(make_sitting())
    code = access_code(registration.number, 1)
    other = make_registration(registration.sitting).number
    answers = [
        client.post("/sign-in/card/", given).content.decode().split("<main")[1].split("<form")[0]
        for given in (
            {"number": registration.number, "code": "0" * 12},
            {"number": other, "code": code},
            {"number": "0000000000", "code": code},
        )
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_withdrawn_registration_opens_nothing(client: Client) -> None:
    registration = make_registration(make_sitting(), state="withdrawn")
    code = access_code(registration.number, 1)
    given = {"number": registration.number, "code": code}
    assert client.post("/sign-in/card/", given).status_code == 422


def test_a_candidate_may_choose_a_password_and_use_it_with_his_number(client: Client) -> None:
    registration = make_registration(make_sitting())
    code = access_code(registration.number, 1)
    client.post("/sign-in/card/", {"number": registration.number, "code": code})
    chosen = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post("/account/password/", chosen).status_code == 302
    client.post("/sign-out/")
    given = {"username": registration.number, "password": PASSWORD, "next": "/account/"}
    assert client.post("/sign-in/", given)["location"] == "/account/"


def test_signing_out_ends_what_was_open(client: Client, chief: User) -> None:
    client.force_login(chief, "django.contrib.auth.backends.ModelBackend")
    client.post("/sign-out/")
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize("address", ["/home/", "/account/", "/sign-in/", "/account/password/"])
def test_no_browser_keeps_what_a_signed_in_person_saw(
    client: Client, chief: User, address: str
) -> None:
    client.force_login(chief, "django.contrib.auth.backends.ModelBackend")
    assert "no-store" in client.get(address)["cache-control"]


def test_the_front_page_leads_home_and_says_nothing_else_of_who_looks_at_it(
    client: Client, chief: User
) -> None:
    def shown() -> str:
        page = client.get("/").content.decode()
        return re.sub(
            r'name="csrfmiddlewaretoken" value="[^"]+"|<a href="/home/">.*?</a>', "", page
        )

    before = shown()
    client.force_login(chief, "django.contrib.auth.backends.ModelBackend")
    assert shown() == before


def test_a_stolen_password_alone_chooses_no_new_one(client: Client, chief: User) -> None:
    client.post("/sign-in/", {"username": chief.username, "password": PASSWORD})
    given = dict.fromkeys(("new_password1", "new_password2"), "quite another password")
    answer = client.post("/account/password/", given)
    assert answer["location"].startswith("/sign-in/code/")
    chief.refresh_from_db()
    assert chief.check_password(PASSWORD)


@pytest.mark.parametrize("theme", ["sun", "night", "light"])
def test_the_chosen_theme_stays_on_the_device(client: Client, theme: str) -> None:
    client.post("/theme/", {"theme": theme, "next": "/"})
    assert f'data-theme="{theme}"' in client.get("/sign-in/").content.decode()


def test_a_theme_that_does_not_exist_is_not_kept(client: Client) -> None:
    client.post("/theme/", {"theme": '"><script>', "next": "/"})
    assert "theme" not in client.cookies
