"""A console's end of the wire: what a device says, and what it hears, held against the schema."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice
from jsonschema import Draft202012Validator

from proctoring.actions.devices import issue_ticket
from proctoring.routing import websocket_urlpatterns

application = URLRouter(websocket_urlpatterns)
SCHEMA = json.loads((settings.BASE_DIR / "docs" / "protocol.schema.json").read_text())
DOWN = Draft202012Validator({"$ref": "#/$defs/down", "$defs": SCHEMA["$defs"]})


def session_of(user: Any) -> SessionStore:
    """The session of a person who signed in with a one-time code."""
    session = SessionStore()
    codes, _made = TOTPDevice.objects.get_or_create(user=user, name="phone", confirmed=True)
    session[DEVICE_ID_SESSION_KEY] = codes.persistent_id
    session.create()
    return session


class Console:
    """A device with its own name, its own numbers and the ticket it was given last."""

    def __init__(self, user: Any, path: str, session: Any, device: str = "") -> None:
        self.user, self.session = user, session
        self.line = WebsocketCommunicator(application, path)
        self.line.scope |= {"user": user, "session": session}
        self.device = device or str(uuid.uuid4())
        self.ticket = ""
        self.sent = 0
        self.told: dict[int, dict[str, Any]] = {}

    async def open(self) -> "Console":
        connected, _ = await self.line.connect()
        assert connected
        return self

    async def again(self) -> "Console":
        """The same device on a new line, with the ticket it holds: no page is asked."""
        other = Console(self.user, self.line.scope["path"], self.session, self.device)
        other.ticket, other.sent = self.ticket, self.sent
        return await other.open()

    async def say(self, **frame: Any) -> None:
        await self.line.send_to(text_data=json.dumps(frame))

    async def hear(self, kind: str) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(await self.line.receive_from(timeout=60))
            DOWN.validate(frame)
            self.told |= {event["seq"]: event for event in frame.get("events", [])}
            if frame["t"] == kind:
                return frame

    async def take_ticket(self) -> str:
        self.ticket = await database_sync_to_async(issue_ticket)(
            key=self.device, session_key=self.session.session_key, by=self.user, at=timezone.now()
        )
        return self.ticket

    async def say_hello(self, room: int, since: int = 0, epoch: str = "", **more: Any) -> None:
        rooms = [{"room": room, "since": since, **more}]
        ticket = {"ticket": self.ticket} if self.ticket else {}
        await self.say(t="hello", v=1, device=self.device, epoch=epoch, rooms=rooms, t0=1, **ticket)

    async def hello(
        self, room: int, since: int = 0, epoch: str = "", **more: Any
    ) -> dict[str, Any]:
        """Say hello with a ticket; the welcome, whose ticket is kept for the next time."""
        if not self.ticket:
            await self.take_ticket()
        await self.say_hello(room, since, epoch, **more)
        welcome = await self.hear("welcome")
        self.ticket = welcome["ticket"]
        return welcome

    def claim(self, room: int, type_: str, base: int = 0, **body: Any) -> dict[str, Any]:
        self.sent += 1
        return {
            "t": "ev", "id": str(uuid.uuid4()), "room": room, "type": type_, "body": body,
            "at": 1_800_000_000_000, "dseq": self.sent, "base": base,
        }  # fmt: skip

    async def is_closed(self) -> int:
        """The code that the line was closed with, once it is."""
        while True:
            heard: Mapping[str, Any] = await self.line.receive_output(timeout=60)
            if heard["type"] == "websocket.close":
                return int(heard["code"])


async def console(user: Any, room: int) -> Console:
    session = await database_sync_to_async(session_of)(user)
    return await Console(user, f"/ws/rooms/{room}/", session).open()
