"""What a whole room does at once."""

import uuid
from datetime import datetime

from centres.models import User
from proctoring.actions.facts import milliseconds, state_facts
from proctoring.actions.proof import check_right
from proctoring.errors import refusal
from proctoring.live.events import Fact
from proctoring.live.seat import WAITING_INSIDE
from proctoring.queries.access import room_role
from proctoring.queries.ledger import current_room


def starting(room: int, at: int, by: User, role: str, first: Fact) -> list[Fact]:
    """The start of a room, and with it of everybody who is in it; a running room is running."""
    state = current_room(room).state
    waits = state.phase != "running"
    inside = [s.booking for s in state.seats.values() if waits and s.state in WAITING_INSIDE]
    return [
        first,
        *(
            Fact(str(uuid.uuid4()), room, "seat.start", {"booking": booking}, at, by.pk, role)
            for booking in inside
        ),
    ]


def start_room(*, room: int, by: User, at: datetime) -> int:
    """Start the exam of a room and of everybody who is in it; how many people started."""
    role = room_role(by, room)
    check_right(role, "room.start")
    moment = milliseconds(at)
    start = Fact(str(uuid.uuid4()), room, "room.start", {}, moment, by.pk, str(role))
    facts = starting(room, moment, by, str(role), start)
    first, *rest = state_facts(facts=facts, at=at)
    if not first.seq:
        raise refusal(first.code, **first.facts)
    return sum(answer.seq > 0 for answer in rest)
