"""What a console is shown of a room: plain values, ready for JSON, no name of anybody."""

from collections.abc import Iterable
from typing import Any

from proctoring.live.events import Event
from proctoring.live.seat import Seat
from proctoring.live.state import RoomState


def seat_view(seat: Seat) -> dict[str, Any]:
    """One seat; only what differs from an empty chair that waits."""
    shown: dict[str, Any] = {
        "booking": seat.booking,
        "seat": seat.seat,
        "state": seat.state,
        "since": seat.since,
        "last": seat.last,
    }
    for name in ("form", "extra", "late", "doubt", "suspect", "sheet", "away", "started_at"):
        if value := getattr(seat, name):
            shown[name] = value
    return shown


def clock_view(state: RoomState) -> dict[str, Any]:
    """The time plan and what happened to it: enough to draw a clock, without ticks."""
    clock = state.clock
    return {
        "starts_at": clock.starts_at,
        "minutes": clock.minutes,
        "late_until": clock.late_until,
        "started_at": clock.started_at,
        "paused_since": clock.paused_since,
        "paused_ms": sum(end - start for start, end in clock.pauses),
        "extended": clock.extended,
    }


def room_view(state: RoomState) -> dict[str, Any]:
    """What concerns the whole room."""
    return {
        "phase": state.phase,
        "clock": clock_view(state),
        "counts": state.counts,
        "incidents": [
            {"id": i.id, "kind": i.kind, "booking": i.booking, "at": i.at}
            for i in state.open_incidents
        ],
        "notices": [{"id": n.id, "type": n.type, "text": n.text, "at": n.at} for n in state.unread],
        "conflicts": [[seq, code] for seq, code in state.conflicts],
    }


def seats_view(state: RoomState, bookings: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """All seats of the room, or those of these bookings."""
    chosen = state.seats if bookings is None else sorted(set(bookings) & set(state.seats))
    return [seat_view(state.seats[booking]) for booking in chosen]


def event_view(event: Event) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "seq": event.seq,
        "id": event.id,
        "type": event.type,
        "body": {} if event.type == "room.plan" else event.body,
        "at": event.at,
        "actor": event.actor,
        "role": event.role,
    }


def touched_bookings(state: RoomState, events: Iterable[Event]) -> set[int]:
    """The bookings that these events speak of, or changed without a name; `state` is after them."""
    spoken, nameless = set[int](), set[int]()
    for event in events:
        if event.body.get("booking"):
            spoken.add(event.body["booking"])
        elif event.body.get("everybody"):
            nameless.add(event.seq)
    return spoken | {s.booking for s in state.seats.values() if nameless and s.last in nameless}
