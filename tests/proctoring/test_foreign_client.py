"""A client that is not ours, written from docs/protocol.md alone, goes through a whole session.

It uses the `websockets` library and plain HTTP, and nothing of this project but the addresses.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone
from websockets.asyncio.client import connect

from proctoring.actions.epochs import begin_epoch
from proctoring.models import RoomEvent
from tests.faults.rig import Site
from tests.proctoring.conftest import make_day
from tests.proctoring.consoles import session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    if one.process is not None:
        one.process.kill()
        one.process.wait(30)


class Foreign:
    """The client. It knows an address, a room and the cookies of a sign-in."""

    def __init__(self, port: int, room: int, cookies: str) -> None:
        self.site, self.room, self.cookies = f"127.0.0.1:{port}", room, cookies
        self.device, self.ticket, self.epoch = str(uuid.uuid4()), "", ""
        self.dseq = self.since = 0
        self.head, self.phase = "", ""
        self.seats: dict[int, str] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.missing = False

    def post(self, what: str, body: Any) -> Any:
        token = SimpleCookie(self.cookies)["csrftoken"].value
        headers = {
            "Cookie": self.cookies, "X-CSRFToken": token, "Content-Type": "application/json",
            "Origin": f"http://{self.site}",
        }  # fmt: skip
        address = f"http://{self.site}/rooms/{self.room}/{what}/"
        with urlopen(Request(address, json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)

    def hello(self) -> dict[str, Any]:
        rooms = [{"room": self.room, "since": self.since, "head": self.head}]
        return {"t": "hello", "v": 1, "device": self.device, "ticket": self.ticket,
                "epoch": self.epoch, "rooms": rooms, "t0": 1}  # fmt: skip

    def claim(self, type_: str, **body: Any) -> dict[str, Any]:
        self.dseq += 1
        return {"id": str(uuid.uuid4()), "room": self.room, "type": type_, "body": body,
                "at": round(time.time() * 1000), "dseq": self.dseq, "base": self.since}  # fmt: skip

    def take(self, frame: dict[str, Any]) -> None:
        kind = frame["t"]
        if kind == "welcome":
            self.epoch, self.ticket = frame["epoch"], frame["ticket"]
            self.dseq = max(self.dseq, frame["dseq"])
        elif kind in ("ok", "no"):
            self.answers[frame["id"]] = frame
        elif kind == "snap":
            self.seats = {seat["booking"]: seat["state"] for seat in frame["seats"]}
            self.since, self.head, self.phase = frame["seq"], frame["head"], frame["state"]["phase"]
        elif kind == "evs" and frame["from"] > self.since + 1:
            self.missing = True
        elif kind == "evs" and frame["to"] > self.since:
            self.seats |= {seat["booking"]: seat["state"] for seat in frame["seats"]}
            self.since, self.head, self.phase = frame["to"], frame["head"], frame["state"]["phase"]

    async def session(self, *steps: list[tuple[str, dict[str, Any]]]) -> None:
        """Connect, greet, say each group of steps and wait for the answers; then hang up."""
        line = connect(
            f"ws://{self.site}/ws/rooms/{self.room}/", subprotocols=["proctor.v1"],  # type: ignore[list-item]
            origin=f"http://{self.site}",  # type: ignore[arg-type]
        )  # fmt: skip
        async with line as wire:
            await wire.send(json.dumps(self.hello()))
            await self.until(wire, lambda: bool(self.epoch))
            await wire.send(json.dumps({"t": "ping", "t0": 5}))
            for group in steps:
                claims = [self.claim(type_, **body) for type_, body in group]
                await wire.send(json.dumps({"t": "ev", "events": claims}))
                await self.until(wire, lambda ids=claims: all(c["id"] in self.answers for c in ids))
                last = max(self.answers[c["id"]].get("seq", 0) for c in claims)
                await self.until(wire, lambda last=last: self.since >= last)

    async def until(self, wire: Any, done: Any) -> None:
        while not done():
            self.take(json.loads(await asyncio.wait_for(wire.recv(), 60)))
            if self.missing:
                self.missing = False
                need = {"t": "need", "room": self.room, "since": self.since}
                await wire.send(json.dumps(need))


def prepared() -> tuple[Any, list[int], int, str]:
    """A room with four people and two proctors, and the cookies of one who signed in."""
    day = make_day()
    begin_epoch(by=None, at=timezone.now())  # a test before this one may have emptied the tables
    room = day.rooms[0]
    user, other = day.proctor("foreign", room), day.proctor("second", room)
    session = SessionStore(session_of(user).session_key)
    session.update({
        "_auth_user_id": str(user.pk), "_auth_user_hash": user.get_session_auth_hash(),
        "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
    })  # fmt: skip
    session.save()
    cookies = f"sessionid={session.session_key}; csrftoken={'a' * 32}"
    return room.pk, [booking.pk for booking in day.bookings(room)], other.pk, cookies


async def test_a_client_that_is_not_ours_completes_a_whole_session(site: Site) -> None:
    room, people, other, cookies = await sync_to_async(prepared)()
    await sync_to_async(site.start)()
    client = Foreign(site.port, room, cookies)
    given = await sync_to_async(client.post)("ticket", {"device": client.device})
    client.ticket = given["ticket"]
    *here, late = people
    await client.session(
        [("room.open", {})],
        [("seat.check_in", {"booking": booking}) for booking in here],
        [("seat.id_verify", {"booking": booking, "match": True}) for booking in here],
        [("room.start", {}), *(("seat.start", {"booking": booking}) for booking in here)],
    )
    assert client.phase == "running"
    early = client.claim("seat.absent", booking=late)
    frames = [client.hello(), {"t": "ev", "events": [early]}]
    for frame in (await sync_to_async(client.post)("sync", frames))["frames"]:
        if frame["t"] != "welcome":
            client.take(frame)
    await client.session(  # on a new line, with the ticket of the welcome
        [("seat.out", {"booking": here[0], "reason": "toilet"})],
        [("seat.back", {"booking": here[0]})],
        [("incident.open", {"kind": "noise", "note": "drilling next door"})],
        [("seat.refuse", {"booking": late, "why": "somebody else's card"})],
        [("room.time_up", {})],
        [("seat.submit", {"booking": booking}) for booking in here],
        [("room.reconcile", {})],
        [("room.seal", {"second": other})],
        [("room.close", {})],
    )
    refused = [answer["code"] for answer in client.answers.values() if answer["t"] == "no"]
    ledger = RoomEvent.objects.filter(room_session=room)
    assert refused == ["too_early"]  # nobody is absent before the doors close
    assert (client.phase, client.since) == ("closed", await ledger.acount())
    assert client.seats == {**dict.fromkeys(here, "submitted"), late: "refused"}
    await sync_to_async(connections.close_all)()
