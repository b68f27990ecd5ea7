"""What a whole room does at once."""

import uuid
from datetime import datetime

from centres.models import User
from proctoring.actions.facts import milliseconds, state_facts
from proctoring.errors import NotOnDuty, refusal
from proctoring.live.events import Fact
from proctoring.live.seat import WAITING_INSIDE
from proctoring.queries.access import room_role
from proctoring.queries.ledger import current_room


def start_room(*, room: int, by: User, at: datetime) -> int:
    """Start the exam of a room and of everybody who is in it; how many people started."""
    role = room_role(by, room)
    if role is None:
        raise NotOnDuty
    seats = current_room(room).state.seats.values()
    inside = [seat.booking for seat in seats if seat.state in WAITING_INSIDE]

    def fact(type_: str, **body: int) -> Fact:
        return Fact(str(uuid.uuid4()), room, type_, body, milliseconds(at), by.pk, role)

    facts = [fact("room.start"), *(fact("seat.start", booking=booking) for booking in inside)]
    first, *rest = state_facts(facts=facts, at=at)
    if not first.seq:
        raise refusal(first.code, **first.facts)
    return sum(answer.seq > 0 for answer in rest)
