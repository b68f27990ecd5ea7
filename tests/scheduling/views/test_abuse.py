"""Every step of a candidate done twice, skipped, in an old tab, as somebody else, after the close.

Whatever is done, nobody's rows change that were not his to change, the books agree, and the answer
is a sentence in the reader's language with something to do next.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from centres.models import User
from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat
from scheduling.actions.queue import join_queue, open_queue
from scheduling.actions.waiting import join_waiting_list, tend_waiting_list
from scheduling.models import (
    AdmissionCard,
    ArrangementRequest,
    Booking,
    QueuePlace,
    Registration,
    RoomSession,
    Sitting,
    SittingMode,
    WaitingEntry,
)
from scheduling.queries.lines import forget_lines
from scheduling.queries.soundness import soundness
from tests.factories import (
    NOW,
    fill_room,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db
OPENS = NOW - timedelta(days=60)
DAY = OPENS + timedelta(hours=1)


@dataclass
class World:
    """A first-come sitting on its opening day, a room, two people whose turn has come."""

    sitting: Sitting
    place: RoomSession
    me: Registration
    other: Registration

    def seat(self, number: int = 0) -> int:
        return list(self.place.room.seats.order_by("pk"))[number].pk

    def hold(self, who: Registration | None = None, number: int = 0) -> Booking:
        seat = self.place.room.seats.get(pk=self.seat(number))
        return hold_seat(
            registration=who or self.me, room_session=self.place, seat=seat, by=None, at=DAY
        )

    def book(self, who: Registration | None = None, number: int = 0) -> Booking:
        self.hold(who, number)
        return confirm_booking(registration=who or self.me, by=None, at=DAY)

    def wait(self) -> Booking:
        """The room is full; both wait in turn."""
        taken = fill_room(self.place, self.sitting)
        for who in (self.me, self.other):
            join_waiting_list(
                registration=who, scope="centre", centre=self.place.room.building.centre, by=None,
                at=DAY,
            )  # fmt: skip
        return taken[0]

    def offer(self) -> None:
        """A seat came back and is offered to me."""
        cancel_booking(booking=self.wait(), by=None, at=DAY)
        tend_waiting_list(sitting=self.sitting, at=DAY)


def make_world() -> World:
    forget_lines()
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    Sitting.objects.filter(pk=sitting.pk).update(opens_at=OPENS)
    sitting.refresh_from_db()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    early = OPENS - timedelta(hours=2)
    open_queue(sitting=sitting, joins_from=early, per_minute=600, by=None, at=early)
    people = [make_registration(sitting) for _person in range(2)]
    for person in people:
        person.candidate.user = User.objects.create(username=person.number)
        person.candidate.save()
        join_queue(registration=person, by=None, at=early)
    return World(sitting, place, *people)


@dataclass(frozen=True)
class Step:
    """`before` makes the state in which it is right to send `fields` to `address`."""

    before: Callable[[World], Any]
    address: Callable[[World], str]
    fields: Callable[[World], dict[str, Any]]


def room(world: World) -> str:
    return reverse("candidate_room", args=[world.place.pk])


def page(name: str) -> Callable[[World], str]:
    return lambda world: reverse(name)


def nothing(world: World) -> None:
    """Whose turn has come needs no more."""


KEY = str(uuid4())
STEPS = {
    "join the line": Step(
        lambda world: None, page("queue_join"), lambda world: {"sitting": world.sitting.pk}
    ),
    "hold": Step(nothing, room, lambda world: {"seat": world.seat(), "key": KEY}),
    "hold at the door": Step(
        nothing, page("booking_hold"),
        lambda world: {"room_session": world.place.pk, "seat": world.seat(), "key": KEY},
    ),
    "lengthen": Step(World.hold, room, lambda world: {"extend": ""}),
    "confirm": Step(
        World.hold, page("booking_confirm"),
        lambda world: {"room_session": world.place.pk, "confirm": world.seat()},
    ),
    "let go": Step(World.hold, room, lambda world: {"keep": ""}),
    "move": Step(World.book, room, lambda world: {"seat": world.seat(3), "key": KEY}),
    "give back": Step(
        World.book, page("booking_give_back"),
        lambda world: {"room_session": world.place.pk, "booking": first_seat(world)},
    ),
    "wait": Step(
        lambda world: fill_room(world.place, world.sitting), page("waiting_join"),
        lambda world: {"sitting": world.sitting.pk, "scope": "centre",
                       "centre": world.place.room.building.centre_id},
    ),
    "take the offer": Step(
        World.offer, page("candidate_waiting_act"), lambda world: {"accept": ""}
    ),
    "let the offer go": Step(
        World.offer, page("candidate_waiting_act"), lambda world: {"decline": ""}
    ),
    "leave the list": Step(World.wait, page("candidate_waiting_act"), lambda world: {"leave": ""}),
    "ask for an arrangement": Step(
        nothing, page("candidate_arrangement"),
        lambda world: {"kinds": ["wheelchair"], "words": "x"},
    ),
    "take the request back": Step(
        lambda world: _request(world), page("candidate_arrangement_withdraw"), lambda world: {}
    ),
    "replace the card": Step(
        lambda world: _card(world), page("candidate_card_replace"), lambda world: {"version": 1}
    ),
    "send wishes": Step(nothing, page("candidate_wishes"), lambda world: {"send": ""}),
    "withdraw": Step(World.book, page("candidate_withdraw"), lambda world: {}),
}  # fmt: skip


def first_seat(world: World) -> int:
    """The first seat I ever had, as an old tab shows it."""
    mine = Booking.objects.filter(registration=world.me).order_by("pk").first()
    return mine.pk if mine else 0


def _request(world: World) -> None:
    ArrangementRequest.objects.create(registration=world.me, words_sealed=b"x", sent_at=DAY)


def _card(world: World) -> None:
    world.book()
    AdmissionCard.objects.create(registration=world.me, issued_at=DAY)


# --- what is done wrong ------------------------------------------------------------------------

# What an old tab shows, the other tab has changed since.
MEANWHILE: dict[str, Callable[[World], Any]] = {
    "lengthen": lambda world: end(world.me, "held"),
    "confirm": lambda world: world.hold(number=5),
    "move": lambda world: end(world.me, "confirmed"),
    "give back": lambda world: world.book(number=5),
    "take the offer": lambda world: end(world.me, "held"),
    "let the offer go": lambda world: confirm_booking(registration=world.me, by=None, at=DAY),
    "withdraw": lambda world: end(world.me, "confirmed"),
}
NEEDS_WHAT_COMES_BEFORE = {
    "lengthen", "confirm", "let go", "give back", "wait", "take the offer", "let the offer go",
    "leave the list", "take the request back", "replace the card",
}  # fmt: skip
NOT_BEFORE_THE_OPENING = {"hold", "hold at the door", "confirm", "move", "take the offer"}
NOT_AFTER_THE_FREEZE = NOT_BEFORE_THE_OPENING | {
    "join the line", "lengthen", "let go", "give back", "wait", "send wishes",
}  # fmt: skip


def end(who: Registration, state: str) -> None:
    cancel_booking(booking=who.bookings.get(state=state), by=None, at=DAY)


@pytest.fixture
def browser(sign_in: Callable[[User], Client]) -> Callable[[Registration], Client]:
    def make(who: Registration) -> Client:
        with time_machine.travel(NOW + timedelta(days=2), tick=False):
            return sign_in(who.candidate.user)

    return make


def send(client: Client, step: Step, world: World, language: str, at: datetime = DAY) -> Any:
    """The page that a person sees in the end."""
    headers = {"accept-language": language}
    with time_machine.travel(at + timedelta(minutes=1), tick=False):
        answer = client.post(step.address(world), step.fields(world), headers=headers)
        while answer.status_code in (302, 303):
            answer = client.get(answer["location"], headers=headers)
    return answer


def text_of(answer: Any) -> str:
    main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert main, "no page"
    return main[0]


def rows_of(who: Registration) -> list[Any]:
    """All that a registration has, so that it can be seen whether any of it changed."""
    who.refresh_from_db()
    return [
        who.state, who.access_class,
        *Booking.objects.filter(registration=who).order_by("pk").values_list("pk", "state", "seat"),
        *QueuePlace.objects.filter(registration=who).values_list("pk", "order"),
        *WaitingEntry.objects.filter(registration=who).order_by("pk").values_list("pk", "state"),
        *ArrangementRequest.objects.filter(registration=who).values_list("pk", "state"),
        *AdmissionCard.objects.filter(registration=who).order_by("pk").values_list("pk"),
    ]  # fmt: skip


def ready(name: str, *, before: bool = True) -> tuple[Step, World]:
    world = make_world()
    if before:
        with time_machine.travel(DAY, tick=False):
            STEPS[name].before(world)
    return STEPS[name], world


def judge(answer: Any, language: str) -> str:
    """Every answer is a page in the reader's language that says something and leads on."""
    assert answer.status_code < 500
    main = text_of(answer)
    said = unescape(re.sub(r"<[^>]+>", " ", main))
    assert "<a " in main or "<button" in main, "nothing to do next"
    thai, latin = (len(re.findall(letters, said)) for letters in ("[ก-๙]", "[A-Za-z]"))
    assert (thai > latin) == (language == "th"), said
    assert not soundness().faults
    return re.sub(r"\s+", " ", said)


