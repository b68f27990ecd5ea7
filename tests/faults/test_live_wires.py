"""Cut and dead lines, late words, a killed or frozen server, clocks an hour wrong: nothing promised
is lost, nothing is doubled, no number is missing."""

import asyncio
import random
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from proctoring.live.events import CHIEF, Fact
from proctoring.models import RoomEvent
from proctoring.queries.ledger import forget
from proctoring.queries.verification import verify_ledgers
from proctoring.store import append_many
from tests.faults.rig import Device, Site, Wires
from tests.proctoring.conftest import make_day
from tests.proctoring.consoles import session_of

pytestmark = pytest.mark.django_db(transaction=True)
HARMS = ("wire", "wire", "wire", "freeze", "kill")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.process.kill()
        one.process.wait(30)


def devices_of(day: Any, dice: random.Random, each: int) -> list[Device]:
    """Two devices a room, whose clocks may be an hour wrong."""
    opening = [Fact(str(uuid.uuid4()), r.pk, "room.open", {}, 1, None, CHIEF) for r in day.rooms]
    append_many(opening, recv=1)
    devices = []
    for number, room in enumerate(day.rooms * 2):
        user = day.proctor(f"wire-{number}-{uuid.uuid4().hex[:6]}", room)
        people = [booking.pk for booking in day.bookings(room)]
        claims = [
            {"id": str(uuid.UUID(int=dice.getrandbits(128))), "type": "seat.suspect",
             "body": {"booking": people[n % 4]}}
            for n in range(each)
        ]  # fmt: skip
        clock = dice.choice([-3600.0, 0.0, 0.0, 3600.0])
        key = session_of(user).session_key
        devices.append(Device(user, str(key), room.pk, claims, clock))
    return devices


async def harm(site: Site, wires: Wires, dice: random.Random, kinds: tuple[str, ...]) -> None:
    kind = dice.choice(kinds)
    if kind == "wire":
        for _wire in range(dice.randrange(1, 4)):
            wires.harm()
    elif kind == "freeze":
        site.send(signal.SIGSTOP)
        await asyncio.sleep(dice.random() * 2)
        site.send(signal.SIGCONT)
    else:
        site.send(signal.SIGKILL)
        await sync_to_async(site.start)()


async def history(site: Site, devices: list[Device], dice: random.Random, kinds: Any) -> None:
    """All devices work until all is answered; meanwhile one harm comes after another."""
    async with Wires(site.port, dice) as wires:
        working = asyncio.gather(*(device.work(wires.port, dice) for device in devices))
        for _harm in range(4):
            done, _rest = await asyncio.wait([working], timeout=dice.random() * 0.6)
            if done:
                break
            await harm(site, wires, dice, kinds)
        await asyncio.wait_for(working, 300)


def check(devices: list[Device]) -> None:
    """The promised set of every device against the held set of the ledger."""
    forget()
    held = dict(RoomEvent.objects.filter(device__isnull=False).values_list("event_id", "seq"))
    rows = RoomEvent.objects.filter(device__isnull=False)
    for device in devices:
        own = rows.filter(device__key=device.name)
        assert device.refused == {}, device.refused
        assert {id_: held.get(id_) for id_ in device.promised} == device.promised, "lost"
        assert own.count() == len(device.promised) == len(set(device.promised)), "doubled"
        numbers = sorted(own.values_list("dseq", flat=True))
        assert numbers == list(range(1, len(device.promised) + 1))
    assert verify_ledgers().breaks == (), "a gap or a torn chain"


SEEDS = [(0, 1), (1, 1), *(pytest.param(s, 100, marks=pytest.mark.soak) for s in range(2, 12))]


@pytest.mark.parametrize(("seed", "histories"), SEEDS)
async def test_the_promised_and_the_held_are_one(site: Site, seed: int, histories: int) -> None:
    dice = random.Random(seed)
    day = await sync_to_async(make_day)()
    await sync_to_async(site.start)()
    kinds = HARMS if seed else ("wire", "kill")
    for _history in range(histories):
        devices = await sync_to_async(devices_of)(day, dice, 30)
        await history(site, devices, dice, kinds)
        await sync_to_async(check)(devices)
    await sync_to_async(connections.close_all)()


async def test_a_clock_an_hour_wrong_is_kept_as_said_and_decides_nothing(site: Site) -> None:
    day = await sync_to_async(make_day)()
    devices = await sync_to_async(devices_of)(day, random.Random(3), 2)
    for device, clock in zip(devices, (-3600, 3600), strict=False):
        for claim in device.outbox.values():
            claim["at"] += clock * 1000 - (claim["at"] - 1_800_000_000_000)
    await sync_to_async(site.start)()
    await history(site, devices, random.Random(3), ("wire",))
    await sync_to_async(check)(devices)
    rows = RoomEvent.objects.filter(device__isnull=False).values_list("at", "recv")
    told = [(at, recv) async for at, recv in rows]
    assert {1_800_000_000_000 - 3_600_000, 1_800_000_000_000 + 3_600_000} <= {at for at, _r in told}
    assert all(recv > 1_700_000_000_000 for _at, recv in told)
    connection.close()
