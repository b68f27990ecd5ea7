"""Small drawings of rooms: the same geometry as their consoles."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from centres.models import Seat
from proctoring.models import Attendance, Incident
from proctoring.queries.boards import LETTERS
from scheduling.models import Booking, BookingState, RoomSession

WIDTH, HEIGHT, GAP, AISLE = 20, 9, 2, 8


@dataclass(frozen=True)
class Square:
    """One chair of a small drawing; `booking` is 0 for an empty chair."""

    x: int
    y: int
    letter: str
    booking: int


@dataclass(frozen=True)
class Mini:
    width: int
    height: int
    squares: list[Square]


def minis_of(rooms: Collection[int]) -> dict[int, Mini]:
    """The drawing of each of these room sessions, in four questions to the database."""
    places = dict(RoomSession.objects.filter(pk__in=rooms).values_list("pk", "room_id"))
    chairs: dict[int, list[Seat]] = {}
    for seat in Seat.objects.filter(room__in=set(places.values())).order_by("y", "x"):
        chairs.setdefault(seat.room_id, []).append(seat)
    letters = _letters(rooms)
    return {pk: _mini(chairs.get(room, []), letters.get(pk, {})) for pk, room in places.items()}


def _letters(rooms: Collection[int]) -> dict[int, dict[str, tuple[int, str]]]:
    """Booking and letter by room session and seat label."""
    found: dict[int, dict[str, tuple[int, str]]] = {room: {} for room in rooms}
    booked = Booking.objects.filter(room_session__in=rooms, state=BookingState.CONFIRMED)
    for room, label, pk in booked.values_list("room_session_id", "seat__label", "pk"):
        found[room][label] = (pk, "e")
    flagged = set(
        Incident.objects.filter(room_session__in=rooms, is_open=True).values_list(
            "booking_id", flat=True
        )
    )
    rows = Attendance.objects.filter(room_session__in=rooms)
    for room, label, pk, state in rows.values_list("room_session_id", "seat", "pk", "state"):
        found[room][label] = (pk, "f" if pk in flagged else LETTERS[state])
    return found


def _mini(seats: list[Seat], people: dict[str, tuple[int, str]]) -> Mini:
    """The drawing of one room: an empty column is an aisle, drawn narrow as on the console."""
    left, width = _columns(sorted({seat.x for seat in seats}))
    height = (max((seat.y for seat in seats), default=0) + 1) * (HEIGHT + GAP)
    squares = []
    for seat in seats:
        booking, letter = people.get(seat.label, (0, "b"))
        squares.append(Square(left[seat.x], seat.y * (HEIGHT + GAP) + 1, letter, booking))
    return Mini(width, height, squares)


def _columns(used: list[int]) -> tuple[dict[int, int], int]:
    """Where each used column begins, and the whole width."""
    left: dict[int, int] = {}
    at = 1
    for before, column in pairwise([used[0], *used] if used else []):
        at += AISLE if column - before > 1 else 0
        left[column] = at
        at += WIDTH + GAP
    return left, at