both = pytest.mark.parametrize("language", ["th", "en"])
each = pytest.mark.parametrize("name", STEPS)


@both
@each
def test_a_step_done_twice_is_done_once(browser: Any, name: str, language: str) -> None:
    step, world = ready(name)
    client, pages = browser(world.me), []
    for _time in range(2):
        pages.append(judge(send(client, step, world, language), language))
        pages.append(str(rows_of(world.me)))
    assert pages[1] == pages[3]
    assert pages[2]


@each
def test_a_step_whose_beginning_was_skipped_changes_nothing(browser: Any, name: str) -> None:
    step, world = ready(name, before=False)
    before = rows_of(world.me)
    said = judge(send(browser(world.me), step, world, "en"), "en")
    assert said
    if name in NEEDS_WHAT_COMES_BEFORE:
        assert rows_of(world.me) == before


@pytest.mark.parametrize("name", MEANWHILE)
def test_an_old_tab_says_what_has_changed_since(browser: Any, name: str) -> None:
    step, world = ready(name)
    client = browser(world.me)
    fields = step.fields(world)  # as the old tab shows it
    MEANWHILE[name](world)
    judge(send(client, Step(nothing, step.address, lambda world: fields), world, "en"), "en")
    confirmed = Booking.objects.filter(registration=world.me, state="confirmed")
    assert confirmed.count() <= 1
    if name == "confirm":
        assert not confirmed.exists(), "he confirmed a seat he did not see"


