"""The live room's frames by POST, where WebSockets are blocked; and a device's first ticket."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from centres.common.http import role_required
from centres.models import Role
from proctoring.actions.devices import greet_device, issue_ticket
from proctoring.actions.facts import take_back, take_claims
from proctoring.errors import NotOnDuty, NotUnderstood
from proctoring.frames import answer_frame, catch_up
from proctoring.live.events import IN_ROOM
from proctoring.live.protocol import MAX_EVENTS, MAX_FRAME, Claims, FrameError, Held, Hello, command
from proctoring.queries.access import room_role
from proctoring.queries.ledger import epoch
from proctoring.queries.signs import keep_signs

IN_ROOMS = (Role.PROCTOR, Role.CHIEF, Role.HEADQUARTERS, Role.OBSERVER)


@role_required(*IN_ROOMS)
@require_POST
def ticket(request: HttpRequest, room: int) -> JsonResponse:
    """A ticket for the device that this page runs on; the socket opens by it, and gives the next.

    The device names itself in the body, which the token of the form protects.
    """
    if room_role(request.user, room) is None:
        raise NotOnDuty
    try:
        device = str(UUID(str(json.loads(request.body)["device"])))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotUnderstood from error
    written = issue_ticket(
        key=device, session_key=request.session.session_key or "", by=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )  # fmt: skip
    return JsonResponse({"ticket": written})


@role_required(*IN_ROOMS)
@require_POST
def sync(request: HttpRequest, room: int) -> JsonResponse:
    """A list of frames, `hello` first; the answer is the list of frames a socket would send."""
    role = room_role(request.user, room)
    if role is None:
        raise NotOnDuty
    commands = _commands(request.body)
    hello = commands[0] if commands else None
    if not isinstance(hello, Hello):
        raise NotUnderstood
    now = timezone.now()
    device = greet_device(key=hello.device, by=request.user, at=now)  # type: ignore[arg-type]
    if role in IN_ROOM:
        keep_signs({room: round(now.timestamp() * 1000)})
    frames = [_welcome(hello, device.dseq)]
    for claims in commands[1:]:
        if isinstance(claims, Claims):
            answers = take_claims(
                claims=claims.items, device=device.pk, by=request.user, at=now  # type: ignore[arg-type]
            )  # fmt: skip
            frames += [json.loads(answer_frame(answer)) for answer in answers]
        elif isinstance(claims, Held) and room_role(request.user, claims.room):
            answers = take_back(held=claims, at=now)
            frames += [json.loads(answer_frame(answer)) for answer in answers]
    return JsonResponse({"frames": [*frames, *_news(request, hello)]})


def _commands(body: bytes) -> list[Any]:
    if len(body) > MAX_FRAME:
        raise NotUnderstood
    try:
        given = json.loads(body)
        if not isinstance(given, list) or len(given) > MAX_EVENTS:
            raise NotUnderstood
        return [command(frame) for frame in given]
    except (ValueError, RecursionError, AttributeError, FrameError) as error:
        raise NotUnderstood from error


def _welcome(hello: Hello, dseq: int) -> dict[str, Any]:
    now = round(timezone.now().timestamp() * 1000)
    life = {"epoch": epoch(), "now": now, "t0": hello.t0, "dseq": dseq}
    return {"t": "welcome", **life, "rooms": []}


def _news(request: HttpRequest, hello: Hello) -> list[Any]:
    """What the device lacks of each room it may see."""
    news = []
    for known in hello.rooms:
        if room_role(request.user, known.room) is not None:
            _mode, _seq, text = catch_up(*known)
            news += [json.loads(text)] if text else []
    return news
