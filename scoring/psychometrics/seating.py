"""Where the two of a pair sat, and what was noted in their room: context, not proof.

Answers alike across a country are met by chance; alike at the next seat they are met by looking.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats


@dataclass(frozen=True)
class Seat:
    """A place in a room: ``row`` and ``column`` count from anywhere, one seat apart."""

    room: Any
    row: int
    column: int


@dataclass(frozen=True)
class Placement:
    """A pair of rows with their seats.

    ``distance``: seats apart in the longer direction, 1 for neighbours, None across rooms.
    ``incidents``: what was noted in the room they shared.
    """

    rows: tuple[int, int]
    same_room: bool
    distance: int | None
    incidents: tuple[str, ...]


@dataclass(frozen=True)
class Nearness:
    """Do the pairs found sit closer than chance?

    Of ``together`` pairs in one room ``near`` sat side by side. ``share``: of all pairs in one
    room. ``p``: chance of so many or more.
    """

    together: int
    near: int
    share: float
    p: float


def place_pairs(
    pairs: Iterable[tuple[int, int]],
    seats: Sequence[Seat | None],
    incidents: Mapping[Any, Sequence[str]] | None = None,
) -> tuple[Placement, ...]:
    """``pairs``: rows of the matrix. ``seats``: of every row, None where not known."""
    noted = incidents or {}
    return tuple(_placed(pair, seats, noted) for pair in pairs)


def _placed(
    pair: tuple[int, int], seats: Sequence[Seat | None], noted: Mapping[Any, Sequence[str]]
) -> Placement:
    one, other = (seats[row] for row in pair)
    if one is None or other is None or one.room != other.room:
        return Placement(pair, False, None, ())
    return Placement(pair, True, _apart(one, other), tuple(noted.get(one.room, ())))


def _apart(one: Seat, other: Seat) -> int:
    return max(abs(one.row - other.row), abs(one.column - other.column))


def nearness(placements: Sequence[Placement], seats: Sequence[Seat | None]) -> Nearness:
    """Compare neighbours among the pairs found with neighbours among all pairs of a room."""
    rooms: dict[Any, list[Seat]] = {}
    for seat in seats:
        if seat is not None:
            rooms.setdefault(seat.room, []).append(seat)
    every = sum(len(taken) * (len(taken) - 1) // 2 for taken in rooms.values())
    beside = sum(_neighbours(taken) for taken in rooms.values())
    together = [placed for placed in placements if placed.same_room]
    near = sum(placed.distance == 1 for placed in together)
    p = float(stats.hypergeom.sf(near - 1, every, beside, len(together))) if together else 1.0
    return Nearness(len(together), near, beside / every if every else 0.0, p)


def _neighbours(taken: Sequence[Seat]) -> int:
    """Pairs of seats that touch, each counted once."""
    counts: dict[tuple[int, int], int] = {}
    for seat in taken:
        counts[seat.row, seat.column] = counts.get((seat.row, seat.column), 0) + 1
    ahead = ((0, 1), (1, -1), (1, 0), (1, 1))
    return sum(
        number * counts.get((row + down, column + across), 0)
        for (row, column), number in counts.items()
        for down, across in ahead
    )
