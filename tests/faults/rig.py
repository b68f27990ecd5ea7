"""What faults are made with: a served site that can be killed, and a wire that can go wrong."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

from asgiref.sync import sync_to_async
from django.conf import settings as product
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from config.management.commands.serve import web_server
from proctoring.actions.devices import issue_ticket
from tests.journeys.conftest import database_url, free_port

SILENCE = 1.5  # seconds after which a device gives a line up; 45 on a real day


class Site:
    """One real web process on the test database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Site":
        environment = {
            **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(self.folder),
            "SECRET_KEY": product.SECRET_KEY, "DATA_KEY": product.DATA_KEY.hex(),
        }  # fmt: skip
        command = [sys.executable, "-m", *web_server("127.0.0.1", self.port, fast=False)]
        with (self.folder / "web.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=product.BASE_DIR, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + 300  # a machine that is busy, not a promise
        while time.monotonic() < until and self.process.poll() is None:
            address = f"http://127.0.0.1:{self.port}/healthz"
            with suppress(URLError, OSError), urllib.request.urlopen(address, timeout=2):
                return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "web.log").read_text()[-2000:])

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(30)


class Wires:
    """A TCP proxy between devices and the site, through which every kind of harm comes.

    A wire may be cut; it may go dead, open at both ends and carrying nothing; and what it carries
    may be late, so that the last words of an old line arrive after the first of a new one.
    """

    def __init__(self, to: int, dice: random.Random) -> None:
        self.to, self.dice = to, dice
        self.open: set[Wire] = set()

    async def __aenter__(self) -> "Wires":
        self.server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *reason: object) -> None:
        self.server.close()
        for wire in list(self.open):
            wire.cut()
        await asyncio.sleep(0)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(writer, late=self.dice.choice([0.0, 0.0, 0.02, 0.3]))
        self.open.add(wire)
        try:
            there = await asyncio.open_connection("127.0.0.1", self.to)
            wire.ends.append(there[1])
            await asyncio.gather(wire.carry(reader, there[1]), wire.carry(there[0], writer))
        except OSError:
            pass
        finally:
            wire.cut()
            self.open.discard(wire)

    def harm(self) -> None:
        """One wire is cut, or goes dead."""
        if self.open:
            wire = self.dice.choice(sorted(self.open, key=id))
            wire.cut() if self.dice.random() < 0.5 else wire.die()


class Wire:
    def __init__(self, end: asyncio.StreamWriter, late: float) -> None:
        self.ends, self.late, self.is_dead = [end], late, False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes, late; once the near end is gone, what is under way still arrives."""
        while data := await reader.read(65_536):
            if self.late:
                await asyncio.sleep(self.late)
            if not self.is_dead:
                writer.write(data)
                await writer.drain()
        if self.late:
            await asyncio.sleep(self.late)
        writer.close()

    def die(self) -> None:
        self.is_dead = True

    def cut(self) -> None:
        for end in self.ends:
            end.transport.abort()


class Device:
    """A device that keeps each claim until it is answered, and promises nothing before."""

    def __init__(self, user: Any, session_key: str, room: int, claims: list[dict[str, Any]],
                 clock: float = 0.0) -> None:  # fmt: skip
        self.user, self.session_key, self.room = user, session_key, room
        self.name, self.ticket = str(uuid.uuid4()), ""
        now = round((time.time() + clock) * 1000)
        self.outbox = {
            claim["id"]: {"room": room, "at": now, "dseq": number, "base": 2, **claim}
            for number, claim in enumerate(claims, start=1)
        }
        self.promised: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.shown: set[str] = set()

    async def work(self, port: int, dice: random.Random) -> None:
        """Until every claim is answered: connect, greet, send, listen; begin again."""
        while self.outbox:
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._line(port, dice)
            await asyncio.sleep(dice.random() * 0.2)

    async def _line(self, port: int, dice: random.Random) -> None:
        if not self.ticket:
            self.ticket = await sync_to_async(issue_ticket)(
                key=self.name, session_key=self.session_key, by=self.user, at=timezone.now()
            )
        async with connect(
            f"ws://127.0.0.1:{port}/ws/rooms/{self.room}/", origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            subprotocols=["proctor.v1"], open_timeout=SILENCE, close_timeout=0.1,  # type: ignore[list-item]
            ping_interval=None,
        ) as line:  # fmt: skip
            hello = {"t": "hello", "v": 1, "device": self.name, "ticket": self.ticket, "t0": 1,
                     "rooms": [{"room": self.room}]}  # fmt: skip
            await line.send(json.dumps(hello))
            while self.outbox:
                frame = json.loads(await asyncio.wait_for(line.recv(), SILENCE))
                await self._take(frame, line, dice)

    async def _take(self, frame: dict[str, Any], line: ClientConnection, dice: Any) -> None:
        kind = frame["t"]
        if kind == "welcome":
            self.ticket = frame["ticket"]
            await line.send('{"t":"ping","t0":1}')
            await self._send(line, dice)
        elif kind == "ok":
            before = self.promised.setdefault(frame["id"], frame["seq"])
            assert before == frame["seq"], "one id, two numbers"
            self.outbox.pop(frame["id"], None)
        elif kind == "no" and frame["id"] and "retry_after_ms" not in frame:
            self.refused[frame["id"]] = frame["code"]
            self.outbox.pop(frame["id"], None)
        elif kind == "no" and frame["id"]:
            await asyncio.sleep(0.05)
            await self._send(line, dice)
        elif kind == "bye":
            self.ticket = "" if frame["code"] == "ticket" else self.ticket

    async def _send(self, line: ClientConnection, dice: random.Random) -> None:
        """Everything not answered, one by one or together, some of it twice."""
        claims = list(self.outbox.values())
        for start in range(0, len(claims), 5):
            part = claims[start : start + 5]
            text = json.dumps({"t": "ev", "events": part})
            for _time in range(dice.choice([1, 1, 2])):
                await line.send(text)
