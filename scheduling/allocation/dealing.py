"""Rooms for people who ask for something: groups into one room, strangers into different ones.

The rooms are dealt already; people change places one for another, or for a free chair, and a room
always holds who is in it.
"""

import numpy as np

from .problem import Flags, Ints
from .requests import Requests


class Rooms:
    """How many people of each class sit in each room while requests are brought together."""

    def __init__(
        self, kinds: Ints, serving: Flags, touching: Flags, room_of: Ints, access: Ints
    ) -> None:
        """The rooms, and where people of which class have been dealt.

        `kinds` (R, C) chairs of each kind, `serving` (A, C) true where a kind serves a class,
        `touching` (R, A, A) true where chairs of two classes touch in a room.
        """
        self.kinds, self.serving, self.touching = kinds, serving, touching
        self.room_of, self.access = room_of, access
        self.people = np.zeros((len(kinds), len(serving)), np.int64)
        np.add.at(self.people, (room_of, access), 1)

    def hold(self, room: int) -> bool:
        """Whether the chairs of a room serve its people: Hall's condition over the classes."""
        present = np.flatnonzero(self.people[room]).tolist()
        for chosen in range(1, 1 << len(present)):
            members = [access for at, access in enumerate(present) if chosen >> at & 1]
            chairs = self.kinds[room, self.serving[members].any(0)].sum()
            if self.people[room, members].sum() > chairs:
                return False
        return True

    def move(self, row: int, room: int) -> None:
        """Put one person into another room."""
        self.people[self.room_of[row], self.access[row]] -= 1
        self.people[room, self.access[row]] += 1
        self.room_of[row] = room


def bring_together(
    rooms: Rooms, institution: Ints, requests: Requests, place_of: dict[int, int]
) -> None:
    """Move groups into one room and strangers into different ones, by exchange, in place.

    `place_of` is the room of whoever has a fixed chair. Those come first, then those whom the
    fewest chairs serve, then the largest groups; whoever makes room is named in no request, and of
    the same institution where somebody is.
    """
    named = np.zeros(len(institution), bool)
    named[requests.rows()] = True
    strangers, beside, placed = requests.strangers(), requests.neighbours(), set[int]()
    chairs_for = rooms.serving.astype(np.int64) @ rooms.kinds.sum(0)
    order = sorted(
        requests.groups(),
        key=lambda group: (
            place_of.keys().isdisjoint(group),
            chairs_for[rooms.access[group]].min(),
        ),
    )
    for group in order:
        kept_from = {other for row in group for other in strangers.get(row, ())} & placed
        shunned = rooms.room_of[sorted(kept_from)].tolist()
        touch = _can_touch(rooms, group, beside)
        for room in _rooms_to_try(rooms, group, shunned, place_of, touch):
            if _gather(rooms, group, room, institution, named):
                break
        placed.update(group)


def _rooms_to_try(
    rooms: Rooms,
    group: list[int],
    shunned: list[int],
    place_of: dict[int, int],
    touch: list[int],
) -> list[int]:
    """Where the group can touch, then without a stranger, then where most of it is already."""
    wanted = {place_of[row] for row in group if row in place_of}
    here = rooms.room_of[group].tolist()
    return sorted(
        wanted or range(len(rooms.kinds)),
        key=lambda room: (-touch[room], shunned.count(room), -here.count(room), room),
    )


def _can_touch(rooms: Rooms, group: list[int], beside: dict[int, set[int]]) -> list[int]:
    """For every room, how many of the pairs of a group have chairs of their classes that touch."""
    pairs = [(rooms.access[a], rooms.access[b]) for a in group for b in beside.get(a, ())]
    found: list[int] = sum(
        (rooms.touching[:, a, b].astype(np.int64) for a, b in pairs),
        start=np.zeros(len(rooms.kinds), np.int64),
    ).tolist()
    return found


def _gather(rooms: Rooms, group: list[int], room: int, institution: Ints, named: Flags) -> bool:
    """Bring a whole group into a room, each for somebody else or to a free chair, or nobody."""
    done: list[tuple[int, int]] = []
    for row in group:
        came_from = int(rooms.room_of[row])
        if came_from == room:
            continue
        rooms.move(row, room)
        done.append((row, came_from))
        if rooms.hold(room):
            continue
        other = _who_leaves(rooms, row, room, came_from, institution, named)
        if other is None:
            for moved, back in reversed(done):
                rooms.move(moved, back)
            return False
        done.append((other, room))
    return True


def _who_leaves(
    rooms: Rooms, row: int, room: int, to: int, institution: Ints, named: Flags
) -> int | None:
    """Somebody of the room who goes where the newcomer came from, both rooms then holding."""
    free = np.flatnonzero((rooms.room_of == room) & ~named)
    alike = np.lexsort(
        (free, rooms.access[free] != rooms.access[row], institution[free] != institution[row])
    )
    tried: set[int] = set()
    order: list[int] = free[alike].tolist()
    for other in order:
        access = int(rooms.access[other])
        if access in tried:
            continue
        rooms.move(other, to)
        if rooms.hold(room) and rooms.hold(to):
            return other
        rooms.move(other, room)
        tried.add(access)
    return None