@each
def test_what_somebody_else_sends_changes_nothing_of_mine(browser: Any, name: str) -> None:
    step, world = ready(name)
    before = rows_of(world.me)
    judge(send(browser(world.other), step, world, "en"), "en")
    assert rows_of(world.me) == before
    seats = Booking.objects.filter(registration=world.me, state__in=["held", "confirmed"])
    theirs = Booking.objects.filter(registration=world.other, state__in=["held", "confirmed"])
    assert not set(seats.values_list("seat")) & set(theirs.values_list("seat"))


@each
def test_by_a_clock_that_is_wrong_nothing_is_done_out_of_its_time(browser: Any, name: str) -> None:
    for closed, steps in ((OPENS - timedelta(hours=1), NOT_BEFORE_THE_OPENING),
                          (None, NOT_AFTER_THE_FREEZE)):  # fmt: skip
        with transaction.atomic():
            step, world = ready(name)
            before = rows_of(world.me)
            answer = send(browser(world.me), step, world, "en", closed or world.sitting.freezes_at)
            judge(answer, "en")
            if name in steps:
                assert rows_of(world.me) == before
            transaction.set_rollback(True)


@both
@each
def test_who_was_signed_out_meanwhile_is_told_that_nothing_was_counted(
    name: str, language: str
) -> None:
    step, world = ready(name)
    before = rows_of(world.me)
    said = judge(send(Client(), step, world, language), language)
    told = {"en": "What you sent last was not counted", "th": "ไม่ได้ถูกนับ"}
    assert told[language] in said
    assert rows_of(world.me) == before
