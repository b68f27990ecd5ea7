"""The line as the many see it who look again and again: answered without the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from centres.models import User
from scheduling.actions.queue import join_queue, open_queue
from scheduling.line_ticket import TICKET
from scheduling.models import Registration, Sitting, SittingMode
from scheduling.queries.lines import forget_lines
from tests.factories import NOW, make_registration, make_sitting

pytestmark = pytest.mark.django_db
EN = {"accept-language": "en"}
OPENS = NOW - timedelta(days=60)
BEFORE = OPENS - timedelta(hours=2)
QUEUE = "/candidate/queue/"


@pytest.fixture
def sitting() -> Sitting:
    forget_lines()
    made = make_sitting(mode=SittingMode.FIRST_COME)
    Sitting.objects.filter(pk=made.pk).update(opens_at=OPENS)
    made.refresh_from_db()
    open_queue(sitting=made, joins_from=BEFORE, per_minute=1, by=None, at=BEFORE)
    return made


@pytest.fixture
def phone(sitting: Sitting, sign_in: Callable[[User], Client]) -> Callable[[], Client]:
    """A candidate of the sitting with a place in its line."""

    def make() -> Client:
        me: Registration = make_registration(sitting)
        me.candidate.user = User.objects.create(username=me.number)
        me.candidate.save()
        join_queue(registration=me, by=me.candidate.user, at=BEFORE)
        with time_machine.travel(NOW + timedelta(days=2), tick=False):
            return sign_in(me.candidate.user)

    return make


def look(client: Client, at: datetime, address: str = QUEUE) -> str:
    with time_machine.travel(at, tick=False):
        answer = client.get(address, headers=EN)
    assert answer.status_code == 200, answer["location"]
    text: str = answer.content.decode()
    return text


def test_who_waits_and_looks_again_costs_no_query(
    phone: Callable[[], Client], sitting: Sitting, django_assert_num_queries: Callable[..., Any]
) -> None:
    phones = [phone() for _ in range(3)]
    at = OPENS + timedelta(seconds=5)  # one a minute is let in: nobody yet
    first = [look(one, at) for one in phones]
    forget_lines()
    look(phones[0], at)
    assert sorted(f"You are number {n} in the line" in page for n in (1, 2, 3) for page in first)
    with django_assert_num_queries(0):
        again = [look(one, at) for one in phones]
    for before, after in zip(first, again, strict=True):
        number = next(n for n in (1, 2, 3) if f"You are number {n} in the line" in before)
        assert f"You are number {number} in the line" in after
        assert "My page" in after


def test_the_public_page_of_a_line_costs_nobody_a_query(
    phone: Callable[[], Client], sitting: Sitting, django_assert_num_queries: Callable[..., Any]
) -> None:
    client, at = phone(), BEFORE + timedelta(minutes=1)
    look(client, at)  # gets his ticket
    address = reverse("line", args=[sitting.pk])
    look(Client(), at, address)
    with django_assert_num_queries(0):
        guest, mine = look(Client(), at, address), look(client, at, address)
    assert "Take your place in the line" in guest
    assert "Your place is kept" in mine
    assert Client().get(reverse("line", args=[999_999])).status_code == 404


def test_a_ticket_is_worth_nothing_beside_another_session(phone: Callable[[], Client]) -> None:
    mine, theirs, at = phone(), phone(), OPENS + timedelta(seconds=5)
    pages = [look(mine, at), look(theirs, at)]
    theirs.cookies[TICKET] = mine.cookies[TICKET].value
    assert ("You are number 1 " in look(theirs, at)) == ("You are number 1 " in pages[1])
    stranger = Client()
    stranger.cookies[TICKET] = mine.cookies[TICKET].value
    assert stranger.get(QUEUE)["location"].startswith("/sign-in/")


def test_whose_turn_has_come_is_asked_for_in_the_rows(phone: Callable[[], Client]) -> None:
    client = phone()
    assert "You are number 1 in the line" in look(client, OPENS + timedelta(seconds=5))
    assert "It is your turn" in look(client, OPENS + timedelta(seconds=61))
