"""Rooms of a sitting: which there are, how full each is, and which comes next."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from centres.models import Centre, Room, Seat
from scheduling.models import (
    AllocationRun,
    Booking,
    BookingState,
    ExamSession,
    RoomSession,
    Sitting,
)


@dataclass(frozen=True)
class RoomCell:
    """One room in one exam session; `key` is its room session, None where there is none."""

    key: int | None
    people: int
    is_used: bool


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
    opened = {rs.pk for rs in used if rs.is_used}
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
                RoomCell(key, people.get(key, 0) if key else 0, key in opened)
                for key in (at.get((room.pk, session)) for session in sessions)
            ),
        )
        for room in rooms.order_by("building__code", "code")
    ]


@dataclass(frozen=True)
class CentreOpening:
    """What a plan opens in one centre, over all exam sessions.

    rooms, all_rooms  room sessions opened, and those there are; `most` the rooms open at once
    """

    centre: Centre
    rooms: int
    all_rooms: int
    most: int
    buildings: int
    all_buildings: int
    proctors: int
    cells: tuple[tuple[int, str], ...]  # session number, codes of its rooms


@dataclass(frozen=True)
class Openings:
    """The rooms a plan opens; `is_proved` when no choice opens fewer buildings, then rooms."""

    centres: tuple[CentreOpening, ...]
    ratio: int
    is_proved: bool

    @property
    def rooms(self) -> int:
        return sum(centre.rooms for centre in self.centres)

    @property
    def all_rooms(self) -> int:
        return sum(centre.all_rooms for centre in self.centres)

    @property
    def proctors(self) -> int:
        return sum(centre.proctors for centre in self.centres)


def opened_of(run: AllocationRun) -> Openings | None:
    """What a run opens, centre by centre; None when it uses every room."""
    kept = run.result.get("opened")
    if kept is None:
        return None
    centres = Centre.objects.in_bulk({row["centre"] for row in kept})
    code = dict(Room.objects.filter(building__centre__in=centres).values_list("pk", "code"))
    number = dict(ExamSession.objects.filter(sitting=run.sitting_id).values_list("pk", "number"))
    return Openings(
        centres=tuple(
            _opening(centre, [row for row in kept if row["centre"] == centre.pk], code, number)
            for centre in sorted(centres.values(), key=lambda centre: centre.code)
        ),
        ratio=run.parameters["one_proctor_for"],
        is_proved=all(
            row["buildings"] * (row["all_rooms"] + 1) + len(row["rooms"]) == row["bound"]
            for row in kept
        ),
    )


def _opening(
    centre: Centre, rows: list[dict[str, Any]], code: dict[int, str], number: dict[int, int]
) -> CentreOpening:
    return CentreOpening(
        centre=centre,
        rooms=sum(len(row["rooms"]) for row in rows),
        all_rooms=sum(row["all_rooms"] for row in rows),
        most=max(len(row["rooms"]) for row in rows),
        buildings=max(row["buildings"] for row in rows),
        all_buildings=max(row["all_buildings"] for row in rows),
        proctors=sum(sum(row["proctors"]) for row in rows),
        cells=tuple(
            (number[row["exam_session"]], ", ".join(sorted(code[room] for room in row["rooms"])))
            for row in rows
        ),
    )


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
