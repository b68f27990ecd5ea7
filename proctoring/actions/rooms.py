"""What a whole room does at once."""

from datetime import datetime

from centres.models import User
from proctoring.actions.facts import state_fact
from proctoring.queries.ledger import current_room


def start_room(*, room: int, by: User, at: datetime) -> int:
    """Start the exam of a room and of everybody who is in it; how many people started."""
    start = state_fact(room=room, type="room.start", body={"everybody": True}, by=by, at=at)
    return sum(seat.last == start.seq for seat in current_room(room).state.seats.values())
