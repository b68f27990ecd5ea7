"""The narrow door: what it takes, what it answers, and that it keeps the rules of the pages."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.conf import settings as product
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from centres.models import AuditEntry, User
from scheduling.actions.queue import open_queue
from scheduling.booking_errors import OfferOpen
from scheduling.door import CONFIRM, HOLD, JOIN, STATE, BookingDoor, refusal_said, said_by
from scheduling.errors import BookingClosed
from scheduling.grouping import CAPACITY, OF_ONE, Grouper, Knock, dismiss
from scheduling.models import Booking, QueuePlace, Registration, RoomSession, Sitting, SittingMode
from scheduling.queries.lines import forget_lines
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db(transaction=True)
AT = NOW - timedelta(days=20)
ORIGIN = "http://localhost:8000"


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the door."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(autouse=True)
def _at_that_time() -> Any:
    forget_lines()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def place() -> RoomSession:
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def sitting(place: RoomSession) -> Sitting:
    return place.exam_session.sitting


@pytest.fixture
def signed_in(sitting: Sitting) -> Callable[[], tuple[Registration, str]]:
    """A candidate who has signed in, with the key of his session."""

    def make() -> tuple[Registration, str]:
        person = make_registration(sitting)
        person.candidate.user = User.objects.create(username=person.number)
        person.candidate.save()
        client = Client()
        client.force_login(person.candidate.user, "django.contrib.auth.backends.ModelBackend")
        return person, client.cookies[product.SESSION_COOKIE_NAME].value

    return make


Answer = tuple[int, dict[str, str], bytes]


def knock(
    path: str, fields: dict[str, Any], session: str = "", *, method: str = "POST",
    cookies: str = "", **headers: str,
) -> dict[str, Any]:  # fmt: skip
    cookie = f"{product.SESSION_COOKIE_NAME}={session}; django_language=en; {cookies}"
    said = {"host": "localhost:8000", "origin": ORIGIN, "accept": "application/json",
            "content-type": "application/json", "cookie": cookie, **headers}  # fmt: skip
    return {
        "scope": {
            "type": "http", "path": path, "method": method, "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        },
        "body": json.dumps(fields).encode(),
    }  # fmt: skip


def ask(*requests: dict[str, Any]) -> list[Answer]:
    """All requests at once through one door."""

    async def all_of_them() -> list[Answer]:
        door = BookingDoor(elsewhere)
        answers = await asyncio.gather(*(_one(door, request) for request in requests))
        await dismiss()
        await database_sync_to_async(connections.close_all)()
        return answers

    return asyncio.run(all_of_them())


async def _one(door: BookingDoor, request: dict[str, Any]) -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request["body"]}

    async def send(message: Any) -> None:
        sent.append(message)

    await door(request["scope"], receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def hold(place: RoomSession, session: str, order: int = 0, key: UUID | None = None) -> Any:
    seat = list(place.room.seats.order_by("pk"))[order].pk
    fields = {"room_session": place.pk, "seat": seat, "key": str(key or uuid4())}
    return knock(HOLD, fields, session)


def test_many_at_the_door_get_a_seat_each_and_one_answer_for_each_key(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    people = [signed_in() for _ in range(6)]
    key = uuid4()
    requests = [hold(place, session, n) for n, (_person, session) in enumerate(people)]
    twice = [hold(place, people[0][1], 8, key)] * 2
    answers = ask(*requests, hold(place, people[5][1], 0), *twice)
    assert [status for status, _h, _b in answers] == [200] * 6 + [409] + [200] * 2
    assert answers[-1] == answers[-2]
    assert json.loads(answers[6][2])["code"] == "seat_taken"
    assert Booking.objects.filter(state="held").count() == 6


def confirm(place: RoomSession, session: str, order: int = 0) -> Any:
    seat = list(place.room.seats.order_by("pk"))[order].pk
    return knock(CONFIRM, {"room_session": place.pk, "confirm": seat}, session)


def test_many_confirm_at_once_and_one_refusal_harms_no_neighbour(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    people = [signed_in() for _ in range(5)]
    holders = people[:4]
    ask(*(hold(place, session, n) for n, (_person, session) in enumerate(holders)))
    answers = ask(
        *(confirm(place, session, n) for n, (_person, session) in enumerate(holders[:3])),
        confirm(place, people[0][1], 0),  # pressed twice
        confirm(place, people[3][1], 7),  # another seat than the one he holds
        confirm(place, people[4][1], 8),  # who holds nothing
        confirm(place, "x" * 32, 0),
    )
    assert [status for status, _h, _b in answers] == [200] * 4 + [409, 409, 401]
    assert answers[3][2] == answers[0][2]
    assert [json.loads(body)["code"] for _s, _h, body in answers[4:]] == [
        "hold_changed", "nothing_held", "not_signed_in",
    ]  # fmt: skip
    confirmed = Booking.objects.filter(state="confirmed").order_by("registration")
    assert [one.registration for one in confirmed] == [person for person, _s in people[:3]]
    told = AuditEntry.objects.filter(verb="confirm_booking").values_list("target", "by")
    assert sorted(told) == sorted(
        (f"scheduling.booking:{one.pk}", one.registration.candidate.user_id) for one in confirmed
    )


def test_a_move_confirmed_among_others_frees_the_seat_it_leaves(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    (mover, first), (_next, second) = signed_in(), signed_in()
    ask(hold(place, first, 0))
    ask(confirm(place, first, 0))
    ask(hold(place, first, 1), hold(place, second, 2))
    answers = ask(confirm(place, first, 1), confirm(place, second, 2))
    assert [status for status, _h, _b in answers] == [200, 200]
    states = mover.bookings.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["moved", "confirmed"]
    assert ask(hold(place, second, 0))[0][0] == 200, "the seat that was left is free"


def test_a_seat_is_held_for_the_person_of_the_session_alone(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    person, session = signed_in()
    stranger = make_sitting("2/2570", mode=SittingMode.FIRST_COME)
    room = make_room(make_centre("BKK"))
    elsewhere_ = make_room_session(room, stranger.exam_sessions.get())
    answers = ask(
        hold(place, session), hold(elsewhere_, session), hold(place, "x" * 32), hold(place, "?")
    )
    assert [status for status, _h, _b in answers] == [200, 404, 401, 401]
    assert Booking.objects.get().registration == person


def test_a_session_that_is_over_opens_nothing(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    people = [signed_in() for _ in range(4)]
    sessions = [Session.objects.filter(session_key=session) for _person, session in people]
    users = [User.objects.filter(pk=person.candidate.user_id) for person, _session in people]
    sessions[0].delete()
    sessions[1].update(expire_date=AT)
    users[2].update(session_epoch=5)
    users[3].update(is_active=False)
    answers = ask(*(hold(place, session, n) for n, (_person, session) in enumerate(people)))
    assert [status for status, _h, _b in answers] == [401] * 4


def test_what_another_site_sends_is_left_to_the_page_and_its_token(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    _person, session = signed_in()
    others = (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"host": "evil.example", "origin": "http://evil.example"},
    )
    requests = []
    for changed in others:
        request = hold(place, session)
        headers = dict(request["scope"]["headers"])
        headers |= {name.encode(): value.encode() for name, value in changed.items()}
        request["scope"]["headers"] = list(headers.items())
        requests.append(request)
    assert [status for status, _h, _b in ask(*requests)] == [299] * 4
    assert not Booking.objects.exists()


def test_a_form_is_led_to_the_page_and_a_refusal_comes_along_signed(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    (_one, first), (_two, second) = signed_in(), signed_in()
    plain = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
    seat = place.room.seats.order_by("pk")[0].pk
    body = f"room_session={place.pk}&seat={seat}&key={uuid4()}&csrfmiddlewaretoken=x".encode()
    requests = [knock(HOLD, {}, session, **plain) | {"body": body} for session in (first, second)]
    (status, headers, _b), (refused, there, _c) = ask(requests[0]) + ask(requests[1])
    assert (status, headers["location"]) == (303, f"/candidate/seats/{place.pk}/")
    assert refused == 303
    error = refusal_said(parse_qs(urlsplit(there["location"]).query)["said"][0])
    assert error is not None
    assert error.code == "retry_key_reused"


def test_a_refusal_keeps_its_moments_and_nobody_else_writes_one() -> None:
    for error in (BookingClosed(until=AT), OfferOpen(until=AT)):
        back = refusal_said(said_by(error))
        assert back is not None
        assert (type(back), str(back)) == (type(error), str(error))
    assert refusal_said("anything:at:all") is None
    with time_machine.travel(AT + timedelta(hours=1)):
        assert refusal_said(said_by(BookingClosed(until=AT))[:-2]) is None


def test_nonsense_gets_a_sentence_and_no_seat(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    _person, session = signed_in()
    bodies = [b"", b"[1]", b"{", b"\xff\xfe", b'{"seat": {}}', b"x" * 5000]
    answers = ask(*(knock(HOLD, {}, session) | {"body": body} for body in bodies))
    assert [status for status, _h, _b in answers] == [404] * 5 + [413]
    assert not Booking.objects.exists()


def test_the_view_behind_the_door_does_the_same_with_its_token(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    person, session = signed_in()
    seat = place.room.seats.order_by("pk")[0].pk
    fields = {"room_session": place.pk, "seat": seat, "key": str(uuid4())}
    checked = Client(enforce_csrf_checks=True)
    checked.cookies[product.SESSION_COOKIE_NAME] = session
    assert checked.post(HOLD, fields).status_code == 403
    plain = Client()
    plain.force_login(person.candidate.user, "django.contrib.auth.backends.ModelBackend")
    answer = plain.post(HOLD, fields, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["state"]) == (200, "held")


# --- the line ----------------------------------------------------------------------------------


def test_a_place_in_line_is_told_from_memory(
    sitting: Sitting, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    opens = AT + timedelta(hours=2)
    Sitting.objects.filter(pk=sitting.pk).update(opens_at=opens, closes_at=AT + timedelta(days=5))
    sitting.refresh_from_db()
    open_queue(sitting=sitting, joins_from=AT, per_minute=60, by=None, at=AT)
    people = [signed_in() for _ in range(3)]
    fields = {"sitting": sitting.pk}
    joined = ask(*(knock(JOIN, fields, session) for _person, session in people * 2))
    assert [status for status, _h, _b in joined] == [200] * 6
    assert QueuePlace.objects.count() == 3
    ticket = joined[0][1]["set-cookie"].partition(";")[0]
    assert ticket == joined[3][1]["set-cookie"].partition(";")[0]
    state = knock(STATE, {}, people[0][1], method="GET", cookies=ticket)
    assert ask(knock(STATE, {}, people[1][1], method="GET", cookies=ticket))[0][0] == 404
    early = json.loads(ask(state)[0][2])
    assert (early["position"], early["people"], early["is_drawn"]) == (0, 3, False)
    with time_machine.travel(sitting.opens_at + timedelta(seconds=3)):
        forget_lines()
        told = json.loads(ask(state)[0][2])
    order = QueuePlace.objects.get(registration=people[0][0]).order
    ahead = QueuePlace.objects.filter(order__lt=order).count()
    assert (told["position"], told["is_in"]) == (ahead + 1, True)


def test_without_a_ticket_the_line_says_nothing(sitting: Sitting) -> None:
    for cookies in ("", "queue_place=forged:x:y"):
        assert ask(knock(STATE, {}, method="GET", cookies=cookies))[0][0] == 404
    assert ask(knock(STATE, {}))[0][0] == 405


def test_too_many_at_once_hear_that_it_is_busy_and_one_alone_cannot_make_it_so(
    place: RoomSession, signed_in: Callable[[], tuple[Registration, str]]
) -> None:
    (_one, flood), (_two, honest) = signed_in(), signed_in()
    seats = list(place.room.seats.values_list("pk", flat=True))

    async def rush(knocks: list[Knock]) -> list[str]:
        grouper = Grouper()
        answers = await asyncio.gather(*(grouper.answer(one) for one in knocks))
        await grouper.close()
        return [getattr(one, "code", type(one).__name__) for one in answers]

    many = [Knock(flood, place.pk, seats[0], uuid4()) for _ in range(OF_ONE + 20)]
    codes = asyncio.run(rush([*many, Knock(honest, place.pk, seats[1], uuid4())]))
    assert codes.count("too_busy") == 20
    assert codes[-1] == "Held"
    crowd = [Knock(f"nobody {n}", place.pk, 1, uuid4()) for n in range(CAPACITY + 5)]
    assert asyncio.run(rush(crowd)).count("too_busy") == 5
