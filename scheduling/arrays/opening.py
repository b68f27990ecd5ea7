"""The fewest buildings and rooms that serve a plan, as chairs to seat its people on."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from centres.models import Room
from scheduling.allocation.assign import Progress
from scheduling.allocation.problem import Ints
from scheduling.allocation.rooms import OpenRooms, RoomStock, open_rooms
from scheduling.allocation.seating import Chairs
from scheduling.arrays.sitting import SittingArrays


@dataclass(frozen=True)
class Opened:
    """What one column opens, beside what it has; keys of rooms are primary keys.

    bound  the proved least of `buildings * (all rooms + 1) + rooms`
    """

    centre: int
    exam_session: int
    rooms: tuple[int, ...]
    people: tuple[int, ...]
    proctors: tuple[int, ...]
    buildings: int
    all_rooms: int
    all_buildings: int
    bound: int

    @property
    def is_proved(self) -> bool:
        return self.buildings * (self.all_rooms + 1) + len(self.rooms) == self.bound

    def kept(self) -> dict[str, Any]:
        """As kept with a run."""
        return asdict(self)


def open_fewest(
    arrays: SittingArrays, column: Ints, ratio: int, progress: Progress
) -> tuple[SittingArrays, list[Opened]]:
    """The arrays with only the chairs of the rooms to open, and what is opened in each column.

    `column` (n,) is a plan; `ratio` the most people one proctor watches. Whoever has a chair of his
    own has its room opened.
    """
    building_of = dict(Room.objects.values_list("pk", "building_id"))
    chairs, opened = list(arrays.chairs), []
    solved: dict[tuple[int, tuple[int, ...], tuple[int, ...]], OpenRooms] = {}
    for place, hall in enumerate(arrays.chairs):
        rows = np.flatnonzero(column == place)
        progress(place + 1, len(arrays.chairs))
        if not len(rows):
            continue
        demand = np.bincount(arrays.problem.access[rows], minlength=len(hall.serves))
        rooms, room_at = np.unique(hall.room_ids, return_inverse=True)
        buildings = np.array([building_of[room] for room in rooms.tolist()])
        key = (id(hall), tuple(demand.tolist()), ())
        if key not in solved:
            solved[key] = open_rooms(_stock(hall, room_at.ravel(), buildings), demand, ratio)
        found = solved[key]
        wanted = found.opened | _with_own_chairs(arrays, rows, hall, rooms)
        chairs[place] = _only(hall, rooms[wanted])
        opened.append(_opened(arrays, place, found, wanted, rooms, buildings))
    return replace(arrays, chairs=tuple(chairs)), opened


def opened_arrays(arrays: SittingArrays, kept: list[dict[str, Any]]) -> SittingArrays:
    """The arrays with only the chairs of the rooms that a run opened."""
    at = {label: place for place, label in enumerate(arrays.labels)}
    chairs = list(arrays.chairs)
    for row in kept:
        place = at[row["centre"], row["exam_session"]]
        chairs[place] = _only(chairs[place], np.array(row["rooms"], np.int64))
    return replace(arrays, chairs=tuple(chairs))


def _stock(hall: Chairs, room_at: Ints, buildings: Ints) -> RoomStock:
    """Rooms with their chairs counted by the set of classes each serves."""
    kinds, kind_at = np.unique(hall.serves, axis=1, return_inverse=True)
    chairs = np.zeros((len(buildings), kinds.shape[1]), np.int64)
    np.add.at(chairs, (room_at, kind_at.ravel()), 1)
    return RoomStock(building=buildings, chairs=chairs, serves=kinds)


def _with_own_chairs(
    arrays: SittingArrays, rows: Ints, hall: Chairs, rooms: Ints
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    inside = set(rows.tolist())
    seats = [seat for row, seat in arrays.requests.fixed.tolist() if row in inside]
    return np.isin(rooms, hall.room_ids[np.isin(hall.seat_ids, seats)])


def _only(hall: Chairs, rooms: Ints) -> Chairs:
    left = np.isin(hall.room_ids, rooms)
    return Chairs(
        seat_ids=hall.seat_ids[left],
        room_ids=hall.room_ids[left],
        x=hall.x[left],
        y=hall.y[left],
        serves=hall.serves[:, left],
    )


def _opened(
    arrays: SittingArrays, place: int, found: OpenRooms, wanted: Any, rooms: Ints, buildings: Ints
) -> Opened:
    centre, session = arrays.labels[place]
    people = found.people.sum(1)
    return Opened(
        centre=centre,
        exam_session=session,
        rooms=tuple(rooms[wanted].tolist()),
        people=tuple(people[wanted].tolist()),
        proctors=tuple(found.proctors[wanted].tolist()),
        buildings=len(np.unique(buildings[wanted])),
        all_rooms=len(rooms),
        all_buildings=len(np.unique(buildings)),
        bound=found.bound,
    )
