"""Centres, buildings, rooms and chairs from a file: all of it, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase
from typing import TypeVar

from django.db import models, transaction

from centres.common.audit import record
from centres.common.provinces import BY_CODE
from centres.models import Building, Centre, Room, Seat, User

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class ChairAt:
    """One chair on its square."""

    x: int
    y: int
    kind: str
    is_usable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """One room with its building and centre, checked."""

    centre_code: str
    centre_th: str
    centre_en: str
    province: str
    latitude: float
    longitude: float
    building_code: str
    building_th: str
    building_en: str
    lift: bool
    room: str
    floor: int
    step_free: bool
    separate: bool
    interpreter: bool
    door: str
    in_use: bool
    chairs: tuple[ChairAt, ...]


@dataclass
class PlacesWritten:
    """How many rows of each kind are new or changed."""

    centres: int = 0
    buildings: int = 0
    rooms: int = 0
    chairs: int = 0


@transaction.atomic
def write_places(
    *, rows: Sequence[PlaceRow], by: User | None, at: datetime, digest: str = ""
) -> PlacesWritten:
    """Make or change what the rows name, by their codes. What no row names stays as it is.

    No chair is ever removed, because somebody may have sat on it: one that is no longer drawn
    cannot be used any more.
    """
    written = PlacesWritten()
    for row in rows:
        centre, changed = _upsert(
            Centre, {"code": row.centre_code},
            {"name_th": row.centre_th, "name_en": row.centre_en, "province": row.province,
             "region": BY_CODE[row.province].region, "latitude": row.latitude,
             "longitude": row.longitude},
        )  # fmt: skip
        written.centres += changed
        building, changed = _upsert(
            Building, {"centre": centre, "code": row.building_code},
            {"name_th": row.building_th, "name_en": row.building_en, "has_lift": row.lift},
        )  # fmt: skip
        written.buildings += changed
        room, changed = _upsert(
            Room, {"building": building, "code": row.room},
            {"floor": row.floor, "step_free": row.step_free, "is_separate": row.separate,
             "has_interpreter": row.interpreter, "door": row.door, "is_open": row.in_use},
        )  # fmt: skip
        written.rooms += changed
        written.chairs += _set_chairs(room, row.chairs)
    record(
        "places.write", target="places", by=by, at=at, rows=len(rows), digest=digest,
        centres=written.centres, buildings=written.buildings, rooms=written.rooms,
        chairs=written.chairs,
    )  # fmt: skip
    return written


def _upsert(model: type[M], key: dict[str, object], values: dict[str, object]) -> tuple[M, bool]:
    found = model._default_manager.filter(**key).first()
    if found is None:
        return model._default_manager.create(**key, **values), True
    changed = [name for name, value in values.items() if getattr(found, name) != value]
    for name in changed:
        setattr(found, name, values[name])
    if changed:
        found.save(update_fields=changed)
    return found, bool(changed)


def _set_chairs(room: Room, wanted: Sequence[ChairAt]) -> int:
    """Bring the chairs of a room to what is drawn; how many are new or changed."""
    there = {(seat.x, seat.y): seat for seat in room.seats.all()}
    labels = {seat.label for seat in there.values()}
    drawn = {(chair.x, chair.y) for chair in wanted}
    changed = []
    new = []
    for chair in wanted:
        seat = there.get((chair.x, chair.y))
        if seat is None:
            label = _free_label(chair, labels)
            new.append(
                Seat(room=room, label=label, x=chair.x, y=chair.y, kind=chair.kind,
                     is_usable=chair.is_usable)
            )  # fmt: skip
        elif (seat.kind, seat.is_usable) != (chair.kind, chair.is_usable):
            seat.kind, seat.is_usable = chair.kind, chair.is_usable
            changed.append(seat)
    for square, seat in there.items():
        if square not in drawn and seat.is_usable:
            seat.is_usable = False
            changed.append(seat)
    Seat.objects.bulk_create(new)
    Seat.objects.bulk_update(changed, ["kind", "is_usable"])
    return len(new) + len(changed)


def _free_label(chair: ChairAt, taken: set[str]) -> str:
    """Row letter and number, counted from the left, as nobody else's chair in the room has it."""
    letters, row = "", chair.y
    while row >= 0:
        letters, row = ascii_uppercase[row % 26] + letters, row // 26 - 1
    number = 1
    while f"{letters}{number}" in taken:
        number += 1
    taken.add(f"{letters}{number}")
    return f"{letters}{number}"
