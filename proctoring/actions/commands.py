"""Commands from above: one event in the ledger of every room they reach."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from centres.common.audit import record
from centres.models import User
from proctoring.actions.facts import milliseconds, state_facts
from proctoring.errors import NobodyThere, NotOnDuty, NotUnderstood, refusal
from proctoring.live.events import Fact
from proctoring.live.protocol import FrameError, body_of
from proctoring.queries.access import room_role
from proctoring.queries.commands import COMMANDS, rooms_in
from scheduling.models import RoomSession


@transaction.atomic
def command_rooms(
    *, command: UUID, exam_session: int, scope: str, type: str, body: Mapping[str, Any],  # noqa: A002
    by: User, at: datetime,
) -> int:  # fmt: skip
    """Write a command into the ledger of every room in use of a scope; how many took it.

    The same command sent twice has one effect. Rooms whose rules refuse it are named in the
    audit trail. Raises NobodyThere, or NotUnderstood for what is no command.
    """
    rooms = {room.pk: room for room in rooms_in(exam_session, scope, by)}
    if not rooms:
        raise NobodyThere
    if type not in COMMANDS:
        raise NotUnderstood
    try:
        checked = body_of(type, {**body, "command": str(command)})
    except FrameError as error:
        raise NotUnderstood from error
    role = room_role(by, next(iter(rooms)))
    if role is None:
        raise NotOnDuty
    if type == "room.start":
        checked = {**checked, "everybody": True}
    moment = milliseconds(at)
    facts = [Fact(_id(command, r), r, type, checked, moment, by.pk, role) for r in rooms]
    answers = {a.id: a for a in state_facts(facts=facts, at=at)}
    first = {room: answers[_id(command, room)] for room in rooms}
    if all(answer.repeated for answer in first.values()):
        return len(first)
    refused = [_refused(rooms[r], a.code, a.facts) for r, a in first.items() if not a.seq]
    text = str(checked.get("text") or checked.get("why") or checked.get("minutes") or "")
    record("command_rooms", target=f"command {command}", by=by, at=at, type=type, scope=scope,
           text=text, rooms=len(rooms), refused=refused)  # fmt: skip
    return len(rooms) - len(refused)


def _id(command: UUID, room: int) -> str:
    """The event's id in one room: the same for every repeat of the command."""
    return str(uuid5(command, str(room)))


def _refused(room: RoomSession, code: str, facts: Mapping[str, Any]) -> list[str]:
    return [room.room.code, str(refusal(code, **facts))]
