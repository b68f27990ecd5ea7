"""A ticket opens the line once, for one device; the next one comes with the welcome."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.security.websocket import AllowedHostsOriginValidator
from channels.testing import WebsocketCommunicator
from django.db import connections
from django.utils import timezone

from centres.models import Role
from proctoring import broadcast, consumers, reception, writer
from proctoring.actions.devices import Knock, admit_devices, issue_ticket, revoke_device
from proctoring.errors import TicketRefused
from proctoring.models import Device, Ticket
from tests.proctoring.consoles import Console, application, console, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _let_go() -> AsyncIterator[None]:
    yield
    await reception.dismiss()
    await writer.dismiss()
    await broadcast.dismiss()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def one(live_day: Any) -> Console:
    room = live_day.rooms[0]
    return await console(await database_sync_to_async(live_day.proctor)("a", room), room.pk)


async def refusal(line: Console, room: int) -> str:
    await line.say_hello(room)
    return str((await line.hear("no"))["code"])


async def test_a_reconnect_needs_no_page_only_the_ticket_of_the_welcome(
    live_day: Any, one: Console
) -> None:
    room, seen = live_day.rooms[0].pk, set()
    for _time in range(4):
        await one.hello(room)
        seen.add(one.ticket)
        await one.line.disconnect()
        one = await one.again()
    assert len(seen) == 4
    assert await Ticket.objects.acount() == 1


async def test_a_ticket_that_was_used_is_refused_once_its_successor_arrived(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0].pk
    used = await one.take_ticket()
    await one.hello(room)
    await one.say(t="ping", t0=1)  # whoever speaks after the welcome has read it
    await one.hear("clock")
    await asyncio.sleep(0.1)
    thief = await one.again()
    thief.ticket = used
    assert await refusal(thief, room) == "ticket"
    assert await thief.is_closed() == 4403
    await one.line.disconnect()
    assert (await (await one.again()).hello(room))["ticket"]


async def test_a_welcome_lost_on_its_way_costs_nobody_his_place(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0].pk
    shown = await one.take_ticket()
    await one.hello(room)
    lost = one.ticket  # as if this welcome had never arrived
    await one.line.disconnect()
    back = await one.again()
    back.ticket = shown
    welcome = await back.hello(room)
    assert welcome["ticket"] != lost
    stray = await one.again()
    stray.ticket = lost
    assert await refusal(stray, room) == "ticket"


async def test_of_two_who_show_one_ticket_at_once_the_successor_of_the_last_alone_counts(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0].pk
    shown = await one.take_ticket()
    twin = await one.again()
    first = await one.hello(room)
    twin.ticket = shown
    second = await twin.hello(room)
    await one.say(t="ping", t0=1)
    await one.hear("clock")
    await asyncio.sleep(0.1)
    assert first["ticket"] != second["ticket"]
    again = await one.again()
    again.ticket = first["ticket"]
    assert await refusal(again, room) == "ticket"


async def test_a_ticket_of_another_device_opens_nothing(live_day: Any, one: Console) -> None:
    ticket = await one.take_ticket()
    other = await Console(one.user, one.line.scope["path"], one.session).open()
    other.ticket = ticket
    assert await refusal(other, live_day.rooms[0].pk) == "ticket"


@pytest.mark.parametrize("ticket", ["", "1", "1.1", "1.1.", "9.1." + "0" * 64, "²." * 3, "-1.1.a"])
async def test_what_is_no_ticket_of_ours_opens_nothing(
    live_day: Any, one: Console, ticket: str
) -> None:
    await one.take_ticket()
    one.ticket = ticket
    assert await refusal(one, live_day.rooms[0].pk) == "ticket"


async def test_a_ticket_dies_with_the_sign_in_and_with_the_device(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0].pk
    await one.take_ticket()
    await database_sync_to_async(one.session.delete)(one.session.session_key)
    assert await refusal(one, room) == "scope"
    two = await console(one.user, room)
    await two.take_ticket()
    device = await Device.objects.aget(key=two.device)
    await database_sync_to_async(revoke_device)(device=device, by=one.user, at=timezone.now())
    assert await refusal(two, room) in ("ticket", "revoked")


def test_the_first_ticket_is_good_for_a_minute_and_the_next_for_the_day(live_day: Any) -> None:
    user, room = live_day.proctor("a", live_day.rooms[0]), live_day.rooms[0].pk
    key, session, at = str(uuid.uuid4()), session_of(user).session_key, timezone.now()

    def shown(ticket: str, after: float) -> Any:
        moment = at + timedelta(seconds=after)
        return admit_devices(knocks=[Knock(ticket, key, [room])], at=moment)[0]

    late = issue_ticket(key=key, session_key=session, by=user, at=at)
    assert shown(late, 61) is TicketRefused
    admitted = shown(issue_ticket(key=key, session_key=session, by=user, at=at), 59)
    assert admitted.roles == {room: "head"}
    assert shown(admitted.next, 59 + 12 * 3600 - 1).guest == admitted.guest
    assert shown("x", 0) is TicketRefused


def test_many_devices_at_the_door_cost_a_fixed_number_of_statements(
    live_day: Any, django_assert_max_num_queries: Any
) -> None:
    at, knocks = timezone.now(), []
    for number in range(12):
        room = live_day.rooms[number % 3]
        user = live_day.proctor(f"p{number}", room)
        key, session = str(uuid.uuid4()), session_of(user).session_key
        ticket = issue_ticket(key=key, session_key=session, by=user, at=at)
        knocks.append(Knock(ticket, key, [room.pk]))
    with django_assert_max_num_queries(24):  # SQLite counts each row of executemany as one
        answers = admit_devices(knocks=knocks, at=at)
    assert all(set(answer.roles.values()) == {"head"} for answer in answers)


def test_a_ticket_is_given_to_whoever_may_be_in_the_room_and_to_nobody_else(
    live_day: Any, sign_in: Any
) -> None:
    mine, other = live_day.rooms[0].pk, live_day.rooms[2].pk
    user = live_day.proctor("a", live_day.rooms[0])
    session_of(user)
    page, body = sign_in(user), {"device": str(uuid.uuid4())}

    def ask(room: int, given: Any) -> Any:
        return page.post(f"/rooms/{room}/ticket/", given, content_type="application/json",
                         headers={"accept": "application/json"})  # fmt: skip

    assert ask(mine, body).json()["ticket"]
    assert ask(other, body).status_code == 403
    for wrong in ("[]", "{", '{"device": 7}', "[" * 9000):
        assert ask(mine, wrong).status_code == 400


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        (b"http://localhost", True),
        (b"https://evil.example", False),
        (None, False),
        (b"null", False),
    ],
)
async def test_a_page_of_another_site_opens_no_line(origin: bytes | None, opens: bool) -> None:
    headers = [(b"origin", origin)] if origin else []
    guarded = AllowedHostsOriginValidator(application)
    line = WebsocketCommunicator(guarded, "/ws/rooms/1/", headers=headers)
    connected, _ = await line.connect()
    assert connected is opens
    if opens:
        await line.disconnect()


async def test_nobody_holds_a_line_open_without_saying_who_he_is(
    live_day: Any, one: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.05)
    silent = await one.again()
    assert (await silent.hear("bye"))["code"] == "schema"


async def test_a_flood_is_cut_off_and_its_neighbour_does_not_feel_it(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0]
    chief = await database_sync_to_async(live_day.user)("c", Role.CHIEF, live_day.centres[0])
    neighbour = await console(chief, room.pk)
    await one.hello(room.pk)
    await neighbour.hello(room.pk)
    for _frame in range(int(consumers.FRAME_BURST) + consumers.MOST_EXCESS + 50):
        await one.line.send_to(text_data="{")
    bye = await one.hear("bye")
    assert (bye["code"], bye["retry_after_ms"]) == ("busy", consumers.FLOOD_WAIT_MS)
    await neighbour.say(**neighbour.claim(room.pk, "room.open"))
    assert (await neighbour.hear("ok"))["seq"] == 2


async def test_more_claims_than_a_person_can_make_wait_and_none_is_lost(
    live_day: Any, one: Console
) -> None:
    room = live_day.rooms[0].pk
    await one.hello(room)
    claims = [one.claim(room, "note.read", note=str(uuid.uuid4())) for _ in range(450)]
    claims[0] = one.claim(room, "room.open") | {"dseq": 1}
    for start in range(0, 450, 150):
        await one.say(t="ev", events=claims[start : start + 150])
    taken = [await one.hear("ok") for _ in range(300)]
    later = await one.hear("no")
    assert (later["code"], later["retry_after_ms"] > 0) == ("busy", True)
    assert [ok["seq"] for ok in taken] == list(range(2, 302))
