"""The live room as every Channels tutorial writes it: what ours is measured beside.

One consumer a console, one transaction and one model object an event, one group a room.
"""

import json
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from django.urls import path  # noqa: E402

from proctoring.live.chain import canonical, link  # noqa: E402
from proctoring.models import RoomEvent, RoomHead  # noqa: E402


def write(claim: dict[str, Any]) -> int:
    """One event, durable when this returns."""
    with transaction.atomic():
        RoomHead.objects.get_or_create(pk=claim["room"])
        head = RoomHead.objects.select_for_update().get(pk=claim["room"])
        if RoomEvent.objects.filter(room_session=claim["room"], event_id=claim["id"]).exists():
            return head.seq
        body = canonical(claim["body"])
        head.seq, head.hash = head.seq + 1, link(head.hash, body)
        RoomEvent.objects.create(
            room_session_id=claim["room"], seq=head.seq, event_id=claim["id"], type=claim["type"],
            body=body, at=claim["at"], recv=claim["at"], role="proctor", base=claim["base"],
            hash=head.hash,
        )  # fmt: skip
        head.save(update_fields=["seq", "hash"])
        return head.seq


class Room(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        self.group = f"room{self.scope['url_route']['kwargs']['room']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept("proctor.v1")

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, frame: dict[str, Any], **more: Any) -> None:
        if frame["t"] == "hello":
            await self.tell(t="welcome", epoch="", dseq=0, ticket="", rooms=[])
        elif frame["t"] == "ev":
            seq = await database_sync_to_async(write)(frame)
            await self.tell(t="ok", id=frame["id"], room=frame["room"], seq=seq)
            event = {"type": "told", "frame": {"t": "evs", "room": frame["room"], "to": seq}}
            await self.channel_layer.group_send(self.group, event)

    async def told(self, message: dict[str, Any]) -> None:
        await self.tell(**message["frame"])

    async def tell(self, **frame: Any) -> None:
        await self.send(json.dumps(frame, separators=(",", ":")))


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("ws/rooms/<int:room>/", Room.as_asgi())]),
    }
)
