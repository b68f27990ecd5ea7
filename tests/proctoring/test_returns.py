"""A database restored from a backup gets the day back from the devices that still hold it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connections
from django.utils import timezone

from centres.models import Role
from proctoring import broadcast, reception, writer
from proctoring.actions.epochs import begin_epoch
from proctoring.models import RoomEvent
from proctoring.queries.ledger import current_room, forget
from proctoring.queries.verification import verify_ledgers
from proctoring.store.rebuild import rebuild
from tests.proctoring.consoles import Console, console
from tests.proctoring.test_witness import unguarded

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = ("seq", "id", "type", "body", "at", "actor", "role", "proof")


@pytest.fixture(autouse=True)
async def _let_go() -> AsyncIterator[None]:
    yield
    await reception.dismiss()
    await writer.dismiss()
    await broadcast.dismiss()
    await sync_to_async(connections.close_all)()


def fall_back(seq: int) -> None:
    """The database as a backup had it that was made when every ledger ended at `seq`."""
    unguarded("DELETE FROM proctoring_roomevent WHERE seq > %s", seq)
    forget()
    rebuild()
    begin_epoch(by=None, at=timezone.now())


async def listened(line: Console, until: int) -> list[dict[str, Any]]:
    """Every event with a proof that a console heard, up to a number."""
    while max(line.told, default=0) < until:
        await line.hear("evs")
    return [{name: e[name] for name in TOLD} for e in line.told.values() if "proof" in e]


async def a_day(live_day: Any) -> tuple[Console, Console, list[dict[str, Any]], Any]:
    """A proctor and his chief in one room; what the proctor's device heard; the room then."""
    room = live_day.rooms[0]
    chief = await database_sync_to_async(live_day.user)("c", Role.CHIEF, live_day.centres[0])
    proctor = await database_sync_to_async(live_day.proctor)("a", room)
    one, two = await console(proctor, room.pk), await console(chief, room.pk)
    await one.hello(room.pk)
    await two.hello(room.pk)
    people = [b.pk for b in await database_sync_to_async(live_day.bookings)(room)]
    await one.say(**one.claim(room.pk, "room.open"))
    for booking in people:
        await one.say(**one.claim(room.pk, "seat.check_in", booking=booking))
    for _claim in range(1 + len(people)):
        await one.hear("ok")
    await two.say(**two.claim(room.pk, "room.start", base=6))
    await two.hear("ok")
    await one.say(**one.claim(room.pk, "seat.start", base=7, booking=people[0]))
    held = await listened(one, 8)
    state = (await database_sync_to_async(current_room)(room.pk)).state
    return one, two, held, state


