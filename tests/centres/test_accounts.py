"""An account: made with an address and a code, entered with two factors, recovered."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.actions import (
    CODE_FOR,
    CODES_AN_HOUR,
    WRONG_TRIES,
    digits_of,
    remove_contact,
    send_code,
    use_code,
)
from centres.common.contact import Channel
from centres.common.outbox import Letter, said_by
from centres.errors import CodeEnded, CodeWrong, LastContact, TooManyCodes
from centres.models import CodePurpose, Contact, OneTimeCode, User
from tests.centres.test_sign_in import token_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db
PASSWORD = "khao niao mamuang wan"
ADDRESS = "khwan@example.org"


def browser() -> Client:
    return Client(headers={"accept-language": "en"})


def newest_digits() -> str:
    return digits_of(OneTimeCode.objects.latest("pk"))


def wrong_digits() -> str:
    return f"{(int(newest_digits()) + 1) % 10**6:06d}"


def make_account(client: Client, address: str = ADDRESS) -> User:
    client.post("/sign-in/account/new/", {"address": address})
    client.post("/sign-in/account/code/", {"digits": newest_digits()})
    chosen = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    client.post("/sign-in/account/password/", chosen)
    return Contact.objects.get(address=address).user


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_account_is_made_with_an_address_a_code_and_a_password() -> None:
    client = browser()
    user = make_account(client)
    assert signed_in(client)
    assert user.check_password(PASSWORD)
    assert ADDRESS not in user.username
    assert [letter.to for letter in Letter.objects.all()] == [ADDRESS]


def test_a_password_alone_lets_nobody_in() -> None:
    make_account(browser())
    client = browser()
    answer = client.post(
        "/sign-in/account/", {"address": "KHWAN@example.org", "password": PASSWORD}
    )
    assert answer["location"].startswith("/sign-in/account/code/")
    assert not signed_in(client)
    client.post("/sign-in/account/code/", {"digits": wrong_digits()})
    assert not signed_in(client)
    client.post("/sign-in/account/code/", {"digits": newest_digits()})
    assert signed_in(client)


def test_a_code_sent_to_one_browser_opens_nothing_in_another() -> None:
    make_account(browser())
    mine, other = browser(), browser()
    mine.post("/sign-in/account/", {"address": ADDRESS, "password": PASSWORD})
    answer = other.post("/sign-in/account/code/", {"digits": newest_digits()})
    assert answer["location"] == "/sign-in/account/"
    assert not signed_in(other)


def test_an_authenticator_app_takes_the_place_of_the_code() -> None:
    user = make_account(browser())
    device = TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
    client = browser()
    answer = client.post("/sign-in/account/", {"address": ADDRESS, "password": PASSWORD})
    assert answer["location"].startswith("/sign-in/account/app/")
    client.post("/sign-in/account/app/", {"token": "000000"})
    assert not signed_in(client)
    with time_machine.travel(NOW + timedelta(days=1)):
        client.post("/sign-in/account/", {"address": ADDRESS, "password": PASSWORD})
        client.post("/sign-in/account/app/", {"token": token_of(device)})
    assert signed_in(client)


def test_the_pages_do_not_say_whether_an_address_is_known() -> None:
    make_account(browser())
    for door in ("new", "forgotten"):
        pages = []
        for address in (ADDRESS, "nobody@example.org"):
            client = browser()
            answer = client.post(f"/sign-in/account/{door}/", {"address": address})
            page = client.get(answer["location"]).content.decode()
            pages.append(page.split("<main")[1].split("csrfmiddlewaretoken")[0][-900:-60])
            assert client.post("/sign-in/account/code/", {"digits": "12"}).status_code == 422
        assert pages[0].replace("kh…", "no…") == pages[1]


def test_who_has_an_account_is_told_so_where_only_he_reads_it() -> None:
    user = make_account(browser())
    client = browser()
    client.post("/sign-in/account/new/", {"address": ADDRESS})
    told = Letter.objects.latest("pk")
    assert "You have one already" in said_by(told, "en").text
    client.post("/sign-in/account/code/", {"digits": newest_digits()})
    assert client.get("/sign-in/account/password/").status_code == 302
    assert list(Contact.objects.values_list("user", flat=True)) == [user.pk]


def test_nobody_is_written_to_who_has_no_account_to_recover() -> None:
    browser().post("/sign-in/account/forgotten/", {"address": "nobody@example.org"})
    assert not Letter.objects.exists()


def test_a_lost_password_is_replaced_and_every_other_device_is_out() -> None:
    old = browser()
    make_account(old)
    client = browser()
    client.post("/sign-in/account/forgotten/", {"address": ADDRESS})
    client.post("/sign-in/account/code/", {"digits": newest_digits()})
    another = "som tam poo plara"
    chosen = {"new_password1": another, "new_password2": another}
    client.post("/sign-in/account/password/", chosen)
    assert client.get("/account/").status_code == 200
    assert old.get("/account/").status_code == 302
    assert Contact.objects.get().user.check_password(another)


def test_a_code_is_good_once_for_ten_minutes_and_five_tries() -> None:
    def fresh(address: str) -> OneTimeCode:
        return send_code(
            purpose=CodePurpose.JOIN, channel=Channel.EMAIL, address=address, user=None,
            language="en", at=NOW,
        )  # fmt: skip

    once = fresh("a@example.org")
    use_code(code=once, typed=digits_of(once), at=NOW)
    with pytest.raises(CodeEnded):
        use_code(code=once, typed=digits_of(once), at=NOW)
    late = fresh("b@example.org")
    with pytest.raises(CodeEnded):
        use_code(code=late, typed=digits_of(late), at=NOW + CODE_FOR)
    guessed = fresh("c@example.org")
    for _try in range(WRONG_TRIES):
        with pytest.raises(CodeWrong):
            use_code(code=guessed, typed="no", at=NOW)
    with pytest.raises(CodeEnded):
        use_code(code=guessed, typed=digits_of(guessed), at=NOW)


def test_an_address_is_not_flooded_with_codes() -> None:
    def ask(minute: int) -> OneTimeCode:
        return send_code(
            purpose=CodePurpose.JOIN, channel=Channel.SMS, address="+66812345678", user=None,
            language="th", at=NOW + timedelta(minutes=minute),
        )  # fmt: skip

    assert ask(0) == ask(0)
    for minute in range(1, CODES_AN_HOUR):
        ask(minute)
    with pytest.raises(TooManyCodes):
        ask(CODES_AN_HOUR)
    assert Letter.objects.count() == CODES_AN_HOUR


def test_no_table_holds_the_digits_of_a_code() -> None:
    code = send_code(
        purpose=CodePurpose.JOIN, channel=Channel.EMAIL, address=ADDRESS, user=None,
        language="th", at=NOW,
    )  # fmt: skip
    letter = Letter.objects.get()
    kept = f"{letter.facts}{letter.key}{letter.about}{letter.wording}"
    assert digits_of(code) not in kept
    assert digits_of(code) in said_by(letter, "th").text


def test_a_second_address_is_added_by_its_code_and_the_last_one_stays() -> None:
    client = browser()
    user = make_account(client)
    client.post("/account/contacts/", {"address": "081 234 5678"})
    client.post("/sign-in/account/code/", {"digits": newest_digits()})
    assert [contact.address for contact in user.contacts.all()] == [ADDRESS, "+66812345678"]
    first, second = user.contacts.all()
    client.post("/account/contacts/remove/", {"contact": first.pk})
    assert list(user.contacts.all()) == [second]
    with pytest.raises(LastContact):
        remove_contact(user=user, contact=second, at=NOW)


def test_one_address_is_one_account(make_staff: Callable[..., User]) -> None:
    mine = browser()
    make_account(mine)
    other = browser()
    make_account(other, "other@example.org")
    other.post("/account/contacts/", {"address": ADDRESS})
    answer = other.post("/sign-in/account/code/", {"digits": newest_digits()})
    assert answer.status_code == 422
    assert Contact.objects.filter(address=ADDRESS).count() == 1


def test_the_owner_of_a_lost_device_signs_it_out() -> None:
    mine, lost = browser(), browser()
    make_account(mine)
    lost.cookies = mine.cookies.copy()
    assert lost.get("/account/").status_code == 200
    mine.post("/account/everywhere/")
    assert mine.get("/account/").status_code == 200
    assert lost.get("/account/").status_code == 302
