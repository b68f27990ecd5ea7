"""Two consoles and a ledger: what one does the other sees, and a reload keeps."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role
from proctoring import broadcast, reception, writer
from proctoring.actions.epochs import begin_epoch
from proctoring.frames import delta_frame
from proctoring.live.events import CHIEF, Fact
from proctoring.models import RoomEvent
from proctoring.store import append_many
from tests.proctoring.consoles import Console, console, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _let_go() -> AsyncIterator[None]:
    """Tasks, threads and connections of the live rooms end with the test."""
    yield
    await reception.dismiss()
    await writer.dismiss()
    await broadcast.dismiss()
    await sync_to_async(connections.close_all)()


async def proctor(day: Any, name: str, *rooms: Any) -> Any:
    return await database_sync_to_async(day.proctor)(name, *rooms)


async def bookings(day: Any, room: Any) -> list[Any]:
    return await database_sync_to_async(day.bookings)(room)


async def test_a_check_in_shows_on_a_second_console_and_survives_a_reload(live_day: Any) -> None:
    room = live_day.rooms[0]
    booking = (await bookings(live_day, room))[0].pk
    first = await console(await proctor(live_day, "a", room), room.pk)
    second = await console(await proctor(live_day, "b", room), room.pk)
    for each in (first, second):
        assert (await each.hello(room.pk))["rooms"] == [{"room": room.pk, "mode": "same", "seq": 0}]
    await first.say(**first.claim(room.pk, "room.open"))
    await first.say(**first.claim(room.pk, "seat.check_in", booking=booking))
    assert (await first.hear("ok"))["seq"] == 2
    assert (await first.hear("ok"))["seq"] == 3
    seen = await second.hear("evs")
    while seen["to"] < 3:
        seen = await second.hear("evs")
    assert [(seat["booking"], seat["state"]) for seat in seen["seats"]] == [(booking, "checked_in")]
    again = await console(await proctor(live_day, "c", room), room.pk)
    welcome = await again.hello(room.pk)
    assert welcome["rooms"][0]["mode"] == "snap"
    snap = await again.hear("snap")
    assert {s["state"] for s in snap["seats"] if s["booking"] == booking} == {"checked_in"}
    assert snap["head"] == seen["head"]


async def test_a_repeat_is_answered_with_its_first_number(live_day: Any) -> None:
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    claim = one.claim(room.pk, "room.open")
    await one.say(**claim)
    first = await one.hear("ok")
    await one.say(**claim)
    again = await one.hear("ok")
    assert (first["seq"], first["dup"], again["seq"], again["dup"]) == (2, False, 2, True)
    assert await RoomEvent.objects.acount() == 2


async def test_a_second_check_in_of_one_seat_says_so_in_both_languages(live_day: Any) -> None:
    room = live_day.rooms[0]
    booking = (await bookings(live_day, room))[0].pk
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    await one.say(**one.claim(room.pk, "room.open"))
    await one.say(**one.claim(room.pk, "seat.check_in", booking=booking))
    await one.say(**one.claim(room.pk, "seat.check_in", booking=booking))
    no = await one.hear("no")
    assert no["code"] == "already"
    assert set(no["why"]) == {"th", "en"}
    assert "A1" in no["why"]["en"]


async def test_a_proctor_of_another_room_is_turned_away(live_day: Any) -> None:
    mine, other = live_day.rooms[0], live_day.rooms[2]
    stranger = await console(await proctor(live_day, "a", mine), other.pk)
    await stranger.take_ticket()
    await stranger.say_hello(other.pk)
    assert (await stranger.hear("no"))["code"] == "scope"
    assert (await stranger.line.receive_output(timeout=60))["type"] == "websocket.send"
    assert (await stranger.line.receive_output(timeout=60))["code"] == 4403


async def test_changing_the_room_in_a_frame_is_refused_and_writes_nothing(live_day: Any) -> None:
    mine, other = live_day.rooms[0], live_day.rooms[1]
    one = await console(await proctor(live_day, "a", mine), mine.pk)
    await one.hello(mine.pk)
    await one.say(**one.claim(other.pk, "room.open"))
    assert (await one.hear("no"))["code"] == "scope"
    await one.say(t="need", room=other.pk, since=0)
    assert (await one.hear("no"))["code"] == "scope"
    assert not await RoomEvent.objects.filter(room_session=other).aexists()


async def test_nobody_without_a_one_time_code_hears_anything(live_day: Any) -> None:
    room = live_day.rooms[0]
    user = await proctor(live_day, "a", room)
    line = await console(user, room.pk)
    await line.take_ticket()
    await database_sync_to_async(TOTPDevice.objects.filter(user=user).delete)()
    await line.say_hello(room.pk)
    assert (await line.hear("no"))["code"] == "scope"
    await line.line.disconnect()
    board = f"/ws/boards/{live_day.exam_session.pk}/{live_day.centres[0].pk}/"
    chief = await database_sync_to_async(live_day.user)("c", Role.CHIEF, live_day.centres[0])
    assert (await (await Console(chief, board, SessionStore()).open()).hear("no"))[
        "code"
    ] == "scope"


async def test_a_console_that_was_away_gets_only_what_it_missed(live_day: Any) -> None:
    room = live_day.rooms[0]
    user = await proctor(live_day, "a", room)
    one = await console(user, room.pk)
    await one.hello(room.pk)
    for type_ in ("room.open", "room.brief", "room.start"):
        await one.say(**one.claim(room.pk, type_))
        await one.hear("ok")
    two = await Console(user, f"/ws/rooms/{room.pk}/", one.session).open()
    assert (await two.hello(room.pk, since=2))["rooms"][0]["mode"] == "delta"
    delta = await two.hear("evs")
    assert (delta["from"], delta["to"], delta["state"]["phase"]) == (3, 4, "running")


async def test_a_console_of_another_life_of_the_ledger_gets_the_whole_room(live_day: Any) -> None:
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    await one.say(**one.claim(room.pk, "room.open"))
    await one.hear("ok")
    assert (await one.hello(room.pk, 1, "another"))["rooms"][0]["mode"] == "snap"


async def test_an_ordered_list_of_claims_is_answered_one_by_one(live_day: Any) -> None:
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    claims = [one.claim(room.pk, "room.open")]
    claims += [
        one.claim(room.pk, "seat.check_in", booking=booking.pk)
        for booking in await bookings(live_day, room)
    ]
    await one.say(t="ev", events=claims)
    assert [(await one.hear("ok"))["seq"] for _claim in claims] == [2, 3, 4, 5, 6]


async def test_the_chiefs_board_shows_a_check_in_within_a_second(live_day: Any) -> None:
    room, centre = live_day.rooms[0], live_day.centres[0]
    chief = await database_sync_to_async(live_day.user)("chief", Role.CHIEF, centre)
    session = await database_sync_to_async(session_of)(chief)
    exam_session = live_day.exam_session.pk
    board = await Console(chief, f"/ws/boards/{exam_session}/{centre.pk}/", session).open()
    assert {row["code"] for row in (await board.hear("wall"))["rooms"]} == {"214", "215"}
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    booking = (await bookings(live_day, room))[0].pk
    await one.say(**one.claim(room.pk, "room.open"))
    await one.say(**one.claim(room.pk, "seat.check_in", booking=booking))
    rows: list[dict[str, Any]] = []
    while not rows or rows[0]["came"] < 1:
        rows = (await board.hear("wall"))["rooms"]
    assert [row["code"] for row in rows] == ["214"]
    assert rows[0]["came"] + rows[0]["waiting"] == rows[0]["total"] == 4
    assert rows[0]["seats"][str(booking)] == "c"


async def test_a_chief_cannot_watch_another_centre_nor_the_wall(live_day: Any) -> None:
    mine, other = live_day.centres
    chief = await database_sync_to_async(live_day.user)("chief", Role.CHIEF, mine)
    session = await database_sync_to_async(session_of)(chief)
    for path in (f"{live_day.exam_session.pk}/{other.pk}/", f"{live_day.exam_session.pk}/"):
        board = await Console(chief, f"/ws/boards/{path}", session).open()
        assert (await board.hear("no"))["code"] == "scope"


async def test_a_frame_that_is_no_frame_is_named_and_the_line_stays(live_day: Any) -> None:
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    for text in ("{", "[]", '{"t":"x"}', '{"t":"ev"}'):
        await one.line.send_to(text_data=text)
        assert (await one.hear("no"))["code"] == "schema"
    assert (await one.hello(room.pk))["t"] == "welcome"


async def test_a_hint_that_was_lost_heals_itself(
    live_day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "PATROL_SECONDS", 0.05)
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    await asyncio.sleep(0.2)  # the patrol has looked once
    silent = [Fact(str(uuid.uuid4()), room.pk, "room.open", {}, 1, None, CHIEF)]
    await database_sync_to_async(append_many)(silent, recv=writer.now_ms())
    healed = await one.hear("evs")
    assert (healed["from"], healed["to"], healed["state"]["phase"]) == (1, 2, "opened")


@pytest.mark.skipif(not settings.REDIS_URL, reason="one process without REDIS_URL")
async def test_what_another_process_wrote_reaches_the_consoles_here(
    live_day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "PATROL_SECONDS", 60)  # only the layer can tell
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    await one.hello(room.pk)
    await asyncio.sleep(0.3)  # the herald has joined the layer
    silent = [Fact(str(uuid.uuid4()), room.pk, "room.open", {}, 1, None, CHIEF)]
    await database_sync_to_async(append_many)(silent, recv=writer.now_ms())
    seq, text = await database_sync_to_async(delta_frame)(room.pk, 0)
    message = {"type": "ledger.moved", "from": "elsewhere", "frames": {str(room.pk): [seq, text]}}
    await get_channel_layer().group_send(broadcast.GROUP, message)
    assert (await one.hear("evs"))["to"] == seq


async def test_after_a_restore_every_console_gets_its_room_whole(live_day: Any) -> None:
    room = live_day.rooms[0]
    one = await console(await proctor(live_day, "a", room), room.pk)
    first = await one.hello(room.pk)
    await one.say(**one.claim(room.pk, "room.open"))
    await one.hear("ok")
    life = await database_sync_to_async(begin_epoch)(by=None, at=live_day.exam_session.starts_at)
    welcome = await one.hello(room.pk, 2, "before")
    assert (welcome["epoch"], welcome["rooms"][0]["mode"]) == (life, "snap")
    assert welcome["epoch"] != first["epoch"]
    assert welcome["dseq"] == 1
