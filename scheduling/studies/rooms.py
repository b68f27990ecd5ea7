"""One room as it is seated: who sits where, which neighbours are alike, and how few could be."""

from dataclasses import dataclass

import numpy as np

from centres.models import Seat, SeatKind
from scheduling.allocation.form_pairs import fewest_alike, pairs_by_direction
from scheduling.allocation.seating import NO_INSTITUTION, Chairs, SeatingHall, neighbour_pairs
from scheduling.models import Booking, RoomSession
from scheduling.queries.cards import seated_in


@dataclass(frozen=True)
class Desk:
    """One chair of the room; `booking` is who sits there. Grid squares count from 0."""

    seat: Seat
    booking: Booking | None
    column: int
    row: int
    alike: int

    @property
    def form(self) -> str:
        return self.booking.exam_form.code if self.booking and self.booking.exam_form else ""

    @property
    def is_special(self) -> bool:
        return self.seat.kind != SeatKind.STANDARD


@dataclass(frozen=True)
class Direction:
    """Neighbours in one direction, and those of them who hold the same exam form."""

    name: str
    pairs: int
    alike: int


@dataclass(frozen=True)
class SeatedRoom:
    """A room session drawn as its room.

    columns, rows  of the grid; aisles are the columns with no chair between others
    links          pairs of desks whose people studied at one institution and touch
    pairs, bound   how many such pairs there are; no seating of these people has fewer than bound
    forms          how many exam forms there are; form_pairs neighbours share one, of which
                   form_bound cannot be avoided
    """

    room_session: RoomSession
    desks: tuple[Desk, ...]
    columns: int
    rows: int
    aisles: tuple[int, ...]
    links: tuple[tuple[Desk, Desk], ...]
    pairs: int
    bound: int
    forms: int
    directions: tuple[Direction, ...]
    form_bound: int

    @property
    def people(self) -> int:
        return sum(desk.booking is not None for desk in self.desks)

    @property
    def form_pairs(self) -> int:
        return sum(direction.alike for direction in self.directions)

    @property
    def protected(self) -> list[str]:
        """Directions in which every neighbour holds another exam form."""
        return [found.name for found in self.directions if found.pairs and not found.alike]


def seated_room(room_session: RoomSession) -> SeatedRoom:
    """The room of a room session with everybody who has a confirmed seat in it."""
    people = seated_in(room_session).select_related("registration__institution", "exam_form")
    by_seat = {booking.seat_id: booking for booking in people}
    seats = list(room_session.room.seats.filter(is_usable=True).order_by("y", "x"))
    left, front = (min((getattr(s, axis) for s in seats), default=0) for axis in ("x", "y"))
    links = _alike(seats, by_seat)
    alike = np.bincount(np.array(links, np.int64).ravel(), minlength=len(seats)).tolist()
    desks = tuple(
        Desk(seat, by_seat.get(seat.pk), seat.x - left, seat.y - front, alike[place])
        for place, seat in enumerate(seats)
    )
    taken = [desk for desk in desks if desk.booking]
    columns = max((desk.column for desk in desks), default=0) + 1
    forms = room_session.exam_session.paper.exam_forms.count()
    x, y = (
        np.array([getattr(desk, axis) for desk in taken], np.int64) for axis in ("column", "row")
    )
    return SeatedRoom(
        room_session=room_session,
        desks=desks,
        columns=columns,
        rows=max((desk.row for desk in desks), default=0) + 1,
        aisles=tuple(sorted(set(range(columns)) - {desk.column for desk in desks})),
        links=tuple((desks[a], desks[b]) for a, b in links),
        pairs=len(links),
        bound=_bound(seats, by_seat),
        forms=forms,
        directions=tuple(
            Direction(name, *counts)
            for name, counts in pairs_by_direction(x, y, _labels(taken)).items()
        ),
        form_bound=fewest_alike(x, y, max(1, forms)),
    )


def _labels(taken: list[Desk]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    forms = sorted({desk.form for desk in taken})
    return np.array([forms.index(desk.form) for desk in taken], np.int64)


def _chairs(seats: list[Seat]) -> Chairs:
    return Chairs(
        seat_ids=np.array([seat.pk for seat in seats], np.int64),
        room_ids=np.zeros(len(seats), np.int64),
        x=np.array([seat.x for seat in seats], np.int64),
        y=np.array([seat.y for seat in seats], np.int64),
        serves=np.ones((1, len(seats)), bool),
    )


def _institutions(seats: list[Seat], by_seat: dict[int, Booking]) -> list[int]:
    """The institution on each chair, NO_INSTITUTION where nobody sits or none is known."""
    found = []
    for seat in seats:
        booking = by_seat.get(seat.pk)
        own = booking.registration.institution_id if booking else None
        found.append(NO_INSTITUTION if own is None else own)
    return found


def _alike(seats: list[Seat], by_seat: dict[int, Booking]) -> list[tuple[int, int]]:
    """Places of neighbours who studied at one institution."""
    label = _institutions(seats, by_seat)
    pairs = neighbour_pairs(_chairs(seats)).tolist()
    return [(a, b) for a, b in pairs if label[a] == label[b] != NO_INSTITUTION]


def _bound(seats: list[Seat], by_seat: dict[int, Booking]) -> int:
    if not seats:
        return 0
    label = np.array(_institutions(seats, by_seat), np.int64)
    (room,) = SeatingHall(_chairs(seats)).rooms
    return room.fewest_pairs(label)