async def offer(line: Console, room: int, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    await line.say(t="held", room=room, events=held)
    return [await line.hear("ok") for _event in held]


async def test_one_device_brings_back_what_others_stated_too(live_day: Any) -> None:
    room = live_day.rooms[0].pk
    one, _two, held, before = await a_day(live_day)
    await database_sync_to_async(fall_back)(3)
    back = await one.again()
    assert (await back.hello(room, 8, "before"))["rooms"][0]["mode"] == "snap"
    answers = await offer(back, room, held)
    assert [(a["seq"], a["dup"]) for a in answers] == [
        *((seq, True) for seq in (2, 3)), *((seq, False) for seq in range(4, 9)),
    ]  # fmt: skip
    after = (await database_sync_to_async(current_room)(room)).state
    assert (after.seats, after.phase, after.conflicts) == (before.seats, before.phase, ())
    rows = RoomEvent.objects.filter(room_session=room, seq__gt=3).order_by("seq")
    marked = [(e.seq, e.role, f'"was":{e.seq}' in e.body) async for e in rows]
    assert marked == [(4, "head", True), (5, "head", True), (6, "head", True),
                      (7, "chief", True), (8, "head", True)]  # fmt: skip
    verdict = await database_sync_to_async(verify_ledgers)()
    assert (verdict.breaks, verdict.returned) == ((), 5)


async def test_two_devices_that_hold_a_part_each_bring_back_the_whole_in_order(
    live_day: Any,
) -> None:
    room = live_day.rooms[0].pk
    one, two, held, before = await a_day(live_day)
    await database_sync_to_async(fall_back)(2)
    early, late = await one.again(), await two.again()
    await early.hello(room, 8, "before")
    await late.hello(room, 8, "before")
    await late.say(t="held", room=room, events=held[4:])
    wait = await late.hear("no")
    assert (wait["code"], wait["retry_after_ms"]) == ("busy", 2_000)
    await offer(early, room, held[:5])
    assert all(not answer.get("conflict") for answer in await offer(late, room, held[4:]))
    after = (await database_sync_to_async(current_room)(room)).state
    assert (after.seats, after.phase, after.conflicts) == (before.seats, before.phase, ())


async def test_a_gap_that_nobody_fills_is_not_waited_for_for_ever(
    live_day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "GAP_SECONDS", 0.05)
    room = live_day.rooms[0].pk
    _one, two, held, _before = await a_day(live_day)
    await database_sync_to_async(fall_back)(2)
    late = await two.again()
    await late.hello(room, 8, "before")
    await late.say(t="held", room=room, events=held[4:])
    await late.hear("no")
    await asyncio.sleep(0.1)
    answers = await offer(late, room, held[4:])
    assert [answer["seq"] for answer in answers] == [3, 4, 5]
    assert answers[2]["conflict"] == "not_from_here"  # who was never checked in cannot have started


async def test_a_correction_that_comes_back_speaks_of_the_number_its_entry_has_now(
    live_day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "GAP_SECONDS", 0.0)
    room = live_day.rooms[0]
    proctor = await database_sync_to_async(live_day.proctor)("a", room)
    people = [b.pk for b in await database_sync_to_async(live_day.bookings)(room)]
    line = await console(proctor, room.pk)
    await line.hello(room.pk)
    await line.say(**line.claim(room.pk, "room.open"))
    for booking in people:
        await line.say(**line.claim(room.pk, "seat.check_in", booking=booking))
    await line.say(**line.claim(room.pk, "correct", of=6, booking=people[3]))
    held = await listened(line, 7)
    await database_sync_to_async(fall_back)(2)
    back = await line.again()
    await back.hello(room.pk, 7, "before")
    answers = await offer(back, room.pk, held[2:])  # entry 3 is nobody's to bring
    assert [(a["seq"], a.get("conflict")) for a in answers] == [(n, None) for n in (3, 4, 5, 6)]
    after = (await database_sync_to_async(current_room)(room.pk)).state
    states = [after.seats[booking].state for booking in people]
    assert (states, after.conflicts) == (["expected", "checked_in", "checked_in", "expected"], ())


async def test_what_the_server_never_told_is_not_taken_back(live_day: Any) -> None:
    room, other = live_day.rooms[0].pk, live_day.rooms[1].pk
    one, _two, held, _before = await a_day(live_day)
    await database_sync_to_async(fall_back)(3)
    back = await one.again()
    await back.hello(room, 8, "before")
    false = [
        {**held[3], "actor": held[5]["actor"]}, {**held[3], "at": held[3]["at"] + 1},
        {**held[3], "body": {"booking": held[4]["body"]["booking"]}}, {**held[3], "role": "hq"},
        {**held[3], "proof": "0" * 64}, {**held[3], "proof": "ก"},
    ]  # fmt: skip
    for event in false:
        await back.say(t="held", room=room, events=[event])
        assert (await back.hear("no"))["code"] == "not_told"
    await back.say(t="held", room=other, events=[held[3]])
    assert (await back.hear("no"))["code"] == "scope"
    assert await RoomEvent.objects.filter(room_session=room).acount() == 3
