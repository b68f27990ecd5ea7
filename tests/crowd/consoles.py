"""Thousands of consoles in one process of their own, on plain sockets: the load, not the server.

Reads one order a line from standard input (JSON), answers each with one line. A console speaks the
protocol of docs/protocol.md with as little work as that takes, so that the crowd can tire a server
that runs beside it on the other core.
"""

import asyncio
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MASK = b"\x00\x00\x00\x00"  # a mask of zeros is a mask, and costs nothing
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


def packed(payload: bytes, kind: int = TEXT) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((kind, 0x80 | size)) + MASK + payload
    if size < 65_536:
        return bytes((kind, 0xFE)) + size.to_bytes(2, "big") + MASK + payload
    return bytes((kind, 0xFF)) + size.to_bytes(8, "big") + MASK + payload


class Wire(asyncio.Protocol):
    """The far end of one WebSocket: frames in, frames out."""

    def __init__(self, path: str, host: str, take: Callable[[bytes], None]) -> None:
        self.hello = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: proctor.v1\r\n\r\n"
        )
        self.take, self.held, self.is_open = take, b"", False
        self.transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.hello.encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_result(False)
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        data = self.held + data
        if not self.is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.held = data
                return
            self.is_open = b" 101 " in data[:20]
            if not self.opened.done():
                self.opened.set_result(self.is_open)
            data = data[end + 4 :]
        self.held = self.frames(data)

    def frames(self, data: bytes) -> bytes:
        """Hand over every whole frame; what is left is the beginning of the next."""
        start, end = 0, len(data)
        while end - start >= 2:
            size, head = data[start + 1], 2
            if size == 126:
                size, head = int.from_bytes(data[start + 2 : start + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(data[start + 2 : start + 10], "big"), 10
            if end - start < head + size:
                break
            kind = data[start]
            if kind == TEXT:
                self.take(data[start + head : start + head + size])
            elif kind == PING and self.transport is not None:
                self.transport.write(packed(data[start + head : start + head + size], PONG))
            start += head + size
        return data[start:]

    def send(self, text: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(packed(text.encode()))


class Device:
    """One console: its name, its ticket, its rooms, and what it still has to say."""

    def __init__(self, crowd: "Crowd", given: dict[str, Any]) -> None:
        self.crowd = crowd
        self.name, self.ticket = given["device"], given["ticket"]
        self.rooms: list[int] = given["rooms"]
        self.people: list[int] = given["people"]
        self.is_fresh = bool(given.get("fresh"))
        self.known: dict[int, tuple[int, str]] = {}
        self.waiting: dict[str, float] = {}
        self.outbox: list[dict[str, Any]] = []
        self.modes: list[str] = []
        self.epoch, self.dseq, self.said = "", 0, 0
        self.is_waiting = False
        self.wire: Wire | None = None
        self.is_welcome = asyncio.Event()

    async def come(self) -> None:
        """Connect and greet, again and again with growing patience, until welcomed."""
        tries = 0
        while not self.is_welcome.is_set():
            if await self.knock():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.is_welcome.wait(), 30)
            if not self.is_welcome.is_set():
                tries += 1
                await asyncio.sleep(random.random() * min(15, 0.5 * 2**tries))

    async def knock(self) -> bool:
        crowd = self.crowd
        wire = Wire(f"/ws/rooms/{self.rooms[0]}/", crowd.host, self.take)
        try:
            async with crowd.gate:
                await crowd.loop.create_connection(lambda: wire, "127.0.0.1", crowd.port)
                if not await asyncio.wait_for(wire.opened, 60):
                    return False
        except (OSError, TimeoutError):
            return False
        self.wire = wire
        rooms = [
            {"room": room, "since": seq, "head": head}
            for room in self.rooms
            for seq, head in [self.known.get(room, (0, ""))]
        ]
        hello = {"t": "hello", "v": 1, "device": self.name, "epoch": self.epoch, "rooms": rooms,
                 "t0": 1, "ticket": self.ticket}  # fmt: skip
        wire.send(json.dumps(hello))
        return True

    def leave(self) -> None:
        self.is_welcome.clear()
        if self.wire is not None and self.wire.transport is not None:
            self.wire.transport.abort()
        self.wire = None

    def take(self, data: bytes) -> None:
        crowd = self.crowd
        crowd.frames += 1
        kind = data[6:9]
        if kind == b'ok"':
            self.acknowledged(json.loads(data))
        elif kind == b"evs":
            crowd.told()
            if crowd.follows:
                frame = json.loads(data)
                self.known[frame["room"]] = (frame["to"], frame["head"])
        elif kind == b"sna":
            frame = json.loads(data)
            self.known[frame["room"]] = (frame["seq"], frame["head"])
        elif kind == b"wel":
            self.welcomed(json.loads(data))
        elif kind == b'no"':
            self.refused(json.loads(data))
        elif kind == b"bye":
            crowd.byes += 1
            self.leave()

    def welcomed(self, frame: dict[str, Any]) -> None:
        self.epoch, self.ticket = frame["epoch"], frame["ticket"]
        self.dseq = max(self.dseq, frame["dseq"])
        self.modes = [room["mode"] for room in frame["rooms"]]
        self.is_welcome.set()
        if self.wire is not None:
            self.wire.send('{"t":"ping","t0":1}')
        self.send_outbox()

    def acknowledged(self, frame: dict[str, Any]) -> None:
        sent = self.waiting.pop(frame["id"], None)
        if sent is not None:
            self.crowd.took(time.perf_counter() - sent)
        if self.outbox:
            self.outbox = [claim for claim in self.outbox if claim["id"] != frame["id"]]

    def refused(self, frame: dict[str, Any]) -> None:
        if "retry_after_ms" in frame:
            self.crowd.busy += 1
            wait = frame["retry_after_ms"] / 1000
            if frame["id"] and not self.is_waiting:
                self.is_waiting = True
                self.crowd.loop.call_later(wait * (1 + random.random()), self.again)
        else:
            self.crowd.refused.append(frame["code"])
            self.acknowledged(frame)

    def again(self) -> None:
        self.is_waiting = False
        self.send_outbox()

    def claim(self, kind: str = "") -> dict[str, Any]:
        """The next step of the morning: people come in one after another, then are looked at."""
        self.dseq += 1
        at = self.crowd.now()
        room = self.rooms[0]
        person = self.people[self.said % len(self.people)]
        comes = self.is_fresh and self.said < len(self.people)
        type_ = kind or ("seat.check_in" if comes else "seat.suspect")
        self.said += 1
        random_id = f"{random.getrandbits(128):032x}"
        id_ = "-".join(
            (random_id[:8], random_id[8:12], random_id[12:16], random_id[16:20], random_id[20:])
        )
        return {"id": id_, "room": room, "type": type_, "body": {"booking": person}, "at": at,
                "dseq": self.dseq, "base": 2}  # fmt: skip

    def state(self, claims: list[dict[str, Any]]) -> None:
        """Keep claims until they are acknowledged, and send them when there is a line."""
        now = time.perf_counter()
        for claim in claims:
            self.waiting[claim["id"]] = now
        self.outbox += claims
        if self.is_welcome.is_set() and self.wire is not None:
            frame = {"t": "ev", **claims[0]} if len(claims) == 1 else {"t": "ev", "events": claims}
            self.wire.send(json.dumps(frame))

    def send_outbox(self) -> None:
        if self.outbox and self.wire is not None:
            for start in range(0, len(self.outbox), 100):
                part = self.outbox[start : start + 100]
                self.wire.send(json.dumps({"t": "ev", "events": part}))


class Crowd:
    """All devices, and what was measured since the last order."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.loop = asyncio.get_running_loop()
        self.port = given["port"]
        self.host = f"127.0.0.1:{self.port}"
        self.gate = asyncio.Semaphore(given.get("at_once", 200))
        self.follows = given.get("follows", False)
        self.devices = [Device(self, each) for each in given["devices"]]
        self.speed, self.born = given.get("speed", 1), time.time()
        self.byes = self.busy = self.frames = 0
        self.refused: list[str] = []
        self.begin()

    def now(self) -> int:
        """The clock of all devices, which a day played fast lets run ahead."""
        return round(1000 * (self.born + self.speed * (time.time() - self.born)))

    def begin(self) -> None:
        self.latencies: list[float] = []
        self.deliveries = 0
        self.first_told = self.last_told = 0.0
        self.refused = []

    def told(self) -> None:
        self.deliveries += 1
        self.last_told = time.perf_counter()
        self.first_told = self.first_told or self.last_told

    def took(self, seconds: float) -> None:
        self.latencies.append(seconds)

    async def connect(self, within: float = 0.0) -> dict[str, Any]:
        """Everybody comes, spread over `within` seconds; how long until the last was welcomed."""
        began = time.perf_counter()

        async def one(device: Device) -> None:
            await asyncio.sleep(random.random() * within)
            await device.come()

        await asyncio.gather(*(one(device) for device in self.devices))
        modes = [mode for device in self.devices for mode in device.modes[:1]]
        seconds = time.perf_counter() - began
        return {"seconds": seconds, **{m: modes.count(m) for m in ("same", "delta", "snap", "no")}}

    async def leave(self) -> dict[str, Any]:
        for device in self.devices:
            device.leave()
        await asyncio.sleep(0.5)
        return {}

    async def rate(self, rate: float, seconds: float, together: int = 1) -> dict[str, Any]:
        """State `rate` claims a second, `together` of them in one frame; then wait for the last."""
        self.begin()
        began, sent = time.perf_counter(), 0
        while (now := time.perf_counter() - began) < seconds:
            while sent < now * rate:
                device = random.choice(self.devices)
                device.state([device.claim() for _ in range(together)])
                sent += together
            await asyncio.sleep(0.004)
        until = time.perf_counter() + 60
        while len(self.latencies) + len(self.refused) < sent and time.perf_counter() < until:
            await asyncio.sleep(0.02)
        return {"sent": sent, **self.measured()}

    def measured(self) -> dict[str, Any]:
        taken = sorted(self.latencies) or [0.0]
        return {
            "acknowledged": len(self.latencies),
            "refused": len(self.refused),
            "codes": sorted(set(self.refused)),
            "p50": taken[len(taken) // 2],
            "p99": taken[int(len(taken) * 0.99)],
            "last": taken[-1],
            "late": sum(each > 1.0 for each in taken),
            "busy": self.busy,
        }

    async def tell(self, text: str, wanted: int, count: int) -> dict[str, Any]:
        """The first console says something that all hear; from then until the last has heard."""
        waits, spreads = [], []
        for _time in range(count):
            self.begin()
            device = self.devices[0]
            claim = {**device.claim(), **json.loads(text)}
            began = time.perf_counter()
            if device.wire is not None:
                device.wire.send(json.dumps({"t": "ev", **claim}))
            until = began + 30
            while self.deliveries < wanted and time.perf_counter() < until:
                await asyncio.sleep(0.001)
            waits.append(self.last_told - began if self.deliveries >= wanted else 30.0)
            spreads.append(self.last_told - self.first_told)
            await asyncio.sleep(0.3)
        return {"waits": waits, "spreads": spreads, "deliveries": self.deliveries}

    async def hear(self, wanted: int, within: float) -> dict[str, Any]:
        """Wait until `wanted` frames of events were heard; when the first and the last came."""
        until = time.perf_counter() + within
        while self.deliveries < wanted and time.perf_counter() < until:
            await asyncio.sleep(0.001)
        return {"deliveries": self.deliveries, "first": self.first_told, "last": self.last_told}

    async def queue(self, each: int) -> dict[str, Any]:
        """What every device would have said while it had no line."""
        self.begin()
        for device in self.devices:
            device.state([device.claim() for _ in range(each)])
        return {"queued": each * len(self.devices)}

    async def drain(self, wanted: int, within: float) -> dict[str, Any]:
        """Everybody comes back with a full outbox; until the last claim is answered."""
        began = time.perf_counter()
        coming = asyncio.ensure_future(self.connect(2.0))
        until = began + within
        while len(self.latencies) + len(self.refused) < wanted and time.perf_counter() < until:
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - began
        await coming
        await asyncio.sleep(3)
        return {"seconds": seconds, **self.measured()}

    async def heads(self) -> dict[str, Any]:
        return {"heads": [[d.rooms[0], *d.known.get(d.rooms[0], (0, ""))] for d in self.devices]}


async def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = asyncio.get_running_loop()
    crowd: Crowd | None = None
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        name = order.pop("do")
        if name == "gather":
            with open(order["file"]) as file:  # noqa: PTH123
                given = json.load(file)
            crowd = Crowd({**given, **order})
            answer: dict[str, Any] = {"devices": len(crowd.devices)}
        elif name == "begin" and crowd is not None:
            crowd.begin()
            answer = {"now": time.perf_counter()}
        else:
            answer = await getattr(crowd, name)(**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main())
    except ImportError:
        asyncio.run(main())
