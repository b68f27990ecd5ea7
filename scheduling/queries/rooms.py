"""Rooms of a sitting: which there are, how full each is, and which comes next."""

from dataclasses import dataclass

from django.db.models import Count

from centres.models import Centre, Room, Seat
from scheduling.models import Booking, BookingState, RoomSession, Sitting


@dataclass(frozen=True)
class RoomCell:
    """One room in one exam session; `key` is its room session, None where it is not used."""

    key: int | None
    people: int


@dataclass(frozen=True)
class RoomRow:
    """One room with a cell for every exam session of the sitting."""

    room: Room
    chairs: int
    cells: tuple[RoomCell, ...]


def rooms_of(sitting: Sitting, centre: Centre) -> list[RoomRow]:
    """The rooms of a centre that take part in a sitting, by building and code."""
    used = RoomSession.objects.filter(exam_session__sitting=sitting, room__building__centre=centre)
    at = {(rs.room_id, rs.exam_session_id): rs.pk for rs in used}
    seated = Booking.objects.filter(room_session__in=used, state=BookingState.CONFIRMED)
    people = dict(seated.order_by().values_list("room_session").annotate(n=Count("pk")))
    usable = Seat.objects.filter(is_usable=True, room__building__centre=centre)
    chairs = dict(usable.order_by().values_list("room").annotate(n=Count("pk")))
    sessions = list(sitting.exam_sessions.values_list("pk", flat=True))
    rooms = Room.objects.filter(pk__in={room for room, _session in at}).select_related("building")
    return [
        RoomRow(
            room=room,
            chairs=chairs.get(room.pk, 0),
            cells=tuple(
                RoomCell(key, people.get(key, 0) if key else 0)
                for key in (at.get((room.pk, session)) for session in sessions)
            ),
        )
        for room in rooms.order_by("building__code", "code")
    ]


def beside(room_session: RoomSession) -> tuple[int | None, int | None]:
    """The room sessions before and after this one in its centre and exam session."""
    keys = list(
        RoomSession.objects.filter(
            exam_session=room_session.exam_session_id,
            room__building__centre=room_session.room.building.centre_id,
        )
        .order_by("room__building__code", "room__code")
        .values_list("pk", flat=True)
    )
    place = keys.index(room_session.pk)
    return (
        keys[place - 1] if place else None,
        keys[place + 1] if place + 1 < len(keys) else None,
    )
