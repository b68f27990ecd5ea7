"""The first entry of every ledger: who is expected in the room, and the plan of time."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from proctoring.live.events import SYSTEM, Fact
from proctoring.live.state import RoomState
from proctoring.models import Attendance
from scheduling.models import Booking, BookingState, RoomSession

Person = tuple[int, str, str, int]


def plans(rooms: Sequence[int], at: int) -> dict[int, Fact]:
    """The `room.plan` facts of these room sessions, made from their confirmed bookings."""
    people = _people(rooms)
    return {room: _plan(room, body, people[room], at) for room, body in _times(rooms).items()}


def left_behind(rooms: Collection[int]) -> set[int]:
    """The other rooms whose tables still hold somebody who is now expected in one of these."""
    now = Booking.objects.filter(room_session__in=rooms, state=BookingState.CONFIRMED)
    held = Attendance.objects.filter(booking__in=now, room_session__head__phase="planned")
    return set(held.exclude(room_session__in=rooms).values_list("room_session", flat=True))


def differs(state: RoomState, plan: Fact) -> bool:
    """Whether this plan says something else than the room knows."""
    known = {(seat.booking, seat.seat, seat.form) for seat in state.seats.values()}
    planned = {(booking, label, form) for booking, label, form, _extra in plan.body["people"]}
    extra = {seat.booking: seat.extra for seat in state.seats.values()}
    clock, body = state.clock, plan.body
    return (
        known != planned
        or any(extra[booking] < minutes for booking, _l, _f, minutes in body["people"])
        or (clock.starts_at, clock.late_until, clock.minutes)
        != (body["starts_at"], body["late_until"], body["minutes"])
    )


def _people(rooms: Sequence[int]) -> dict[int, list[Person]]:
    people: dict[int, list[Person]] = {room: [] for room in rooms}
    bookings = (
        Booking.objects.filter(room_session__in=rooms, state=BookingState.CONFIRMED)
        .order_by("room_session_id", "seat__y", "seat__x")
        .values_list(
            "room_session_id", "pk", "seat__label", "exam_form__code", "registration__extra_minutes"
        )
    )
    for room, booking, label, form, extra in bookings:
        people[room].append((booking, label, form or "", extra))
    return people


def _times(rooms: Sequence[int]) -> dict[int, dict[str, Any]]:
    sessions = RoomSession.objects.filter(pk__in=rooms).values_list(
        "pk",
        "exam_session__starts_at",
        "exam_session__doors_close_at",
        "exam_session__paper__minutes",
    )
    return {
        room: {"starts_at": _ms(starts), "late_until": _ms(closes), "minutes": minutes}
        for room, starts, closes, minutes in sessions
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _plan(room: int, body: dict[str, Any], people: list[Person], at: int) -> Fact:
    body = {**body, "people": [list(person) for person in people]}
    return Fact(str(uuid.uuid4()), room, "room.plan", body, at, None, SYSTEM)
