"""kill -9 in mid-load: what was promised is held, once, under one number, in a whole chain."""

import json
import os
import random
import subprocess
import sys
import threading
import uuid
from functools import partial
from resource import RLIMIT_FSIZE, setrlimit
from typing import Any

import pytest
from django.conf import settings as product
from django.db import connection

from proctoring.models import RoomEvent
from proctoring.queries.verification import verify_ledgers
from tests.journeys.conftest import database_url
from tests.proctoring.conftest import make_day

# One server process without its sockets: devices that state facts, and a writer that confirms.
SERVER = """
import asyncio, json, sys
import django
django.setup()
from proctoring.errors import Busy
from proctoring.live.events import CHIEF, Fact
from proctoring.writer import Writer

async def device(writer, facts):
    for id_, room, kind, body in facts:
        while True:
            try:
                answers = await writer.write([Fact(id_, room, kind, body, 1, None, CHIEF)])
                break
            except Busy:
                await asyncio.sleep(0.1)
        print(json.dumps([id_, answers[0].seq]), flush=True)

async def main(devices):
    writer = Writer()
    await asyncio.gather(*(device(writer, facts) for facts in devices))
    await writer.close()

asyncio.run(main(json.load(sys.stdin)))
"""
Promises = dict[str, int]


def server(
    devices: list[list[Any]], data_dir: Any, url: str = "", limit: int = 0
) -> subprocess.Popen[str]:
    """The process at work on the test database, or another; no file may grow past `limit` bytes."""
    environment = {
        **os.environ, "DATABASE_URL": url or database_url(), "DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": product.SECRET_KEY,
        "DATA_KEY": product.DATA_KEY.hex(),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=product.BASE_DIR, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if limit else None,
        preexec_fn=partial(setrlimit, RLIMIT_FSIZE, (limit, limit)) if limit else None,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(devices))
    process.stdin.close()
    return process


def listen(process: subprocess.Popen[str], until: int, promised: Promises) -> None:
    """Take down promises; after `until` of them the process is killed in the middle of its work."""
    assert process.stdout is not None
    for heard, line in enumerate(process.stdout, start=1):
        if not line.endswith("\n"):
            break  # the kill cut this line: nothing was promised
        id_, seq = json.loads(line)
        assert promised.setdefault(id_, seq) == seq, "one id, two numbers"
        if heard == until:
            process.kill()
    process.stdout.close()
    process.wait(30)


def facts_of(day: Any, each: int) -> list[list[Any]]:
    """What every device has to say: two devices a room."""
    devices = []
    for room in day.rooms * 2:
        bookings = day.bookings(room)
        devices.append(
            [
                [str(uuid.uuid4()), room.pk, "seat.suspect", {"booking": bookings[n % 4].pk}]
                for n in range(each)
            ]
        )
    return devices


def check(devices: list[list[Any]], promised: Promises) -> None:
    sent = {fact[0] for facts in devices for fact in facts}
    stored = list(RoomEvent.objects.exclude(type="room.plan").values_list("event_id", "seq"))
    held = dict(stored)
    assert set(promised) == sent
    assert {id_: held.get(id_) for id_ in promised} == promised, "promised and lost"
    assert len(stored) == len(held) == len(sent), "doubled"
    assert verify_ledgers().breaks == (), "a gap or a torn chain"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("each", "kills"), [(12, 2), pytest.param(300, 25, marks=pytest.mark.soak)]
)
def test_nothing_promised_is_lost_when_the_server_is_killed(
    tmp_path: Any, each: int, kills: int
) -> None:
    devices = facts_of(make_day(), each)
    connection.close()
    promised: Promises = {}
    dice = random.Random(7)
    for _kill in range(kills):
        listen(server(devices, tmp_path), dice.randrange(5, 3 * each), promised)
        assert len(promised) < 6 * each or kills > 2
    listen(server(devices, tmp_path), -1, promised)
    check(devices, promised)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the disk of a server is not ours to fill"
)
def test_nothing_promised_is_lost_when_the_disk_is_full(tmp_path: Any) -> None:
    """A file that may not grow answers a write as a full disk does: with an error, midway."""
    devices = facts_of(make_day(), 60)
    connection.close()
    promised: Promises = {}
    process = server(devices, tmp_path, limit=300_000)
    timer = threading.Timer(6, process.kill)  # it says "busy" for ever; then somebody makes room
    timer.start()
    listen(process, -1, promised)
    timer.cancel()
    assert len(promised) < 6 * 60, "the disk was never full"
    listen(server(devices, tmp_path), -1, promised)
    check(devices, promised)
