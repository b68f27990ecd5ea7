"""Which rooms a command from above reaches, and which of them have answered."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from centres.common.audit import AuditEntry
from centres.common.thai import whole_number
from centres.models import Centre, Role, StaffRole, User
from proctoring.live.silence import IN_USE
from proctoring.models import RoomEvent
from proctoring.queries.ledger import current_room
from scheduling.models import RoomSession

COMMANDS: Final = (
    "room.start", "room.pause", "room.resume", "room.extend", "room.evacuate", "room.notice",
)  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """One room that was sent a command: whether somebody there has read it."""

    room: int
    code: str
    centre: str
    has_read: bool


@dataclass(frozen=True)
class Order:
    """A command as it was given. `refused` has room codes and the reason of each."""

    type: str
    giver: int | None
    by: str
    at: Any
    scope: str
    text: str
    refused: list[list[str]]


def commandable(user: User) -> QuerySet[Centre]:
    """The centres a person stands above: all for headquarters, his own for a chief."""
    roles = StaffRole.objects.filter(user=user)
    if roles.filter(role=Role.HEADQUARTERS, centre=None).exists():
        return Centre.objects.all()
    return Centre.objects.filter(pk__in=roles.filter(role=Role.CHIEF).values("centre"))


def rooms_in(exam_session: int, scope: str, user: User) -> list[RoomSession]:
    """The rooms in use that a scope names: `all`, `region:north`, `centre:3` or `room:17`."""
    kind, _mark, name = scope.partition(":")
    places: dict[str, dict[str, Any]] = {
        "all": {},
        "region": {"room__building__centre__region": name},
        "centre": {"room__building__centre": max(0, whole_number(name))},
        "room": {"pk": max(0, whole_number(name))},
    }
    place = places.get(kind, {"pk": 0})
    found = RoomSession.objects.filter(
        exam_session=exam_session, room__building__centre__in=commandable(user),
        head__phase__in=IN_USE, **place,
    )  # fmt: skip
    return list(
        found.select_related("room__building__centre", "head").order_by(
            "room__building__centre__code", "room__code"
        )
    )


def answers_to(exam_session: int, command: UUID, user: User) -> list[Answered]:
    """Every room whose ledger holds this command, those that have not answered first."""
    events = RoomEvent.objects.filter(
        room_session__exam_session=exam_session, type__in=COMMANDS,
        body__contains=f'"command":"{command}"',
        room_session__room__building__centre__in=commandable(user),
    ).select_related("room_session__room__building__centre")  # fmt: skip
    answers = [_answered(event) for event in events]
    return sorted(answers, key=lambda answer: (answer.has_read, answer.centre, answer.code))


def _answered(event: RoomEvent) -> Answered:
    room = event.room_session.room
    state = current_room(event.room_session_id).state
    has_read = event.event_id in state.read
    return Answered(event.room_session_id, room.code, room.building.centre.name, has_read)


def order_of(command: UUID) -> Order | None:
    """What was commanded, by whom and when, as the audit trail tells it."""
    entry = AuditEntry.objects.filter(verb="command_rooms", target=f"command {command}").first()
    if entry is None:
        return None
    said = entry.facts
    by = entry.by.shown_name if entry.by else ""
    return Order(
        said["type"], entry.by_id, by, entry.at, said["scope"], said["text"], said["refused"]
    )
